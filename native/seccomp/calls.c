// What a worker does for a call of its thread. Each call is posted in the thread's slot, as the shim posts it; what the answer
// stores, this process stores in the other's memory.
#include "seccomp.h"

#include "../devices.h"
#include "../socket.h"
#include "../twins.h"
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum { LOOK_MS = 20 };

ssize_t read_memory(const struct worker *worker, uint64_t address, void *bytes, size_t size) {
  struct iovec local = {bytes, size}, remote = {(void *)address, size};
  return process_vm_readv(worker->process->pid, &local, 1, &remote, 1, 0);
}

ssize_t write_memory(const struct worker *worker, uint64_t address, const void *bytes, size_t size) {
  struct iovec local = {(void *)bytes, size}, remote = {(void *)address, size};
  return process_vm_writev(worker->process->pid, &local, 1, &remote, 1, 0);
}

/* Whether a signal waits that the thread does not block. The kernel gives those of the process to the main thread, if it can. */
int has_signal(const struct worker *worker) {
  pid_t main = worker->process->pid;
  unsigned long long own = status_of(worker->tid, "SigPnd:", 16), shared = status_of(worker->tid, "ShdPnd:", 16);
  if (!own && !shared) return 0;
  if (worker->tid != main) shared &= status_of(main, "SigBlk:", 16);
  return ((own | shared) & ~status_of(worker->tid, "SigBlk:", 16)) != 0;
}

static int is_mine(const struct worker *worker) {
  return atomic_load(&worker->slot->owner) == ((uint64_t)worker->process->pid << 32 | (uint32_t)worker->tid);
}

void call_cancel(struct worker *worker) {
  worker->slot->cancelled = worker->slot->sequence;
  ring_post(ring, worker->slot, PENDING_CANCEL);
}

/* A binder descriptor that a message has brought. */
static int give_device(struct worker *worker) {
  int file = make_device_file(), fd = file < 0 ? -errno : give_descriptor(worker->call.id, file, O_CLOEXEC);
  if (file >= 0) close(file);
  if (fd >= DESCRIPTORS_MAX) return -EMFILE;
  if (fd >= 0) worker->process->is_binder[fd] = 1;
  return fd;
}

/* The server sends a descriptor for the thread through a socket pair. */
static void do_what_is_asked(struct worker *worker, uint32_t state, int pair[2]) {
  struct slot *slot = worker->slot;
  if (state == STATE_PAIR) {
    slot->asked = socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0 ? -1 : pair[1];
  } else if (state == STATE_DEVICE) {
    slot->asked = give_device(worker);
  } else {
    int fd = receive_descriptor(pair[0], MSG_DONTWAIT);
    slot->asked = fd < 0 ? fd : give_descriptor(worker->call.id, fd, O_CLOEXEC);
    if (fd >= 0) close(fd);
    for (int i = 0; i < 2; i++) close(pair[i]);
  }
  atomic_store(&slot->state, STATE_DONE);
  ring_futex(&slot->state, FUTEX_WAKE, 1, NULL);
}

struct slot *call_begin(struct worker *worker, uint32_t op, int fd) {
  struct slot *slot = worker->slot;
  slot->op = op;
  slot->fd = fd;
  slot->sequence++;
  slot->sent_count = slot->sent_size = slot->stored_count = slot->stored_size = slot->shut_count = 0;
  memset(slot->args, 0, sizeof slot->args);
  slot->processor = -1;
  slot->helper = getpid();
  return slot;
}

void call_post(struct worker *worker) {
  atomic_store(&worker->slot->state, STATE_SLEEPING);
  ring_post(ring, worker->slot, PENDING_CALL);
}

int64_t call_wait(struct worker *worker) {
  static const struct timespec look = {0, LOOK_MS * 1000000};
  struct slot *slot = worker->slot;
  int pair[2] = {-1, -1}, is_cancelled = 0;
  uint32_t state;
  while ((state = atomic_load(&slot->state)) != STATE_ANSWERED) {
    if (atomic_load(&ring->gone) || !is_mine(worker)) return -EIO;
    if (state == STATE_PAIR || state == STATE_RECEIVE || state == STATE_DEVICE) do_what_is_asked(worker, state, pair);
    else if (ring_futex(&slot->state, FUTEX_WAIT, state, &look) < 0 && errno == ETIMEDOUT && !is_cancelled)
      if (!is_waiting(worker->call.id) || has_signal(worker)) call_cancel(worker), is_cancelled = 1;
  }
  int64_t result = slot->result;
  for (uint32_t i = 0; i < slot->stored_count && i < PIECES_MAX; i++) {
    const struct piece *piece = &slot->stored[i];
    if (write_memory(worker, piece->address, (char *)slot + piece->offset, piece->size) != (ssize_t)piece->size) result = -EFAULT;
  }
  return result;
}

