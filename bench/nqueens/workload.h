/* The number of ways to place n queens on a board of n rows, row by row: a task for each legal queen of the next row. */
#ifndef BENCH_NQUEENS_WORKLOAD_H
#define BENCH_NQUEENS_WORKLOAD_H

#include "../measure.h"

enum { MAX_QUEENS = 16 };

/* The column of the queen in each row. */
struct board {
    unsigned char queens[MAX_QUEENS];
};

typedef unsigned long nqueens_fn(void *pool, unsigned n);

static inline bool is_legal(const struct board *board, unsigned row, unsigned column)
{
    for (unsigned above = 0; above < row; above++) {
        unsigned other = board->queens[above];
        if (other == column || other + row - above == column || other == column + row - above)
            return false;
    }
    return true;
}

/* Writes the legal columns of the row, and returns how many they are. */
static inline unsigned legal_columns(const struct board *board, unsigned n, unsigned row, unsigned char *columns)
{
    unsigned count = 0;
    for (unsigned column = 0; column < n; column++)
        if (is_legal(board, row, column))
            columns[count++] = (unsigned char)column;
    return count;
}

static inline struct board with_queen(struct board board, unsigned row, unsigned char column)
{
    board.queens[row] = column;
    return board;
}

/* All legal queens of a row but the last are tasks. */
static inline unsigned long nqueens_spawns(struct board board, unsigned row, unsigned n)
{
    unsigned char columns[MAX_QUEENS];
    unsigned count = row < n ? legal_columns(&board, n, row, columns) : 0;
    unsigned long spawns = count ? count - 1 : 0;
    for (unsigned i = 0; i < count; i++)
        spawns += nqueens_spawns(with_queen(board, row, columns[i]), row + 1, n);
    return spawns;
}

static inline double time_nqueens(nqueens_fn *nqueens, void *pool, unsigned n)
{
    static const unsigned long solutions[] = {1,   1,   0,    0,     2,     10,     4,       40,      92,
                                              352, 724, 2680, 14200, 73712, 365596, 2279184, 14772512};
    int64_t start = clock_ns();
    unsigned long found = nqueens(pool, n);
    double seconds = seconds_since(start);
    expect(found == solutions[n], "number of solutions");
    return seconds;
}

static inline void measure_nqueens(nqueens_fn *nqueens, void *pool, size_t n)
{
    expect(n <= MAX_QUEENS, "size, which is at most 16");
    time_nqueens(nqueens, pool, n > 2 ? (unsigned)n - 2 : 1);
    double seconds = time_nqueens(nqueens, pool, (unsigned)n);
    struct board empty = {{0}};
    print("ms", seconds * 1e3);
    print("ns_per_spawn", seconds * 1e9 / (double)nqueens_spawns(empty, 0, (unsigned)n));
}

#endif
