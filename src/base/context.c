#include "base/context.h"

#include "base/float.h"
#include "base/tools.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#if defined __SANITIZE_THREAD__
#define WATCHED_BY_TSAN
#elif defined __SANITIZE_ADDRESS__
#define WATCHED_BY_ASAN
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define WATCHED_BY_TSAN
#elif __has_feature(address_sanitizer)
#define WATCHED_BY_ASAN
#endif
#endif

#ifdef WATCHED_BY_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#ifdef WATCHED_BY_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef BIDE_VALGRIND
#include <valgrind/drd.h>
#endif

/* By hand where that can be; by ucontext elsewhere, and where return addresses are checked against a second stack, which
 * glibc's ucontext switches as well. On x86-64 only the running process knows whether they are. */
#if defined __GLIBC__ && (defined BIDE_PORTABLE || defined __ARM_FEATURE_GCS_DEFAULT)
#define BY_UCONTEXT
#elif defined __x86_64__ && !defined __ILP32__
#define BY_HAND_X86_64
#elif defined __aarch64__
#define BY_HAND_AARCH64
#elif defined __GLIBC__
#define BY_UCONTEXT
#endif
#if defined BY_HAND_X86_64 && defined __CET__ && defined __GLIBC__
#if __CET__ & 2
#define MAY_HAVE_SHADOW_STACK
#define BY_UCONTEXT
#endif
#endif
#if defined BY_HAND_X86_64 || defined BY_HAND_AARCH64
#define BY_HAND
#endif
#ifdef BY_UCONTEXT
#include <ucontext.h>
#endif

#define STACK_ALIGNMENT 16

extern struct context_exceptions *thread_exceptions(void) __asm__("__cxa_get_globals") __attribute__((weak));

/* What context_call() was given. */
struct context_call {
    struct context *to;
    struct context *(*fn)(void *arg);
    void *arg;
};

/* The first thing on a new stack. */
struct beginning {
    struct context *context;
    void (*entry)(void *arg);
    void *arg;
};

/* A switch of tools is no function of its own: ThreadSanitizer would see a call begin in one context and end in another. */
#define TOOL_STEP static inline __attribute__((always_inline)) void

#ifdef BIDE_VALGRIND
/* drd 3.19 fails at the end of a thread that was on a registered stack, and gets on without. */
static bool is_watched_by_drd(void)
{
    return DRD_GET_VALGRIND_THREADID != 0;
}
#endif

static void tools_watch_stack(struct context *context, const void *low, size_t size)
{
    context->tools.low = low;
    context->tools.size = size;
#ifdef WATCHED_BY_TSAN
    context->tools.fiber = __tsan_create_fiber(0);
#endif
#ifdef BIDE_VALGRIND
    if (!is_watched_by_drd())
        context->tools.id = VALGRIND_STACK_REGISTER(low, (const char *)low + size);
#endif
}

static void tools_watch_root(struct context *context)
{
    context->tools.is_root = true;
#ifdef WATCHED_BY_TSAN
    context->tools.fiber = __tsan_get_current_fiber();
#endif
}

TOOL_STEP tools_leave_stack(struct context *from, struct context *to)
{
#ifdef WATCHED_BY_ASAN
    to->tools.previous = from;
    __sanitizer_start_switch_fiber(&from->tools.fake_stack, to->tools.low, to->tools.size);
#endif
    (void)from;
    (void)to;
}

TOOL_STEP tools_switch(struct context *to)
{
#ifdef WATCHED_BY_TSAN
    __tsan_switch_to_fiber(to->tools.fiber, 0);
#endif
    (void)to;
}

TOOL_STEP tools_arrive(struct context *context)
{
#ifdef WATCHED_BY_ASAN
    struct context_tools *previous = &context->tools.previous->tools;
    __sanitizer_finish_switch_fiber(context->tools.fake_stack, &previous->low, &previous->size);
#endif
    (void)context;
}

