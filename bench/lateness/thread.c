/* A thread with the timer slack that threads have by default. */
#include "thread.h"

int main(int argc, char **argv)
{
    measure(parse(argc, argv, 10000), 0);
    return 0;
}