int64_t call(struct worker *worker, uint32_t op, int fd, uint64_t first, uint64_t second, uint64_t third) {
  struct slot *slot = call_begin(worker, op, fd);
  slot->args[0] = first;
  slot->args[1] = second;
  slot->args[2] = third;
  call_post(worker);
  return call_wait(worker);
}

/* The thread has a slot afterwards. After exec and fork the server learns what is left of the process's descriptors. */
static int64_t say_hello(struct worker *worker, int is_exec, const struct kept *kept, int count) {
  if (!worker->slot) worker->slot = ring_take(ring, (uint64_t)worker->process->pid << 32 | (uint32_t)worker->tid);
  if (!worker->slot) return -ENOMEM;
  struct slot *slot = call_begin(worker, OP_HELLO, 0);
  slot->args[0] = uid_of(worker->tid);
  slot->args[1] = status_of(worker->tid, "PPid:", 10);
  slot->args[2] = is_exec;
  slot->args[3] = count;
  if (count) memcpy(slot->sent_bytes, kept, count * sizeof *kept);
  call_post(worker);
  int64_t result = call_wait(worker);
  if (result < 0) worker->slot = NULL;
  else worker->process->is_known = 1;
  return result;
}

int64_t join(struct worker *worker) { return worker->slot ? 0 : say_hello(worker, 0, NULL, 0); }

void say_bye(struct worker *worker) {
  if (worker->slot && is_mine(worker)) ring_post(ring, worker->slot, PENDING_BYE);
  worker->slot = NULL;
}

/* The device of the path, or -1. */
static int device_at(const struct worker *worker, uint64_t address) {
  char path[64] = "";
  return read_memory(worker, address, path, sizeof path - 1) > 0 ? device_of(path) : -1;
}

static void serve_access(struct worker *worker, uint64_t address, uint64_t mode) {
  if (device_at(worker, address) < 0) return go_on(worker->call.id);
  respond(worker->call.id, mode & X_OK ? -EACCES : 0);
}

static void serve_open(struct worker *worker, uint64_t address, uint64_t flags) {
  struct seccomp_notif *call_of = &worker->call;
  int device = device_at(worker, address);
  if (device < 0) return go_on(call_of->id);
  int file = make_device_file();
  if (file >= 0 && flags & O_NONBLOCK) fcntl(file, F_SETFL, O_NONBLOCK); // F_GETFL tells of it
  int fd = file < 0 ? -EMFILE : give_descriptor(call_of->id, file, flags & O_CLOEXEC);
  int64_t result = fd;
  if (fd >= 0) result = join(worker) < 0 ? -ENODEV : fd;
  if (fd >= 0 && result >= 0) result = fd >= DESCRIPTORS_MAX ? -EMFILE : call(worker, OP_OPEN, fd, device, flags, inode_of(file));
  if (file >= 0) close(file);
  if (fd >= 0 && result >= 0) worker->process->is_binder[fd] = 1;
  respond(call_of->id, result < 0 ? result : fd);
}

static void serve_mmap(struct worker *worker, const uint64_t *args) {
  struct slot *slot = call_begin(worker, OP_MMAP, (int)args[4]);
  slot->args[1] = args[1];
  slot->args[2] = args[2];
  slot->args[3] = args[3];
  slot->args[4] = args[5];
  call_post(worker);
  int64_t address = call_wait(worker);
  if (address >= 0) worker->process->mapping = address;
  if (address < 0) return respond(worker->call.id, address);
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/mapping-%llu", folder, (unsigned long long)slot->value);
  int file = open(path, O_RDONLY | O_CLOEXEC), fd = file < 0 ? -errno : give_descriptor(worker->call.id, file, O_CLOEXEC);
  if (file >= 0) close(file);
  if (fd < 0) return respond(worker->call.id, fd);
  struct injected calls[] = {
      {SYS_mmap, {address, args[1], PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0}, 0},
      {SYS_close, {fd}, 0},
  };
  inject(worker, 0, calls, 2, 1);
}

