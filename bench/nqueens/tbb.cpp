// Fair: one task_group on the stack for each board, TBB's form for fork and join; the calling thread is one of the workers.
#include "workload.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

static unsigned long nqueens(board board, unsigned n, unsigned row)
{
    if (row == n)
        return 1;
    unsigned char columns[MAX_QUEENS];
    unsigned count = legal_columns(&board, n, row, columns);
    if (count == 0)
        return 0;
    unsigned long found[MAX_QUEENS], sum = 0;
    tbb::task_group group;
    for (unsigned i = 0; i < count - 1; i++)
        group.run([=, &found, next = with_queen(board, row, columns[i])] { found[i] = nqueens(next, n, row + 1); });
    found[count - 1] = nqueens(with_queen(board, row, columns[count - 1]), n, row + 1);
    group.wait();
    for (unsigned i = 0; i < count; i++)
        sum += found[i];
    return sum;
}

static unsigned long nqueens_in(void *arena, unsigned n)
{
    return static_cast<tbb::task_arena *>(arena)->execute([n] { return nqueens(board(), n, 0); });
}

int main(int argc, char **argv)
{
    arguments arguments = parse(argc, argv, 14);
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, arguments.workers);
    tbb::task_arena arena(int(arguments.workers));
    measure_nqueens(nqueens_in, &arena, arguments.size);
}
