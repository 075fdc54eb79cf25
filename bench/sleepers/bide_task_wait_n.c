/* bide_task_wait_n(): all delays begin with the call, so that the ends should stand in the order of the delays. */
#include "bide_waits.h"

int main(int argc, char **argv)
{
    print("end_inversions", (double)measure(parse(argc, argv, 10000), bide_task_wait_n));
    return 0;
}
