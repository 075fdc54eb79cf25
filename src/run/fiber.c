#include "run/fiber.h"

#include "base/clock.h"
#include "base/inline.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SPARES 64     /* at most, so that a burst leaves no more behind */
#define RED_ZONE 1024 /* bytes at the end of a stack that nobody uses who has not overrun it */
#define FIBER_ALIGNMENT 64

/* It lies at the upper end of its own stack, in the page that is used anyway. */
struct fiber {
    struct context context;
    struct link link; /* ready, spare, or in the inbox of its worker */
    struct fibers *home;
    struct strand *strand; /* of the task that is parked on it */
    struct fiber *caller;  /* to go back to */
    struct timer timer;
    char *stack;
};

static struct fiber *fiber_of(struct link *link)
{
    return LISTED_IN(struct fiber, link, link);
}

static void fiber_main(void *arg)
{
    struct fiber *self = arg;
    self->home->loop(self->home->arg);
}

static APART struct fiber *fiber_create(struct fibers *fibers)
{
    if (!heap_reserve(&fibers->timers, fibers->made + 1))
        return NULL;
    char *stack = stacks_take(&fibers->stacks);
    if (!stack)
        return NULL;
    size_t size = (fibers->stacks.usable - sizeof(struct fiber)) / FIBER_ALIGNMENT * FIBER_ALIGNMENT;
    struct fiber *fiber = (struct fiber *)(void *)(stack + size);
    *fiber = (struct fiber){.home = fibers, .stack = stack};
    context_make(&fiber->context, stack, size, fiber_main, fiber);
    fibers->made++;
    return fiber;
}

static APART void fiber_destroy(struct fiber *fiber)
{
    struct fibers *fibers = fiber->home;
    context_end(&fiber->context);
    stacks_give(&fibers->stacks, fiber->stack);
    fibers->made--;
}

static void put_spare(struct fiber *fiber)
{
    list_prepend(&fiber->home->spare, &fiber->link);
    fiber->home->spares++;
}

static struct fiber *take_spare(struct fibers *fibers)
{
    fibers->spares--;
    return fiber_of(list_take_first(&fibers->spare));
}

bool fibers_reserve(struct fibers *fibers, size_t count)
{
    while (fibers->spares < count) {
        struct fiber *fiber = fiber_create(fibers);
        if (!fiber)
            return false;
        put_spare(fiber);
    }
    return true;
}

bool fibers_begin(struct fibers *fibers, size_t stack_size, const struct thread_state *clean, struct stretch *stretch)
{
    *fibers = (struct fibers){.clean = clean, .stretch = stretch};
    stacks_init(&fibers->stacks, stack_size);
    context_make_root(&fibers->root);
    fibers->running = fiber_create(fibers);
    return fibers->running && fibers_reserve(fibers, 1);
}

void fibers_enter(struct fibers *fibers, void (*loop)(void *arg), void *arg)
{
    fibers->loop = loop;
    fibers->arg = arg;
    context_switch(&fibers->root, &fibers->running->context);
}

void fibers_leave(struct fibers *fibers)
{
    context_switch(&fibers->running->context, &fibers->root);
}

void fibers_end(struct fibers *fibers)
{
    if (fibers->running)
        fiber_destroy(fibers->running);
    while (fibers->spares)
        fiber_destroy(take_spare(fibers));
    heap_trim(&fibers->timers);
    stacks_end(&fibers->stacks);
    context_end(&fibers->root);
}

void fibers_forget(struct fibers *fibers)
{
    fibers->timers.length = 0;
    heap_trim(&fibers->timers);
    stacks_end(&fibers->stacks);
}

bide_time fibers_first_time(const struct fibers *fibers)
{
    return heap_first_time(&fibers->timers);
}

/* Those whose deadline has passed are late, and ready, unless something else has ended their park before. */
static APART void expire_some(struct fibers *fibers)
{
    bide_time now = clock_now();
    for (struct timer *timer; (timer = heap_take_until(&fibers->timers, now));) {
        struct fiber *fiber = LISTED_IN(struct fiber, timer, timer);
        if (strand_take_back(fiber->strand))
            list_append(&fibers->ready, &fiber->link);
    }
}

static void expire(struct fibers *fibers)
{
    if (fibers->timers.length)
        expire_some(fibers);
}

/* Those that wait for what is seen are ready. */
static APART void look_out(struct fibers *fibers)
{
    if (lookout_should_look(fibers->lookout))
        waiters_fire(lookout_take(fibers->lookout));
}

/* Nobody else ends a wait for time or a descriptor. */
static void end_waits(struct fibers *fibers)
{
    expire(fibers);
    if (fibers->lookout)
        look_out(fibers);
}

/* Every switch between fibers is here. */
static void switch_to(struct fibers *fibers, struct fiber *next)
{
    struct fiber *self = fibers->running;
    if (next == self)
        return;
    fibers->running = next;
    context_switch(&self->context, &next->context);
}

static bool is_round_of_queue(struct fibers *fibers)
{
    return fibers->to_queue || ++fibers->rounds % QUEUE_ROUND == 0;
}

/* The running fiber becomes a spare one. */
static void spare_running(struct fibers *fibers)
{
    if (fibers->spares >= SPARES)
        fiber_destroy(take_spare(fibers));
    put_spare(fibers->running);
}

static void leave_loop(struct fibers *fibers, struct fiber *next)
{
    spare_running(fibers);
    switch_to(fibers, next);
}

