/* What the tools that watch a program must be told. helgrind and drd do not know C11 atomics: in a build with BIDE_VALGRIND
 * the operations of atomic.h tell them which access hands over to which. In every other build this is nothing. */
#ifndef BASE_TOOLS_H
#define BASE_TOOLS_H

#include <stddef.h>

#ifdef BIDE_VALGRIND
void tools_release(const volatile void *address);
void tools_acquire(const volatile void *address);
/* What was in this memory has ended; what comes there next has nothing to do with it. */
void tools_end(const volatile void *address, size_t size);
/* What earlier calls have left on the stack beyond this one has ended: drd goes on taking it for what it was. */
void tools_end_calls(void);
/* Around a call of the C library whose inside a tool takes for the caller's doing. */
void tools_enter_library(void);
void tools_leave_library(void);
/* Around a futex(2) that does not write its word. */
void tools_begin_futex(void);
void tools_end_futex(void);
#else
#define tools_release(address) ((void)(address))
#define tools_acquire(address) ((void)(address))
#define tools_end(address, size) ((void)(address))
#define tools_end_calls() ((void)0)
#define tools_enter_library() ((void)0)
#define tools_leave_library() ((void)0)
#define tools_begin_futex() ((void)0)
#define tools_end_futex() ((void)0)
#endif

#endif
