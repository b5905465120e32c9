// Lets a thread make system calls of ours. It waits in a call of its own, whose answer lets it go on: then ptrace stops it before
// it returns, and has it make the others with the same instruction.
#include "seccomp.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#if defined(__x86_64__)
enum { INSTRUCTION_BYTES = 2 };

static void set_call(struct user_regs_struct *registers, const struct injected *call) {
  registers->rip -= INSTRUCTION_BYTES;
  registers->orig_rax = -1;
  registers->rax = call->number;
  registers->rdi = call->args[0];
  registers->rsi = call->args[1];
  registers->rdx = call->args[2];
  registers->r10 = call->args[3];
  registers->r8 = call->args[4];
  registers->r9 = call->args[5];
}

/* Why the thread has stopped: a signal, and more in the upper bytes; 0 for none. Its end is left to main.c. */
static int stop_of(pid_t tid) {
  siginfo_t stop = {0};
  return waitid(P_PID, tid, &stop, WSTOPPED | __WALL) == 0 ? stop.si_status : 0;
}

/* Lets the thread go on to where a call begins or ends. A signal that comes meanwhile comes again afterwards. */
static int go_to_call(pid_t tid, int *signal) {
  for (int stop = 0; stop != (SIGTRAP | 0x80);) {
    if (ptrace(PTRACE_SYSCALL, tid, NULL, NULL) < 0 || !(stop = stop_of(tid))) return -1;
    if (stop != (SIGTRAP | 0x80) && stop >> 8 == 0) *signal = stop;
  }
  return 0;
}

static int run_one(pid_t tid, const struct user_regs_struct *before, struct injected *call, int *signal) {
  struct user_regs_struct registers = *before;
  set_call(&registers, call);
  if (ptrace(PTRACE_SETREGS, tid, NULL, &registers) < 0) return -1;
  if (go_to_call(tid, signal) < 0 || go_to_call(tid, signal) < 0) return -1;
  if (ptrace(PTRACE_GETREGS, tid, NULL, &registers) < 0) return -1;
  call->result = (long)registers.rax;
  return 0;
}

int inject(struct worker *worker, int64_t result, struct injected *calls, int count, int is_first_result) {
  struct user_regs_struct before;
  uint64_t id = worker->call.id;
  pid_t tid = worker->tid;
  int error = 0, signal = 0;
  if (ptrace(PTRACE_SEIZE, tid, NULL, PTRACE_O_TRACESYSGOOD) < 0 || ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) < 0) {
    error = -errno;
    respond(id, is_first_result ? error : result);
    return error;
  }
  atomic_store(&worker->is_injecting, 1);
  respond(id, result);
  if (!stop_of(tid) || ptrace(PTRACE_GETREGS, tid, NULL, &before) < 0) {
    worker->is_lost = 1;
    return -ESRCH;
  }
  for (int i = 0; i < count && !error; i++)
    if (run_one(tid, &before, &calls[i], &signal) < 0) error = -ESRCH;
  if (is_first_result) before.rax = error ? error : calls[0].result;
  before.orig_rax = -1;
  ptrace(PTRACE_SETREGS, tid, NULL, &before);
  atomic_store(&worker->is_injecting, 0);
  if (ptrace(PTRACE_DETACH, tid, NULL, NULL) < 0) error = -ESRCH;
  if (signal) syscall(SYS_tkill, tid, signal);
  if (error) worker->is_lost = 1;
  return error;
}
#else
int inject(struct worker *worker, int64_t result, struct injected *calls, int count, int is_first_result) {
  (void)calls, (void)count;
  respond(worker->call.id, is_first_result ? -ENOSYS : result);
  return -ENOSYS;
}
#endif