static bool can_go_on(const struct fibers *fibers)
{
    return !list_is_empty(&fibers->ready) && !load_relaxed(&fibers->mail);
}

bool fibers_resume(struct fibers *fibers)
{
    for (;;) {
        end_waits(fibers);
        bool to_queue = is_round_of_queue(fibers);
        fibers->to_queue = false;
        if (to_queue || !can_go_on(fibers))
            return to_queue;
        leave_loop(fibers, fiber_of(list_take_first(&fibers->ready)));
    }
}

bool fibers_are_wanted(const struct fibers *fibers)
{
    return !list_is_empty(&fibers->ready) || load_relaxed(&fibers->mail);
}

void fibers_admit(struct fibers *fibers, struct list *mail)
{
    list_move_all(&fibers->ready, mail);
    store_release(&fibers->mail, 0);
    if (fibers->yielded)
        list_append(&fibers->ready, fibers->yielded);
    fibers->yielded = NULL;
}

static struct fiber *take_caller(struct fibers *fibers)
{
    struct fiber *caller = fibers->running->caller;
    fibers->running->caller = NULL;
    return caller;
}

/* Go on elsewhere until somebody has made the running fiber ready. */
static void leave_task(struct fibers *fibers)
{
    struct fiber *caller = take_caller(fibers);
    if (caller) {
        switch_to(fibers, caller);
        return;
    }
    end_waits(fibers);
    fibers->to_queue = is_round_of_queue(fibers);
    bool goes_on = !fibers->to_queue && can_go_on(fibers);
    switch_to(fibers, goes_on ? fiber_of(list_take_first(&fibers->ready)) : take_spare(fibers));
}

/* Where the system has no more pages that fault, an overrun is seen here, late, but not never. */
static APART _Noreturn void abort_overrun(void)
{
    fputs("bide: a task has overrun its stack\n", stderr);
    abort();
}

static void check_stack(const struct fiber *fiber)
{
    if ((char *)__builtin_frame_address(0) - fiber->stack < RED_ZONE)
        abort_overrun();
}

/* Before the running task leaves its thread: as a task finds it. */
static void leave_clean(struct fibers *fibers, struct thread_state *own)
{
    check_stack(fibers->running);
    thread_state_exchange(own, fibers->clean, fibers->stretch);
    strand_set_current(NULL);
}

/* When it has come back: as it was. */
static void come_back(struct fibers *fibers, struct strand *strand, const struct thread_state *own)
{
    strand_set_current(strand);
    thread_state_return(own, fibers->stretch);
}

static void wait_elsewhere(struct fibers *fibers, struct strand *strand)
{
    struct thread_state own;
    leave_clean(fibers, &own);
    leave_task(fibers);
    come_back(fibers, strand, &own);
}

void fiber_park(struct fibers *fibers, struct strand *strand, word seen, word reasons, bide_time deadline)
{
    struct fiber *self = fibers->running;
    self->strand = strand;
    if (deadline != BIDE_FOREVER)
        heap_add(&fibers->timers, deadline, &self->timer);
    if (strand_set_parked(strand, seen, reasons))
        wait_elsewhere(fibers, strand);
    if (deadline != BIDE_FOREVER && heap_holds(&fibers->timers, &self->timer))
        heap_remove(&fibers->timers, &self->timer);
}

void fiber_yield(struct fibers *fibers, struct strand *strand)
{
    if (fibers->yielded) /* in a task that was called, and whose caller has not waited */
        list_append(&fibers->ready, fibers->yielded);
    fibers->yielded = &fibers->running->link;
    fibers->to_queue = true;
    wait_elsewhere(fibers, strand);
}

/* A new fiber has the floating-point control of its maker. */
static APART bool reserve_clean(struct fibers *fibers, size_t count)
{
    struct thread_state own;
    thread_state_save(&own);
    stretch_make_long(fibers->stretch);
    thread_state_restore(fibers->clean, fibers->stretch);
    bool reserved = fibers_reserve(fibers, count);
    stretch_make_long(fibers->stretch);
    thread_state_restore(&own, fibers->stretch);
    stretch_make_long(fibers->stretch);
    return reserved;
}

bool fibers_reserve_in_task(struct fibers *fibers, size_t count)
{
    return fibers->spares >= count || reserve_clean(fibers, count);
}

struct call_of_fiber {
    struct fiber *called;
    void (*fn)(void *arg);
    void *arg;
};

/* Once fn has waited the caller has gone on, and the call with it. */
static struct context *answer_call(void *arg)
{
    const struct call_of_fiber *call = arg;
    struct fiber *self = call->called;
    struct fibers *fibers = self->home;
    call->fn(call->arg);
    struct fiber *caller = take_caller(fibers);
    if (!caller)
        return &self->context;
    spare_running(fibers);
    fibers->running = caller;
    return &caller->context;
}

void fiber_call(struct fibers *fibers, struct strand *strand, void (*fn)(void *arg), void *arg)
{
    struct fiber *self = fibers->running, *called = take_spare(fibers);
    struct call_of_fiber call = {called, fn, arg};
    struct thread_state own;
    leave_clean(fibers, &own);
    called->caller = self;
    fibers->running = called;
    context_call(&self->context, &called->context, answer_call, &call);
    come_back(fibers, strand, &own);
}

struct link *fiber_running(struct fibers *fibers)
{
    return &fibers->running->link;
}

void fiber_make_ready(struct link *link)
{
    list_append(&fiber_of(link)->home->ready, link);
}
