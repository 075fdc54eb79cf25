/* What every task goes through has all it calls in line: where tasks wait for tasks calls nest, and a processor foresees only so
 * many returns. What is rarely gone through stands apart from that. */
#ifndef BASE_INLINE_H
#define BASE_INLINE_H

#define FLAT __attribute__((flatten))
#define APART __attribute__((noinline))

#endif
