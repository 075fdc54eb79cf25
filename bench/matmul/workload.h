/* c += a b of square matrices by quarters: four products, one for each quarter of c, then the other four. */
#ifndef BENCH_MATMUL_WORKLOAD_H
#define BENCH_MATMUL_WORKLOAD_H

#include "../measure.h"

#include <string.h>

enum { LEAF = 32, PHASES = 2, QUARTERS = 4 };

/* Of n rows and columns within matrices whose rows are `stride` apart. */
struct product {
    const int *a, *b;
    int *c;
    size_t n, stride;
};

typedef void matmul_fn(void *pool, struct product product);

/* The products of one phase write to different quarters. */
static inline struct product quarter(struct product whole, size_t phase, size_t index)
{
    size_t half = whole.n / 2, row = index / 2 * half, column = index % 2 * half, inner = phase * half;
    struct product part = {whole.a + row * whole.stride + inner, whole.b + inner * whole.stride + column,
                           whole.c + row * whole.stride + column, half, whole.stride};
    return part;
}

/* Every leaf has LEAF rows and columns: that is a constant so that gcc makes vector code of it at -O2, as clang does. */
static inline void multiply_row(const int *__restrict a, const int *__restrict b, int *__restrict c, size_t stride)
{
    for (size_t k = 0; k < LEAF; k++)
        for (size_t j = 0; j < LEAF; j++)
            c[j] += a[k] * b[k * stride + j];
}

static inline void multiply_leaf(struct product leaf)
{
    for (size_t i = 0; i < LEAF; i++)
        multiply_row(leaf.a + i * leaf.stride, leaf.b, leaf.c + i * leaf.stride, leaf.stride);
}

static inline void fill(int *matrix, size_t count, unsigned seed)
{
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525 + 1013904223;
        matrix[i] = (int)(seed >> 28);
    }
}

static inline void check_some(struct product whole)
{
    enum { CHECKED = 64 };
    for (size_t i = 0; i < CHECKED; i++) {
        size_t row = i * 37 % whole.n, column = i * 101 % whole.n;
        int sum = 0;
        for (size_t k = 0; k < whole.n; k++)
            sum += whole.a[row * whole.stride + k] * whole.b[k * whole.stride + column];
        expect(whole.c[row * whole.stride + column] == sum, "product");
    }
}

static inline double time_matmul(matmul_fn *matmul, void *pool, struct product product)
{
    memset(product.c, 0, product.stride * product.stride * sizeof *product.c);
    int64_t start = clock_ns();
    matmul(pool, product);
    double seconds = seconds_since(start);
    check_some(product);
    return seconds;
}

/* Multiplying quarters, which is an eighth, goes before. */
static inline void measure_matmul(matmul_fn *matmul, void *pool, size_t n)
{
    expect(n > LEAF && (n & (n - 1)) == 0, "size, which is a power of two from 64 on");
    size_t count = n * n;
    int *a = (int *)malloc(3 * count * sizeof *a);
    expect(a != NULL, "memory");
    struct product product = {a, a + count, a + 2 * count, n, n};
    fill(a, 2 * count, 1);
    time_matmul(matmul, pool, quarter(product, 0, 0));
    print("ms", time_matmul(matmul, pool, product) * 1e3);
    free(a);
}

#endif