#ifdef WATCHED_BY_ASAN
/* A fake stack is freed by whoever leaves it for ever, so this pretends to be there and to leave. */
static void free_fake_stack(void *fake_stack)
{
    void *own;
    const void *low;
    size_t size;
    __sanitizer_start_switch_fiber(&own, NULL, 0);
    __sanitizer_finish_switch_fiber(fake_stack, &low, &size);
    __sanitizer_start_switch_fiber(NULL, low, size);
    __sanitizer_finish_switch_fiber(own, NULL, NULL);
}
#endif

static void tools_forget_stack(struct context_tools *tools)
{
#ifdef WATCHED_BY_TSAN
    __tsan_destroy_fiber(tools->fiber);
#endif
#ifdef WATCHED_BY_ASAN
    if (tools->fake_stack)
        free_fake_stack(tools->fake_stack);
    __asan_unpoison_memory_region(tools->low, tools->size);
#endif
#ifdef BIDE_VALGRIND
    if (!is_watched_by_drd())
        VALGRIND_STACK_DEREGISTER(tools->id);
#endif
    (void)tools;
}

#ifdef BY_UCONTEXT
static void answer(struct context *self);
#endif

static void begin(struct beginning *beginning)
{
    tools_arrive(beginning->context);
#ifdef BY_UCONTEXT
    answer(beginning->context);
#endif
    beginning->entry(beginning->arg);
    __builtin_trap(); /* and so the call has an instruction behind it: unwinders look up the address it would return to */
}

#ifdef BY_HAND
/* Leave what must be kept in a frame on this stack, its address in *from; take up the frame at to, and return to who left
 * that. This return is a jump through a register: a ret to anywhere else than behind the last call is one the processor
 * mispredicts. */
extern void jump(void **from, void *to) __asm__("bide_context_jump") __attribute__((visibility("hidden")));

/* Leave the same, and call called(arg) below the frame at to, with the control of that. It returns where to go on: at the frame
 * left here, and then this returns to its caller as any call does, so that the processor has foreseen it; or at another. */
extern void call_below(void **from, void *to, void *(*called)(struct context_call *arg),
                       struct context_call *arg) __asm__("bide_context_call") __attribute__((visibility("hidden")));

/* Where a new context lands. There is an instruction before it: on the way there it stands for a return address, and
 * unwinders look up the one before that. */
extern void land(void) __asm__("bide_context_land") __attribute__((visibility("hidden")));
#endif

#ifdef BY_HAND_X86_64
/* The status bits of MXCSR, 0 to 5, are the thread's. Loading a control word is dear, so only one that differs is. */
#define SAVE                                                                                                           \
    "    leaq -56(%rsp), %rsp\n"                                                                                       \
    "    .cfi_adjust_cfa_offset 56\n"                                                                                  \
    "    stmxcsr (%rsp)\n"                                                                                             \
    "    fnstcw 4(%rsp)\n"                                                                                             \
    "    movq %rbx, 8(%rsp)\n"                                                                                         \
    "    movq %rbp, 16(%rsp)\n"                                                                                        \
    "    movq %r12, 24(%rsp)\n"                                                                                        \
    "    movq %r13, 32(%rsp)\n"                                                                                        \
    "    movq %r14, 40(%rsp)\n"                                                                                        \
    "    movq %r15, 48(%rsp)\n"                                                                                        \
    "    .cfi_rel_offset %rbx, 8\n"                                                                                    \
    "    .cfi_rel_offset %rbp, 16\n"                                                                                   \
    "    .cfi_rel_offset %r12, 24\n"                                                                                   \
    "    .cfi_rel_offset %r13, 32\n"                                                                                   \
    "    .cfi_rel_offset %r14, 40\n"                                                                                   \
    "    .cfi_rel_offset %r15, 48\n"                                                                                   \
    "    movl (%rsp), %eax\n"                                                                                          \
    "    movzwl 4(%rsp), %ecx\n"                                                                                       \
    "    movq %rsp, (%rdi)\n"

