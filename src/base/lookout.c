#include "base/lookout.h"

#include "base/atomic.h"
#include "base/beacon.h"
#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#if defined __linux__ && !defined BIDE_PORTABLE
#define LOOKOUT_IS_EPOLL 1
#include <sys/epoll.h>
#else
#define LOOKOUT_IS_EPOLL 0
#endif

#define LEAST_PLACES 64
#define SEEN_AT_ONCE 256
#define TURNS 8                      /* of a busy thread, until it looks, */
#define INTERVAL ((bide_time)100000) /* or so many nanoseconds */

/* What is watched of one descriptor. */
struct sight {
    struct list links;
    short events;  /* of all that were added since the list was empty */
    bool is_known; /* to epoll, unless it was closed meanwhile */
};

struct lookout {
    struct beacon beacon;
    atomic_word lit; /* hands over from who lights it */
    size_t used;     /* links that are listed */
    unsigned turns;
    bide_time next_look;
    int seen;             /* and not taken, at least; 0: nothing */
    struct sight *sights; /* by descriptor */
    size_t places;
#if LOOKOUT_IS_EPOLL
    int epoll;
    struct epoll_event found[SEEN_AT_ONCE];
#else
    struct pollfd *polled; /* by descriptor, too */
    nfds_t end, next;      /* of those armed; of those to be taken */
#endif
};

int poll_until(struct pollfd *fds, nfds_t n, bide_time deadline)
{
    int kept = errno, ready;
    do {
        struct timespec timeout = clock_timespec(deadline == BIDE_NOW ? 0 : deadline - clock_now());
        ready = ppoll(fds, n, deadline == BIDE_FOREVER ? NULL : &timeout, NULL);
    } while (ready < 0 ? errno == EINTR : ready == 0 && deadline > clock_now());
    ready = ready < 0 ? -errno : ready;
    errno = kept;
    return ready;
}

#if LOOKOUT_IS_EPOLL

_Static_assert(EPOLLIN == POLLIN && EPOLLPRI == POLLPRI && EPOLLOUT == POLLOUT && EPOLLRDNORM == POLLRDNORM &&
                   EPOLLWRNORM == POLLWRNORM && EPOLLRDHUP == POLLRDHUP,
               "what is asked of poll(2) can be asked of epoll");

static int open_set(struct lookout *lookout)
{
    struct epoll_event lit = {.events = EPOLLIN, .data.fd = lookout->beacon.watched};
    lookout->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (lookout->epoll < 0)
        return errno;
    return epoll_ctl(lookout->epoll, EPOLL_CTL_ADD, lookout->beacon.watched, &lit) ? errno : 0;
}

static void close_set(struct lookout *lookout)
{
    if (lookout->epoll >= 0)
        close(lookout->epoll);
}

static void free_set(struct lookout *lookout)
{
    (void)lookout;
}

static bool grow_set(struct lookout *lookout, size_t places)
{
    (void)lookout, (void)places;
    return true;
}

static int control(const struct lookout *lookout, int operation, int fd, struct epoll_event *event)
{
    return epoll_ctl(lookout->epoll, operation, fd, event) ? errno : 0;
}

/* The kernel forgets a descriptor that is closed, and knows the one that has its number now under another name. What has no
 * place in a set of epoll (EPERM) never makes anybody wait: to poll(2) it is always ready, or never. */
