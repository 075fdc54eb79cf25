/* A thread switches at random among some hundred contexts, ends some and makes others in their place. Each holds values in
 * registers, a rounding mode and an errno. Hunted: a value, a mode or an errno that comes back as another's. */
#include "base/context.h"
#include "base/stack.h"
#include "support/check.h"

#include <errno.h>
#include <fenv.h>
#include <stdlib.h>

enum { PLACES = 300, STACK_SIZE = 64 << 10 };

struct place {
    struct context context;
    void *stack;
    uint64_t kept[6];
    double kept_real[4];
    int error, mode;
};

static struct place places[PLACES];
static struct context root;
static struct stacks stacks;
static uint64_t seed;
static unsigned long left;
static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

static struct context *any(void)
{
    return &places[test_random(&seed) % PLACES].context;
}

/* Home every so often, since only there contexts are replaced. */
static struct context *next(const struct place *self)
{
    struct context *other = any();
    return left == 0 || other == &self->context || test_random(&seed) % 8 == 0 ? &root : other;
}

static void leave(struct place *self, unsigned depth)
{
    volatile uint64_t mark = test_random(&seed);
    uint64_t copy = mark;
    if (depth > 0)
        leave(self, depth - 1);
    else
        context_switch(&self->context, next(self));
    CHECK(mark == copy);
}

static void wander(void *arg)
{
    struct place *self = arg;
    uint64_t a = test_random(&seed), b = a * 3, c = b * 5, d = c * 7, e = d * 9, f = e * 11;
    double g = (double)(a % 1000), h = g + 1, i = h * 2, j = i + 3;
    CHECK_EQUAL(errno, 0);
    CHECK_EQUAL(fegetround(), FE_TONEAREST);
    fesetround(self->mode);
    for (;;) {
        self->kept[0] = a, self->kept[1] = b, self->kept[2] = c;
        self->kept[3] = d, self->kept[4] = e, self->kept[5] = f;
        self->kept_real[0] = g, self->kept_real[1] = h, self->kept_real[2] = i, self->kept_real[3] = j;
        errno = self->error;
        left -= left > 0;
        leave(self, (unsigned)(test_random(&seed) % 4));
        CHECK(self->kept[0] == a && self->kept[1] == b && self->kept[2] == c);
        CHECK(self->kept[3] == d && self->kept[4] == e && self->kept[5] == f);
        CHECK(self->kept_real[0] == g && self->kept_real[1] == h);
        CHECK(self->kept_real[2] == i && self->kept_real[3] == j);
        CHECK_EQUAL(errno, self->error);
        CHECK_EQUAL(fegetround(), self->mode);
        a += f, b ^= a, c += b, d ^= c, e += d, f ^= e;
        g = g / 2 + (double)(a % 64), h = h / 2 + g, i = i / 2 + h, j = j / 2 + i;
    }
}

static void open_place(struct place *place)
{
    place->stack = stacks_take(&stacks);
    if (!place->stack)
        abort();
    place->error = (int)(place - places) + 1;
    place->mode = modes[test_random(&seed) % 4];
    context_make(&place->context, place->stack, stacks.usable, wander, place);
}

static void close_place(struct place *place)
{
    context_end(&place->context);
    stacks_give(&stacks, place->stack);
}

static void replace_some(void)
{
    struct place *these[16];
    unsigned n = (unsigned)(test_random(&seed) % 16), first = (unsigned)(test_random(&seed) % PLACES);
    for (unsigned i = 0; i < n; i++) {
        these[i] = &places[(first + i) % PLACES];
        close_place(these[i]);
    }
    for (unsigned i = 0; i < n; i++)
        open_place(these[i]);
}

int main(int argc, char **argv)
{
    if (!CONTEXT_IS_AVAILABLE)
        return EXIT_SUCCESS;
    seed = test_seed(argc, argv);
    left = test_scale(2000000);
    stacks_init(&stacks, STACK_SIZE);
    context_make_root(&root);
    for (int i = 0; i < PLACES; i++)
        open_place(&places[i]);
    while (left > 0) {
        context_switch(&root, any());
        CHECK_EQUAL(fegetround(), FE_TONEAREST);
        if (test_random(&seed) % 512 == 0)
            replace_some();
    }
    for (int i = 0; i < PLACES; i++)
        close_place(&places[i]);
    context_end(&root);
    stacks_end(&stacks);
    return check_failures() ? EXIT_FAILURE : EXIT_SUCCESS;
}