/* From what is in eax and ecx to the frame's. */
#define LOAD_CONTROL                                                                                                   \
    "    movl (%rsp), %edx\n"                                                                                          \
    "    xorl %eax, %edx\n"                                                                                            \
    "    testl $-64, %edx\n"                                                                                           \
    "    je 1f\n"                                                                                                      \
    "    andl $63, %eax\n"                                                                                             \
    "    andl $-64, (%rsp)\n"                                                                                          \
    "    orl %eax, (%rsp)\n"                                                                                           \
    "    ldmxcsr (%rsp)\n"                                                                                             \
    "1:  cmpw 4(%rsp), %cx\n"                                                                                          \
    "    je 2f\n"                                                                                                      \
    "    fldcw 4(%rsp)\n"                                                                                              \
    "2:\n"

__asm__(".pushsection .text.bide_context,\"ax\",@progbits\n"
        ".globl bide_context_jump\n"
        ".hidden bide_context_jump\n"
        ".type bide_context_jump, @function\n"
        ".balign 32\n"
        "bide_context_jump:\n"
        "    .cfi_startproc\n" SAVE "    movq %rsi, %rsp\n"
        ".Lbide_take_up:\n" LOAD_CONTROL "    movq 8(%rsp), %rbx\n"
        "    movq 16(%rsp), %rbp\n"
        "    movq 24(%rsp), %r12\n"
        "    movq 32(%rsp), %r13\n"
        "    movq 40(%rsp), %r14\n"
        "    movq 48(%rsp), %r15\n"
        "    movq 56(%rsp), %rdx\n"
        "    leaq 64(%rsp), %rsp\n"
        "    .cfi_def_cfa %rsp, 0\n"
        "    .cfi_register %rip, %rdx\n"
        "    .cfi_restore %rbx\n"
        "    .cfi_restore %rbp\n"
        "    .cfi_restore %r12\n"
        "    .cfi_restore %r13\n"
        "    .cfi_restore %r14\n"
        "    .cfi_restore %r15\n"
        "    notrack jmpq *%rdx\n"
        "    .cfi_endproc\n"
        ".size bide_context_jump, .-bide_context_jump\n"
        ".globl bide_context_call\n"
        ".hidden bide_context_call\n"
        ".type bide_context_call, @function\n"
        ".balign 32\n"
        "bide_context_call:\n"
        "    .cfi_startproc\n"
        "    movq %rdx, %r8\n"
        "    movq %rcx, %r9\n" SAVE "    movq %rsp, %rbx\n"
        "    .cfi_remember_state\n"
        "    .cfi_def_cfa %rbx, 64\n"
        "    .cfi_undefined %rip\n"
        "    movq %rsi, %rsp\n" LOAD_CONTROL "    xorl %ebp, %ebp\n"
        "    movq %r9, %rdi\n"
        "    callq *%r8\n"
        "    movq %rax, %rsp\n"
        "    stmxcsr -8(%rsp)\n"
        "    fnstcw -4(%rsp)\n"
        "    movl -8(%rsp), %eax\n"
        "    movzwl -4(%rsp), %ecx\n"
        "    cmpq %rbx, %rsp\n"
        "    jne .Lbide_take_up\n"
        "    .cfi_restore_state\n" LOAD_CONTROL "    movq 8(%rsp), %rbx\n"
        "    movq 16(%rsp), %rbp\n"
        "    leaq 56(%rsp), %rsp\n"
        "    .cfi_def_cfa_offset 8\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".size bide_context_call, .-bide_context_call\n"
        ".globl bide_context_land\n"
        ".hidden bide_context_land\n"
        ".type bide_context_land, @function\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined %rip\n"
        "    nop\n"
        "bide_context_land:\n"
        "    endbr64\n"
        "    movq %rbx, %rdi\n"
        "    callq *%r12\n"
        "    ud2\n"
        "    .cfi_endproc\n"
        ".size bide_context_land, .-bide_context_land\n"
        ".popsection\n");

struct frame {
    uint32_t sse_control;
    uint16_t x87_control;
    struct beginning *rbx;
    void *rbp; /* NULL ends a chain of frame pointers */
    void (*r12)(struct beginning *);
    void *r13, *r14, *r15;
    void (*resume)(void);
};