static int arm(struct lookout *lookout, int fd, struct sight *sight)
{
    struct epoll_event event = {.events = (unsigned short)sight->events | EPOLLONESHOT, .data.fd = fd};
    int error = control(lookout, sight->is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    if (error == ENOENT || error == EEXIST)
        error = control(lookout, error == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    sight->is_known = !error;
    return error == EPERM ? 0 : error == ENOENT || error == EEXIST ? EBADF : error;
}

/* What stays armed is seen once at most, for nobody. */
static void disarm(struct lookout *lookout, int fd)
{
    (void)lookout, (void)fd;
}

/* The kernel's own timeout is in milliseconds, so a deadline is left to poll(2). Was the beacon lit? */
static bool watch(struct lookout *lookout, bide_time deadline)
{
    struct pollfd set = {.fd = lookout->epoll, .events = POLLIN};
    bool is_lit = false;
    if (deadline != BIDE_FOREVER && deadline != BIDE_NOW)
        poll_until(&set, 1, deadline);
    int found = epoll_wait(lookout->epoll, lookout->found, SEEN_AT_ONCE, deadline == BIDE_FOREVER ? -1 : 0);
    lookout->seen = 0;
    for (int i = 0; i < found; i++)
        if (lookout->found[i].data.fd == lookout->beacon.watched)
            is_lit = true;
        else
            lookout->found[lookout->seen++] = lookout->found[i];
    return is_lit;
}

/* -1: there are no more. */
static int next_seen(struct lookout *lookout)
{
    return lookout->seen ? lookout->found[--lookout->seen].data.fd : -1;
}

#else

static bool grow_set(struct lookout *lookout, size_t places)
{
    struct pollfd *polled = memory_alloc(places * sizeof *polled), *old = lookout->polled;
    if (!polled)
        return false;
    for (size_t i = 0; i < places; i++)
        polled[i] = i < lookout->places ? old[i] : (struct pollfd){.fd = -1};
    lookout->polled = polled;
    memory_free(old);
    return true;
}

static int arm(struct lookout *lookout, int fd, struct sight *sight)
{
    lookout->polled[fd] = (struct pollfd){.fd = fd, .events = sight->events};
    if (lookout->end <= (nfds_t)fd)
        lookout->end = (nfds_t)fd + 1;
    return 0;
}

static void disarm(struct lookout *lookout, int fd)
{
    lookout->polled[fd].fd = -1;
}

static int open_set(struct lookout *lookout)
{
    struct sight lit = {.events = POLLIN};
    return arm(lookout, lookout->beacon.watched, &lit);
}

static void close_set(struct lookout *lookout)
{
    (void)lookout;
}

static void free_set(struct lookout *lookout)
{
    memory_free(lookout->polled);
}

/* Was the beacon lit? */
static bool watch(struct lookout *lookout, bide_time deadline)
{
    struct pollfd *beacon = &lookout->polled[lookout->beacon.watched];
    int found = poll_until(lookout->polled, lookout->end, deadline);
    bool is_lit = found > 0 && beacon->revents;
    beacon->revents = 0;
    lookout->next = 0;
    lookout->seen = found > is_lit ? found - is_lit : 0;
    return is_lit;
}

static int next_seen(struct lookout *lookout)
{
    for (; lookout->next < lookout->end; lookout->next++) {
        struct pollfd *polled = &lookout->polled[lookout->next];
        bool is_seen = polled->fd >= 0 && polled->revents;
        polled->revents = 0;
        if (is_seen) {
            polled->fd = -1;
            return (int)lookout->next;
        }
    }
    return -1;
}

#endif

static bool grow_places(struct lookout *lookout, size_t least)
{
    size_t places = lookout->places ? lookout->places : LEAST_PLACES;
    while (places < least)
        places *= 2;
    struct sight *sights = memory_alloc(places * sizeof *sights), *old = lookout->sights;
    if (!sights || !grow_set(lookout, places)) {
        memory_free(sights);
        return false;
    }
    memset(sights, 0, places * sizeof *sights);
    if (old)
        memcpy(sights, old, lookout->places * sizeof *sights);
    lookout->sights = sights;
    lookout->places = places;
    memory_free(old);
    return true;
}

static bool has_place(struct lookout *lookout, int fd)
{
    return (size_t)fd < lookout->places || grow_places(lookout, (size_t)fd + 1);
}

/* The beacon has a place like any other descriptor. */
static int open_lookout(struct lookout *lookout)
{
    int error = beacon_open(&lookout->beacon);
    if (!error && !has_place(lookout, lookout->beacon.watched))
        error = ENOMEM;
    if (!error)
        error = open_set(lookout);
    return error;
}

int lookout_create(struct lookout **made)
{
    int kept = errno;
    struct lookout *lookout = memory_alloc(sizeof *lookout);
    if (!lookout)
        return ENOMEM;
    memset(lookout, 0, sizeof *lookout);
    word_init(&lookout->lit, 0);
#if LOOKOUT_IS_EPOLL
    lookout->epoll = -1;
#endif
    int error = open_lookout(lookout);
    if (error)
        lookout_destroy(lookout);
    else
        *made = lookout;
    errno = kept;
    return error;
}

void lookout_forget(struct lookout *lookout)
{
    if (!lookout)
        return;
    memory_free(lookout->sights);
    free_set(lookout);
    memory_free(lookout);
}

void lookout_destroy(struct lookout *lookout)
{
    int kept = errno;
    if (lookout) {
        close_set(lookout);
        beacon_close(&lookout->beacon);
    }
    lookout_forget(lookout);
    errno = kept;
}

int lookout_add(struct lookout *lookout, int fd, short events, struct link *link)
{
    if (!has_place(lookout, fd))
        return ENOMEM;
    int kept = errno;
    struct sight *sight = &lookout->sights[fd];
    sight->events = (short)(list_is_empty(&sight->links) ? events : sight->events | events);
    list_append(&sight->links, link);
    lookout->used++;
    int error = arm(lookout, fd, sight);
    if (error)
        lookout_remove(lookout, fd, link);
    errno = kept;
    return error;
}

void lookout_remove(struct lookout *lookout, int fd, struct link *link)
{
    if (!link_is_listed(link))
        return;
    struct list *links = &lookout->sights[fd].links;
    list_remove(links, link);
    lookout->used--;
    if (list_is_empty(links))
        disarm(lookout, fd);
}

bool lookout_is_used(const struct lookout *lookout)
{
    return lookout && lookout->used;
}

bool lookout_has_seen(const struct lookout *lookout)
{
    return lookout->seen;
}

bool lookout_should_look(struct lookout *lookout)
{
    return lookout->used && (lookout->seen || ++lookout->turns >= TURNS || clock_now() >= lookout->next_look);
}

bool lookout_look(struct lookout *lookout)
{
    int kept = errno;
    if (!lookout->seen)
        watch(lookout, BIDE_NOW);
    errno = kept;
    return lookout->seen;
}

static void take_all_of(struct lookout *lookout, int fd, struct list *taken)
{
    struct list *links = &lookout->sights[fd].links;
    for (struct link *link; (link = list_take_first(links)); lookout->used--)
        list_append(taken, link);
}

struct link *lookout_take(struct lookout *lookout)
{
    int kept = errno;
    struct list taken = {NULL};
    lookout_look(lookout);
    for (int fd; (fd = next_seen(lookout)) >= 0;)
        take_all_of(lookout, fd, &taken);
    lookout->seen = 0;
    lookout->turns = 0;
    lookout->next_look = clock_now() + INTERVAL;
    errno = kept;
    return list_take_all(&taken);
}

/* What was done before it was lit has been done. */
static void put_out(struct lookout *lookout)
{
    beacon_put_out(&lookout->beacon);
    load_acquire(&lookout->lit);
}

bool lookout_sleep(struct lookout *lookout, bide_time deadline)
{
    int kept = errno;
    bool is_lit = false, is_late = false;
    while (!lookout->seen && !is_lit && !is_late) {
        is_lit = watch(lookout, deadline);
        is_late = deadline != BIDE_FOREVER && deadline <= clock_now();
    }
    if (is_lit)
        put_out(lookout);
    errno = kept;
    return is_lit;
}

void lookout_await_light(struct lookout *lookout)
{
    struct pollfd beacon = {.fd = lookout->beacon.watched, .events = POLLIN};
    poll_until(&beacon, 1, BIDE_FOREVER);
    put_out(lookout);
}

/* The owner may be gone once it is lit. */
void lookout_light(struct lookout *lookout)
{
    struct beacon beacon = lookout->beacon;
    store_release(&lookout->lit, 1);
    beacon_light(&beacon);
}
