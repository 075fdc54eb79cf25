/* bide_wait_n(): when each delay began only it knows, and so which ends are swapped. */
#include "bide_waits.h"

int main(int argc, char **argv)
{
    measure(parse(argc, argv, 10000), bide_wait_n);
    return 0;
}
