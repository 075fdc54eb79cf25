#include "base/process.h"

#include "base/advice.h"
#include "base/atomic.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

/* The generation stands in a page that the kernel wipes in a child (MADV_WIPEONFORK, Linux 4.14), which no way of forking
 * gets around; `latest` is inherited, so that the child's next generation is a new one. Where the kernel cannot, the generation
 * is an ordinary word, and a fork handler wipes it. */
static atomic_word place; /* the address of the word */
static atomic_word ordinary, latest;

static void wipe(void)
{
    store_release(&ordinary, 0);
}

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static word make_place(void)
{
#ifdef MADV_WIPEONFORK
    void *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED && advise(page, page_size(), MADV_WIPEONFORK))
        return (word)page;
    if (page != MAP_FAILED)
        munmap(page, page_size());
#endif
    return (word)&ordinary;
}

/* Of several threads that come first, one finds the place for all. */
static word find_place(void)
{
    int error = errno; /* bide leaves errno alone */
    word found = 0, made = make_place();
    bool first = cas_acq_rel(&place, &found, made);
    if (first && made == (word)&ordinary)
        pthread_atfork(NULL, NULL, wipe);
    if (!first && made != (word)&ordinary)
        munmap((void *)made, page_size());
    errno = error;
    return first ? made : found;
}

uint32_t process_generation(void)
{
    word found = load_acquire(&place);
    atomic_word *generation = (atomic_word *)(found ? found : find_place());
    word current = load_acquire(generation);
    while (!current) {
        word none = 0;
        cas_acq_rel(generation, &none, add_relaxed(&latest, 1) + 1); /* of several threads of a child, one wins */
        current = load_acquire(generation);
    }
    return (uint32_t)current;
}
