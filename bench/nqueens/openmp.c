/* Fair: tasks and a taskwait, made by one thread of the team that all threads run. */
#include "workload.h"

#include <omp.h>

static unsigned long nqueens(struct board board, unsigned n, unsigned row)
{
    if (row == n)
        return 1;
    unsigned char columns[MAX_QUEENS];
    unsigned count = legal_columns(&board, n, row, columns);
    if (count == 0)
        return 0;
    unsigned long found[MAX_QUEENS], sum = 0;
    for (unsigned i = 0; i < count - 1; i++) {
        struct board next = with_queen(board, row, columns[i]);
#pragma omp task shared(found)
        found[i] = nqueens(next, n, row + 1);
    }
    found[count - 1] = nqueens(with_queen(board, row, columns[count - 1]), n, row + 1);
#pragma omp taskwait
    for (unsigned i = 0; i < count; i++)
        sum += found[i];
    return sum;
}

static unsigned long nqueens_in_team(void *unused, unsigned n)
{
    (void)unused;
    unsigned long found = 0;
#pragma omp parallel
#pragma omp single
    found = nqueens((struct board){{0}}, n, 0);
    return found;
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 14);
    omp_set_num_threads((int)arguments.workers);
    measure_nqueens(nqueens_in_team, NULL, arguments.size);
    return 0;
}
