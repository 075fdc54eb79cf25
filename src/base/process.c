#include "base/process.h"

#include "base/atomic.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

/* The generation stands in a page that the kernel wipes in a child (MADV_WIPEONFORK, Linux 4.14), which no way of forking
 * gets around; `last` is inherited, so that the child's next generation is a new one. Where the kernel cannot, a fork
 * handler counts instead, and the word is an ordinary one. */
static atomic_word *generation;
static atomic_word ordinary, last;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin_generation(void)
{
    word none = 0;
    word next = add_relaxed(&last, 1) + 1;
    cas_acq_rel(generation, &none, next); /* of several threads of a child, one wins */
}

static void wipe(void)
{
    store_release(&ordinary, 0);
}

static void prepare_word(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    generation = &ordinary;
#ifdef MADV_WIPEONFORK
    if (page != MAP_FAILED && madvise(page, size, MADV_WIPEONFORK) == 0) {
        generation = page;
        return;
    }
#endif
    if (page != MAP_FAILED)
        munmap(page, size);
    pthread_atfork(NULL, NULL, wipe);
}

static void prepare(void)
{
    int error = errno; /* bide leaves errno alone */
    prepare_word();
    errno = error;
}

uint32_t process_generation(void)
{
    pthread_once(&once, prepare);
    word current = load_acquire(generation);
    while (!current) {
        begin_generation();
        current = load_acquire(generation);
    }
    return (uint32_t)current;
}
