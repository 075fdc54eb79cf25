#include "wait/strand.h"

#include "base/clock.h"
#include "base/inline.h"
#include "base/parker.h"
#include "base/spin.h"

#include <errno.h>
#include <sched.h>

/* The word: STOP and LATE where their reasons stand, the reasons that end the park above them, PARKED, the count of fires. */
#define REASONS_SHIFT 3
#define REASONS ((FIRED | STOP | LATE) << REASONS_SHIFT)
#define PARKED ((word)64)
#define ONE_FIRE ((word)256)

#define PASSES 64 /* waits that find ready at once, until others have a turn */

static bool no_request_is_due(struct strand *self)
{
    (void)self;
    return false;
}

static bool deliver_nothing(struct strand *self)
{
    (void)self;
    return false;
}

static void publish_nothing(struct strand *self)
{
    (void)self;
}

static const struct strand_operations thread_operations = {thread_park,     thread_unpark,     thread_yield,
                                                           publish_nothing, no_request_is_due, deliver_nothing};

_Thread_local struct strand *strand_task;

static _Thread_local struct {
    struct strand thread;
    struct parker parker; /* one is enough: of the strands of a thread, one at a time can be parked */
    struct lookout *lookout;
    struct patience patience;
    bool is_impatient;
    bool must_not_wait;
} here;

void strand_init(struct strand *strand, const struct strand_operations *operations)
{
    *strand = (struct strand){.operations = operations};
    word_init(&strand->word, 0);
}

static APART void init_thread(void)
{
    strand_init(&here.thread, &thread_operations);
}

struct strand *strand_thread(void)
{
    if (!here.thread.operations)
        init_thread();
    return &here.thread;
}

void strand_be_impatient(void)
{
    here.is_impatient = true;
}

void strand_sleep_at(struct lookout *lookout)
{
    here.lookout = lookout;
}

bool strand_may_wait(void)
{
    return !here.must_not_wait;
}

struct strand_excursion strand_leave(void)
{
    struct strand_excursion excursion = {strand_task, !here.must_not_wait};
    strand_task = NULL;
    here.must_not_wait = true;
    return excursion;
}

void strand_return(struct strand_excursion excursion)
{
    strand_task = excursion.strand;
    here.must_not_wait = !excursion.may_wait;
}

/* Change the word for a reason that comes from outside, and unpark the strand if that ends its park. */
static void strand_post(struct strand *strand, word reason, word flag, word count)
{
    word seen = load_relaxed(&strand->word), next;
    bool ends;
    do {
        ends = (seen & PARKED) && (seen & reason << REASONS_SHIFT);
        next = ((ends ? seen & ~(PARKED | REASONS) : seen) | flag) + count;
    } while (!cas_acq_rel(&strand->word, &seen, next));
    if (ends)
        strand->operations->unpark(strand);
}

static void fire_strand(struct waiter *waiter)
{
    strand_post(waiter->strand, FIRED, 0, ONE_FIRE);
}

void strand_stop(struct strand *strand)
{
    strand_post(strand, STOP, STOP, 0);
}

void waiter_init(struct waiter *waiter, struct strand *strand)
{
    *waiter = (struct waiter){.fire = fire_strand, .strand = strand};
}

APART void waiters_fire(struct link *chain)
{
    while (chain) {
        struct waiter *waiter = LISTED_IN(struct waiter, link, chain);
        chain = chain->next;
        waiter->fire(waiter);
    }
}

static word reasons_in(word seen)
{
    return (seen & (STOP | LATE)) | (seen >= ONE_FIRE ? FIRED : 0);
}

bool strand_stop_is_due(struct strand *self)
{
    return !self->shields && self->operations->stop_is_due(self);
}

bool strand_deliver_stop(struct strand *self)
{
    return !self->shields && self->operations->deliver_stop(self);
}

word strand_park(struct strand *self, word reasons, bide_time deadline)
{
    if (self->shields)
        reasons &= ~STOP;
    if (!self->published) {
        self->operations->publish(self);
        self->published = true;
    }
    word seen, ended;
    self->passes = 0;
    if (!(reasons & LATE))
        deadline = BIDE_FOREVER;
    while (seen = load_acquire(&self->word), ended = reasons_in(seen) & reasons, !ended)
        self->operations->park(self, seen, reasons, deadline);
    return ended;
}

void strand_pass(void)
{
    struct strand *self = strand_task;
    if (self && ++self->passes % PASSES == 0)
        self->operations->yield(self);
}

void strand_await_fire(struct strand *self)
{
    strand_park(self, FIRED, BIDE_FOREVER);
}

int strand_end_wait_keeping_stop(struct strand *self, word ended)
{
    and_relaxed(&self->word, STOP);
    return ended & FIRED ? 0 : ended & STOP ? ECANCELED : ETIMEDOUT;
}

int strand_end_wait(struct strand *self, word ended)
{
    int error = strand_end_wait_keeping_stop(self, ended);
    if (error == ECANCELED)
        strand_deliver_stop(self);
    return error;
}

APART int strand_poll(struct strand *self)
{
    return strand_deliver_stop(self) ? ECANCELED : ETIMEDOUT;
}

bool strand_set_parked(struct strand *self, word seen, word reasons)
{
    return cas_acq_rel(&self->word, &seen, seen | PARKED | reasons << REASONS_SHIFT);
}

bool strand_take_back(struct strand *self)
{
    word seen = load_relaxed(&self->word);
    while (seen & PARKED)
        if (cas_acq_rel(&self->word, &seen, (seen & ~(PARKED | REASONS)) | LATE))
            return true;
    return false;
}

/* Has the word changed while the thread looked at it for a moment? Not near a deadline. */
static bool changes_soon(const struct strand *self, word seen, bide_time deadline)
{
    bool changed = false;
    if (here.is_impatient || !clock_is_far(deadline))
        return false;
    unsigned looks = 0;
    for (unsigned most = patience_tries(&here.patience); looks < most && !changed; looks++) {
        spin_relax();
        changed = load_relaxed(&self->word) != seen;
    }
    patience_learn(&here.patience, changed ? looks : 0);
    return changed;
}

/* P1 make a parker; P2 set PARKED, unless something has come; P3 sleep until woken, or the deadline; P4 at the deadline take
 * PARKED back, or if a waker has it, who will then touch the parker, sleep on until woken; P5 unmake the parker. No cancellation
 * point: a thread that ended here would leave its waiters listed. */
void thread_park(struct strand *self, word seen, word reasons, bide_time deadline)
{
    if (changes_soon(self, seen, deadline))
        return;
    struct parker *parker = self->parker = &here.parker;
    parker_make(parker, reasons & LATE ? here.lookout : NULL);
    bool parked = strand_set_parked(self, seen, reasons);
    if (parked && !parker_sleep(parker, deadline) && !strand_take_back(self))
        parker_await(parker);
    parker_unmake(parker);
}

void thread_yield(struct strand *self)
{
    (void)self;
    sched_yield();
}

void thread_unpark(struct strand *strand)
{
    parker_wake(strand->parker);
}
