#include "base/tools.h"

#ifdef BIDE_VALGRIND

/* Both headers define the same names, so each is used before the next is read. */
#include <valgrind/drd.h>

static void drd_release(const volatile void *address)
{
    ANNOTATE_HAPPENS_BEFORE(address);
}

static void drd_acquire(const volatile void *address)
{
    ANNOTATE_HAPPENS_AFTER(address);
}

static void drd_begin_futex(void)
{
    ANNOTATE_IGNORE_WRITES_BEGIN();
}

static void drd_end_futex(void)
{
    ANNOTATE_IGNORE_WRITES_END();
}

static void drd_end(const volatile void *address, size_t size)
{
    ANNOTATE_NEW_MEMORY(address, size);
}

#undef ANNOTATE_HAPPENS_BEFORE
#undef ANNOTATE_HAPPENS_AFTER
#undef ANNOTATE_NEW_MEMORY
#undef ANNOTATE_RWLOCK_CREATE
#undef ANNOTATE_RWLOCK_DESTROY
#undef ANNOTATE_RWLOCK_ACQUIRED
#undef ANNOTATE_RWLOCK_RELEASED
#include <valgrind/helgrind.h>

void tools_release(const volatile void *address)
{
    drd_release(address);
    ANNOTATE_HAPPENS_BEFORE(address);
}

void tools_acquire(const volatile void *address)
{
    drd_acquire(address);
    ANNOTATE_HAPPENS_AFTER(address);
}

void tools_end(const volatile void *address, size_t size)
{
    VALGRIND_HG_CLEAN_MEMORY(address, size);
}

void tools_end_calls(void)
{
    enum { FRAMES = 2048 };
    char *frame = __builtin_frame_address(0);
    drd_end(frame - FRAMES, FRAMES);
}

void tools_enter_library(void)
{
    VALGRIND_DISABLE_ERROR_REPORTING;
}

void tools_leave_library(void)
{
    VALGRIND_ENABLE_ERROR_REPORTING;
}

/* valgrind counts every futex(2) that succeeds as a write of the word, though the kernel only reads it. */
void tools_begin_futex(void)
{
    drd_begin_futex();
}

void tools_end_futex(void)
{
    drd_end_futex();
}

#else

typedef int tools_are_told_nothing;

#endif
