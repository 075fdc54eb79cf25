/* A task forks all boards that follow its own but the last, which it goes on with itself. */
#include "../bide.h"
#include "workload.h"

struct position {
    struct board board;
    unsigned char n, row;
};

static int solve(void *arg, bide_value *result)
{
    const struct position *position = arg;
    struct position next[MAX_QUEENS];
    bide_child children[MAX_QUEENS];
    bide_value value;
    unsigned char columns[MAX_QUEENS];
    unsigned count = 0;
    result->u64 = position->row == position->n;
    if (position->row < position->n)
        count = legal_columns(&position->board, position->n, position->row, columns);
    if (count == 0)
        return 0;
    for (unsigned i = 0; i < count; i++) {
        next[i] = *position;
        next[i].board.queens[next[i].row++] = columns[i];
    }
    for (unsigned i = 0; i < count - 1; i++)
        bide_fork(&children[i], solve, &next[i]);
    check(solve(&next[count - 1], result));
    for (unsigned i = count - 1; i-- > 0;) {
        check(bide_fork_join(&children[i], &value));
        result->u64 += value.u64;
    }
    return 0;
}

static unsigned long nqueens(void *pool, unsigned n)
{
    struct position empty = {.n = (unsigned char)n};
    return run_task(pool, solve, &empty);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argc, argv, 14);
    bide_pool *pool = make_pool(arguments.workers);
    measure_nqueens(nqueens, pool, arguments.size);
    return bide_pool_destroy(pool);
}
