/* A thread with the least timer slack, as bide's workers have it. */
#include "thread.h"

int main(int argc, char **argv)
{
    measure(parse(argc, argv, 10000), 1);
    return 0;
}