_Static_assert(sizeof(struct frame) == 64, "as the assembly has it");

static void fill(struct frame *frame, struct beginning *beginning)
{
    *frame = (struct frame){.resume = land, .rbx = beginning, .r12 = begin};
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(frame->sse_control), "=m"(frame->x87_control));
}
#endif

#ifdef BY_HAND_AARCH64
/* Where landings are checked the jump is a ret, which needs none. `hint 34` and `hint 36` are `bti c` and `bti j`, which older
 * assemblers do not know and older processors skip. */
#ifdef __ARM_FEATURE_BTI_DEFAULT
#define JUMP_TO_X30 "ret"
#else
#define JUMP_TO_X30 "br x30"
#endif

#define SAVE                                                                                                           \
    "    hint 34\n"                                                                                                    \
    "    sub sp, sp, #176\n"                                                                                           \
    "    .cfi_adjust_cfa_offset 176\n"                                                                                 \
    "    mrs x10, fpcr\n"                                                                                              \
    "    str x10, [sp]\n"                                                                                              \
    "    stp x19, x20, [sp, #16]\n"                                                                                    \
    "    stp x21, x22, [sp, #32]\n"                                                                                    \
    "    stp x23, x24, [sp, #48]\n"                                                                                    \
    "    stp x25, x26, [sp, #64]\n"                                                                                    \
    "    stp x27, x28, [sp, #80]\n"                                                                                    \
    "    stp x29, x30, [sp, #96]\n"                                                                                    \
    "    stp d8, d9, [sp, #112]\n"                                                                                     \
    "    stp d10, d11, [sp, #128]\n"                                                                                   \
    "    stp d12, d13, [sp, #144]\n"                                                                                   \
    "    stp d14, d15, [sp, #160]\n"                                                                                   \
    "    .irp r, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30\n"                                                     \
    "    .cfi_rel_offset x\\r, (\\r - 19) * 8 + 16\n"                                                                  \
    "    .endr\n"                                                                                                      \
    "    .irp r, 8, 9, 10, 11, 12, 13, 14, 15\n"                                                                       \
    "    .cfi_rel_offset d\\r, (\\r - 8) * 8 + 112\n"                                                                  \
    "    .endr\n"                                                                                                      \
    "    mov x11, sp\n"                                                                                                \
    "    str x11, [x0]\n"

/* From what is in x10 to the frame's. */
#define LOAD_CONTROL                                                                                                   \
    "    ldr x11, [sp]\n"                                                                                              \
    "    cmp x10, x11\n"                                                                                               \
    "    b.eq 1f\n"                                                                                                    \
    "    msr fpcr, x11\n"                                                                                              \
    "1:\n"

#define RESTORED                                                                                                       \
    "    .irp r, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30\n"                                                     \
    "    .cfi_restore x\\r\n"                                                                                          \
    "    .endr\n"                                                                                                      \
    "    .irp r, 8, 9, 10, 11, 12, 13, 14, 15\n"                                                                       \
    "    .cfi_restore d\\r\n"                                                                                          \
    "    .endr\n"