static void serve_ioctl(struct worker *worker, const uint64_t *args) {
  int64_t result = call(worker, OP_IOCTL, (int)args[0], (uint32_t)args[1], args[2], 1);
  struct injected calls[SHUT_MAX];
  uint32_t count = worker->slot ? worker->slot->shut_count : 0;
  if (count > SHUT_MAX) count = SHUT_MAX;
  for (uint32_t i = 0; i < count; i++) calls[i] = (struct injected){SYS_close, {worker->slot->shut[i]}, 0};
  if (count) inject(worker, result, calls, count, 0);
  else respond(worker->call.id, result);
}

/* A descriptor of the process, here. */
int copy_descriptor(const struct worker *worker, int fd) {
  int process = syscall(SYS_pidfd_open, worker->process->pid, 0);
  int copy = process < 0 ? -1 : syscall(SYS_pidfd_getfd, process, fd, 0);
  if (process >= 0) close(process);
  return copy;
}

/* A device, or an epoll instance that watches one. */
static int is_ours(const struct process *process, int fd) { return is_binder(process, fd) || twin_of(process->twins, fd); }

static void forget(struct worker *worker, int fd) {
  if (twin_of(worker->process->twins, fd)) twins_forget(worker->process->twins, fd);
  worker->process->is_binder[fd] = 0;
  call(worker, OP_CLOSE, fd, 0, 0, 0);
}

/* The kernel copies the descriptor; its number is known only afterwards, unless this process gives it. */
static void serve_copy(struct worker *worker, int fd, int to, int flags) {
  int file = copy_descriptor(worker, fd);
  struct seccomp_notif_addfd added = {.id = worker->call.id, .srcfd = file, .newfd_flags = flags & O_CLOEXEC};
  if (to >= 0) added.flags = SECCOMP_ADDFD_FLAG_SETFD, added.newfd = to;
  if (is_ours(worker->process, to)) forget(worker, to);
  int copy = file < 0 ? -1 : ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &added), error = errno;
  if (file >= 0) close(file);
  if (copy < 0) return respond(worker->call.id, -error);
  if (copy < DESCRIPTORS_MAX && is_binder(worker->process, fd)) worker->process->is_binder[copy] = 1;
  else if (copy < DESCRIPTORS_MAX) worker->process->twins->of[copy] = twin_of(worker->process->twins, fd);
  int64_t result = call(worker, OP_DUP, fd, copy, 0, 0);
  respond(worker->call.id, result < 0 ? result : copy);
}

/* The lowest free number from `least` up; -1 for the lowest of all. */
static int free_descriptor(pid_t pid, int least) {
  char path[64];
  for (; least > 0; least++) {
    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, least);
    struct stat file;
    if (lstat(path, &file) < 0) return least;
  }
  return -1;
}

static void serve_close(struct worker *worker, int fd) {
  forget(worker, fd);
  go_on(worker->call.id);
}

/* ioctl FIONBIO, by a copy of the descriptor, which has the same flags. */
static void serve_nonblocking(struct worker *worker, int fd, uint64_t address) {
  int is_on, file = copy_descriptor(worker, fd);
  int64_t result = file < 0 ? -EBADF : read_memory(worker, address, &is_on, sizeof is_on) != sizeof is_on ? -EFAULT : 0;
  if (!result && !(result = ioctl(file, FIONBIO, &is_on))) result = call(worker, OP_SETFL, fd, fcntl(file, F_GETFL), 0, 0);
  if (file >= 0) close(file);
  respond(worker->call.id, result);
}

static void serve_fcntl(struct worker *worker, const uint64_t *args) {
  int fd = (int)args[0], command = (int)args[1];
  if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
    return serve_copy(worker, fd, free_descriptor(worker->process->pid, (int)args[2]), command == F_DUPFD ? 0 : O_CLOEXEC);
  if (command == F_SETFL && is_binder(worker->process, fd)) call(worker, OP_SETFL, fd, (uint32_t)args[2], 0, 0);
  go_on(worker->call.id);
}