__asm__(".pushsection .text.bide_context,\"ax\",@progbits\n"
        ".globl bide_context_jump\n"
        ".hidden bide_context_jump\n"
        ".type bide_context_jump, @function\n"
        ".balign 32\n"
        "bide_context_jump:\n"
        "    .cfi_startproc\n" SAVE "    mov sp, x1\n"
        ".Lbide_take_up:\n" LOAD_CONTROL "    ldp x19, x20, [sp, #16]\n"
        "    ldp x21, x22, [sp, #32]\n"
        "    ldp x23, x24, [sp, #48]\n"
        "    ldp x25, x26, [sp, #64]\n"
        "    ldp x27, x28, [sp, #80]\n"
        "    ldp x29, x30, [sp, #96]\n"
        "    ldp d8, d9, [sp, #112]\n"
        "    ldp d10, d11, [sp, #128]\n"
        "    ldp d12, d13, [sp, #144]\n"
        "    ldp d14, d15, [sp, #160]\n"
        "    add sp, sp, #176\n"
        "    .cfi_adjust_cfa_offset -176\n" RESTORED "    " JUMP_TO_X30 "\n"
        "    .cfi_endproc\n"
        ".size bide_context_jump, .-bide_context_jump\n"
        ".globl bide_context_call\n"
        ".hidden bide_context_call\n"
        ".type bide_context_call, @function\n"
        ".balign 32\n"
        "bide_context_call:\n"
        "    .cfi_startproc\n" SAVE "    mov x19, sp\n"
        "    .cfi_remember_state\n"
        "    .cfi_def_cfa x19, 176\n"
        "    .cfi_undefined x30\n"
        "    mov sp, x1\n" LOAD_CONTROL "    mov x29, xzr\n"
        "    mov x0, x3\n"
        "    blr x2\n"
        "    mov sp, x0\n"
        "    mrs x10, fpcr\n"
        "    cmp x0, x19\n"
        "    b.ne .Lbide_take_up\n"
        "    .cfi_restore_state\n" LOAD_CONTROL "    ldr x19, [sp, #16]\n"
        "    ldp x29, x30, [sp, #96]\n"
        "    add sp, sp, #176\n"
        "    .cfi_adjust_cfa_offset -176\n" RESTORED "    ret\n"
        "    .cfi_endproc\n"
        ".size bide_context_call, .-bide_context_call\n"
        ".globl bide_context_land\n"
        ".hidden bide_context_land\n"
        ".type bide_context_land, @function\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined x30\n"
        "    nop\n"
        "bide_context_land:\n"
        "    hint 36\n"
        "    mov x0, x19\n"
        "    blr x20\n"
        "    brk #1\n"
        "    .cfi_endproc\n"
        ".size bide_context_land, .-bide_context_land\n"
        ".popsection\n");

struct frame {
    uint64_t fpcr, unused;
    struct beginning *x19;
    void (*x20)(struct beginning *);
    uint64_t x21_to_x28[8];
    void *x29; /* NULL ends a chain of frame pointers */
    void (*x30)(void);
    uint64_t d8_to_d15[8];
};

_Static_assert(sizeof(struct frame) == 176, "as the assembly has it");

static void fill(struct frame *frame, struct beginning *beginning)
{
    *frame = (struct frame){.x30 = land, .x19 = beginning, .x20 = begin};
    __asm__ volatile("mrs %0, fpcr" : "=r"(frame->fpcr));
}
#endif

#ifdef BY_UCONTEXT
/* A switch saves into a local variable of its own, so that a context's sp is all there is to know here as well. */
static void switch_ucontext(void **from, void *to)
{
    ucontext_t here;
    *from = &here;
    swapcontext(&here, to);
}

/* Arguments of a function given to makecontext() are ints. */
static void begin_ucontext(unsigned high, unsigned low)
{
    begin((struct beginning *)(uintptr_t)((uint64_t)high << 32 | low));
}

static void *prepare_ucontext(void *low, struct beginning *beginning)
{
    uint64_t address = (uintptr_t)beginning;
    ucontext_t *top = (ucontext_t *)(((uintptr_t)beginning - sizeof *top) & ~(uintptr_t)(STACK_ALIGNMENT - 1));
    getcontext(top);
    top->uc_stack.ss_sp = low;
    top->uc_stack.ss_size = (uintptr_t)top - (uintptr_t)low;
    top->uc_link = NULL;
    makecontext(top, (void (*)(void))begin_ucontext, 2, (unsigned)(address >> 32), (unsigned)address);
    return top;
}
#endif

#ifdef MAY_HAVE_SHADOW_STACK
/* The instruction leaves 0 where there is none. */
static inline bool by_hand(void)
{
    uint64_t shadow = 0;
    __asm__ volatile("rdsspq %0" : "+r"(shadow));
    return shadow == 0;
}
#elif defined BY_HAND
#define by_hand() true
#else
#define by_hand() false
#endif