/* After fork or exec: what the process has now. */
static void look_after_exec(struct worker *worker) {
  struct process *process = worker->process;
  struct kept kept[KEPT_MAX];
  process->may_exec = 0;
  char byte;
  if (process->mapping && read_memory(worker, process->mapping, &byte, 1) == 1) return; // execve has failed
  process->mapping = 0;
  int count = find_kept(process, kept);
  if (!count && !process->is_known) return;
  say_bye(worker);
  say_hello(worker, 1, kept, count);
}

void serve_call(struct worker *worker) {
  const uint64_t *args = (const uint64_t *)worker->call.data.args;
  struct process *process = worker->process;
  long number = worker->call.data.nr;
  if (worker->slot && !is_mine(worker)) worker->slot = NULL;
  if (process->may_exec) look_after_exec(worker);
  if (process->may_change_uid && worker->slot) {
    process->may_change_uid = 0;
    call(worker, OP_SETUID, 0, uid_of(worker->tid), 0, 0);
  }
  if (number == SYS_execve || number == SYS_execveat) process->may_exec = 1;
  if (number == SYS_setuid || number == SYS_setreuid || number == SYS_setresuid) {
    process->may_change_uid = 1;
    return go_on(worker->call.id);
  }
  if (number == SYS_exit_group) return go_on(worker->call.id); // now the server knows also of a child that has made no other call
#ifdef SYS_open
  if (number == SYS_open) return serve_open(worker, args[0], args[1]);
  if (number == SYS_access) return serve_access(worker, args[0], args[1]);
#endif
  if (number == SYS_openat) return serve_open(worker, args[1], args[2]);
  if (number == SYS_faccessat || number == SYS_faccessat2) return serve_access(worker, args[1], args[2]);
#ifdef SYS_poll
  if (number == SYS_poll) return serve_poll(worker, args[0], args[1], (int)args[2]);
  if (number == SYS_select) return serve_select(worker, args, 0);
#endif
  if (number == SYS_ppoll) return serve_ppoll(worker, args);
  if (number == SYS_pselect6) return serve_select(worker, args, 1);
  if (number == SYS_epoll_ctl) return serve_epoll_ctl(worker, args);
#ifdef SYS_epoll_wait
  if (number == SYS_epoll_wait) return serve_epoll_wait(worker, args, (int)args[3]);
#endif
  if (number == SYS_epoll_pwait) return serve_epoll_wait(worker, args, (int)args[3]);
  if (number == SYS_epoll_pwait2) return serve_epoll_wait(worker, args, epoll_time(worker, args[3]));
  int fd = number == SYS_mmap ? (int)args[4] : (int)args[0];
  int is_dup_to = number == SYS_dup3;
#ifdef SYS_dup2
  is_dup_to |= number == SYS_dup2;
#endif
  int is_covered = is_dup_to && !is_ours(process, fd) && is_ours(process, (int)args[1]);
  if (!is_covered && number != SYS_munmap && !is_ours(process, fd)) return go_on(worker->call.id);
  if (join(worker) < 0) return respond(worker->call.id, -ENODEV);
  if (is_covered) return serve_close(worker, (int)args[1]);
  if (number == SYS_munmap) {
    call(worker, OP_MUNMAP, 0, args[0], args[1], 0);
    return go_on(worker->call.id);
  }
  if (number == SYS_ioctl && (uint32_t)args[1] == FIONBIO) return serve_nonblocking(worker, fd, args[2]);
  if (number == SYS_ioctl) return serve_ioctl(worker, args);
  if (number == SYS_mmap) return serve_mmap(worker, args);
  if (number == SYS_close) return serve_close(worker, fd);
  if (number == SYS_dup) return serve_copy(worker, fd, -1, 0);
  if (number == SYS_dup3) return serve_copy(worker, fd, (int)args[1], (int)args[2]);
#ifdef SYS_dup2
  if (number == SYS_dup2) return fd == (int)args[1] ? go_on(worker->call.id) : serve_copy(worker, fd, (int)args[1], 0);
#endif
  if (number == SYS_fcntl) return serve_fcntl(worker, args);
  go_on(worker->call.id);
}