/* The sp of a context that will begin like that. */
static void *prepare(void *low, struct beginning *beginning)
{
#ifdef BY_HAND
    if (by_hand()) {
        fill((struct frame *)beginning - 1, beginning);
        return (struct frame *)beginning - 1;
    }
#endif
#ifdef BY_UCONTEXT
    return prepare_ucontext(low, beginning);
#else
    (void)low;
    __builtin_unreachable();
#endif
}

static inline __attribute__((always_inline)) void switch_stacks(void **from, void *to)
{
#ifdef BY_HAND
    if (by_hand()) {
        jump(from, to);
        return;
    }
#endif
#ifdef BY_UCONTEXT
    switch_ucontext(from, to);
#endif
}

void context_make_root(struct context *context)
{
    *context = (struct context){0};
    if (thread_exceptions)
        context->thread_exceptions = thread_exceptions();
    tools_watch_root(context);
}

void context_make(struct context *context, void *low, size_t size, void (*entry)(void *arg), void *arg)
{
    uintptr_t top = ((uintptr_t)low + size - sizeof(struct beginning)) & ~(uintptr_t)(STACK_ALIGNMENT - 1);
    struct beginning *beginning = (struct beginning *)top;
    *beginning = (struct beginning){context, entry, arg};
    *context = (struct context){.sp = prepare(low, beginning)};
    if (thread_exceptions)
        context->thread_exceptions = thread_exceptions();
    tools_watch_stack(context, low, size);
}

static inline __attribute__((always_inline)) void exchange_exceptions(struct context *from, struct context *to)
{
    struct context_exceptions *exceptions = from->thread_exceptions;
    if (exceptions) {
        from->exceptions = *exceptions;
        *exceptions = to->exceptions;
    }
}

/* What is the thread's, and each context has its own of. */
static inline __attribute__((always_inline)) void exchange(struct context *from, struct context *to)
{
    from->error = errno;
    errno = to->error;
    exchange_exceptions(from, to);
}

/* What `to` had is back before it is: so the jump is the last there is to do. */
static inline __attribute__((always_inline)) void go(struct context *from, struct context *to)
{
    exchange(from, to);
    tools_leave_stack(from, to);
    tools_switch(to);
    switch_stacks(&from->sp, to->sp);
    tools_arrive(from);
}

#ifdef BY_UCONTEXT
/* A call is a switch, and whoever arrives looks whether he was called. The context stays as it was left. */
static void answer(struct context *self)
{
    int error = errno;
    uint64_t control = float_control_get();
    for (struct context_call *call; (call = self->call);) {
        self->call = NULL;
        struct context *next = call->fn(call->arg);
        errno = error;
        float_control_set(control);
        if (next != self)
            go(self, next);
    }
}
#endif

void context_switch(struct context *from, struct context *to)
{
    go(from, to);
#ifdef BY_UCONTEXT
    answer(from);
#endif
}

#ifdef BY_HAND
/* The context stays as it was left. Here the tools are told only of what they have to know before the switch back:
 * ThreadSanitizer has to see this return. */
static void *called(struct context_call *call)
{
    struct context *self = call->to;
    void *sp = self->sp;
    int error = self->error;
    tools_arrive(self);
    struct context *next = call->fn(call->arg);
    self->sp = sp;
    self->error = error;
    errno = next->error;
    exchange_exceptions(self, next);
    tools_leave_stack(self, next);
    return next->sp;
}
#endif

void context_call(struct context *from, struct context *to, struct context *(*fn)(void *arg), void *arg)
{
    struct context_call call = {to, fn, arg};
#ifdef BY_HAND
    if (by_hand()) {
        exchange(from, to);
        tools_leave_stack(from, to);
        tools_switch(to);
        call_below(&from->sp, to->sp, called, &call);
        tools_switch(from);
        tools_arrive(from);
        return;
    }
#endif
#ifdef BY_UCONTEXT
    to->call = &call;
    context_switch(from, to);
#endif
}

void context_end(struct context *context)
{
    if (!context->tools.is_root)
        tools_forget_stack(&context->tools);
}
