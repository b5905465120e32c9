// Preloaded into a program (LD_PRELOAD), it sends the program's system calls on Binder devices to `binderlab serve`. The server
// reads the program's memory itself, and an answer has the stores that the call makes. Of Binder's structures it knows one,
// binder_write_read, to send the commands along: that saves the server a read.
//
//     program's thread --request--> FIFO `requests`, one for all --> server
//                      <--answer--- FIFO named by its tid
//
// A binder descriptor is an eventfd, so that its number is taken and close-on-exec works.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "request.h"

#define BINDER_WRITE_READ _IOWR('b', 1, struct binder_write_read)

struct binder_write_read {
  uint64_t write_size, write_consumed, write_buffer;
  uint64_t read_size, read_consumed, read_buffer;
};

enum { DESCRIPTORS_MAX = 4096, MAPPINGS_MAX = 64, HIGH_DESCRIPTOR = 900, PATH_BYTES = 256 };

static const char *const DEVICES[] = {"binder", "hwbinder", "vndbinder"};

static unsigned char is_binder[DESCRIPTORS_MAX];
static struct mapping {
  uintptr_t start;
  size_t size;
} mappings[MAPPINGS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t thread_end;
static pid_t self, parent;
static int requests = -1;
static int was_used;
static volatile int is_gone; // the server
static __thread int answers = -1;
static __thread int tid;

#define REAL(type, name, ...) \
  static type (*real_##name)(__VA_ARGS__); \
  static void find_##name(void) { \
    if (!real_##name) real_##name = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name); \
  }
REAL(int, open, const char *, int, ...)
REAL(int, openat, int, const char *, int, ...)
REAL(int, close, int)
REAL(int, ioctl, int, unsigned long, ...)
REAL(int, munmap, void *, size_t)
REAL(int, poll, struct pollfd *, nfds_t, int)
REAL(int, select, int, fd_set *, fd_set *, fd_set *, struct timeval *)
REAL(int, setuid, uid_t)
REAL(int, seteuid, uid_t)
REAL(int, setreuid, uid_t, uid_t)
REAL(int, setresuid, uid_t, uid_t, uid_t)
REAL(int, dup, int)
REAL(int, dup2, int, int)
REAL(int, dup3, int, int, int)
REAL(int, fcntl, int, int, ...)

static void *raw_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset) {
  return (void *)syscall(SYS_mmap, at, size, prot, flags, fd, offset);
}

/* Bytes of the program that go with a request. */
struct along {
  struct iovec parts[2];
};

/* The kernel refuses the whole request when the program does not have the bytes: then it goes without them. */
static void send_request(struct request *request, const struct along *along) {
  struct iovec parts[3] = {{request, sizeof *request}};
  request->pid = self;
  request->tid = tid;
  request->bytes = 0;
  for (int i = 0; along && i < 2; i++) {
    parts[i + 1] = along->parts[i];
    request->bytes += along->parts[i].iov_len;
  }
  while (writev(requests, parts, 3) < 0) {
    if (errno == EFAULT) {
      parts[1].iov_len = parts[2].iov_len = 0;
      request->bytes = 0;
    } else if (errno != EINTR) return;
  }
}

static void tell(uint32_t op) {
  struct request request = {.op = op};
  send_request(&request, NULL);
}

/* What has come of the answer and is not taken yet. */
static __thread struct {
  char bytes[4096];
  size_t from, to;
} come;

/* At least one byte of the answer. A signal handler may run meanwhile: then the call that waits ends with EINTR, and answers. */
static int more(void) {
  while (come.from == come.to) {
    ssize_t got = read(answers, come.bytes, sizeof come.bytes);
    if (got < 0 && errno == EINTR) tell(OP_SIGNAL);
    else if (got <= 0) return -1;
    else come.from = 0, come.to = got;
  }
  return 0;
}

static int receive(void *to, size_t size) {
  while (size) {
    if (more()) return -1;
    size_t part = size < come.to - come.from ? size : come.to - come.from;
    memcpy(to, come.bytes + come.from, part);
    come.from += part;
    to = (char *)to + part;
    size -= part;
  }
  return 0;
}

/* Stores bytes of the answer at an address of the program, as the kernel does: without a signal. */
static int store(uint64_t address, uint64_t size) {
  int error = 0;
  while (size) {
    if (more()) return -EIO;
    size_t part = size < come.to - come.from ? size : come.to - come.from;
    struct iovec from = {come.bytes + come.from, part}, to = {(void *)address, part};
    if (process_vm_writev(self, &from, 1, &to, 1, 0) != (ssize_t)part) error = -EFAULT;
    come.from += part;
    address += part;
    size -= part;
  }
  return error;
}

static void take_answer(struct answer *answer) {
  if (receive(answer, sizeof *answer)) {
    answer->result = -EIO;
    is_gone = 1;
    return;
  }
  for (uint32_t i = 0; i < answer->stores; i++) {
    uint64_t place[2];
    int error = receive(place, sizeof place) ? -EIO : store(place[0], place[1]);
    if (error) answer->result = error;
  }
}

/* Moves a descriptor of the shim's own out of the way of the program's. */
static int keep_high(int fd) {
  int high = real_fcntl(fd, F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR);
  if (high < 0) return fd;
  real_close(fd);
  return high;
}

static int join(void) {
  if (is_gone) return -1;
  if (answers >= 0) return 0;
  const char *folder = getenv("BINDERLAB_SERVE");
  char path[PATH_BYTES];
  if (!folder) return -1;
  pthread_mutex_lock(&lock);
  if (requests < 0) {
    snprintf(path, sizeof path, "%s/requests", folder);
    int fd = real_open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK); // without a server: ENXIO
    if (fd >= 0) {
      // With an end for reading of its own, a program gets no SIGPIPE when the server has gone.
      requests = keep_high(real_open(path, O_RDWR | O_CLOEXEC));
      real_close(fd);
    }
  }
  int is_first = !was_used;
  was_used = 1;
  pthread_mutex_unlock(&lock);
  if (requests < 0) return -1;
  tid = syscall(SYS_gettid);
  snprintf(path, sizeof path, "%s/%d", folder, tid);
  mkfifo(path, 0600);
  // The first open would wait for a writer, and without its own end for writing the thread learns that the server has gone.
  int both = real_open(path, O_RDWR | O_CLOEXEC), fd = real_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (both < 0 || fd < 0) return -1;
  real_fcntl(fd, F_SETFL, 0);
  answers = keep_high(fd);
  pthread_setspecific(thread_end, (void *)1);
  struct request request = {.op = OP_HELLO, .args = {geteuid(), parent, is_first}};
  struct answer answer;
  send_request(&request, NULL);
  take_answer(&answer);
  real_close(both);
  if (answer.result >= 0) prctl(PR_SET_PTRACER, answer.value); // so that the server may read the program's memory
  else {
    real_close(answers);
    answers = -1;
  }
  return answer.result < 0 ? -1 : 0;
}

static long ask(struct request request, const struct along *along, struct answer *answer) {
  struct answer own;
  if (!answer) answer = &own;
  if (join()) {
    errno = ENODEV;
    return -1;
  }
  send_request(&request, along);
  take_answer(answer);
  if (answer->result >= 0) return answer->result;
  errno = -answer->result;
  return -1;
}

static void thread_ended(void *unused) {
  (void)unused;
  if (answers < 0) return;
  tell(OP_BYE);
  real_close(answers);
  answers = -1;
}

static void forked(void) {
  pthread_mutex_init(&lock, NULL);
  if (answers >= 0) real_close(answers);
  answers = -1;
  parent = self;
  self = getpid();
  memset(mappings, 0, sizeof mappings); // Binder mappings are not inherited
  if (!was_used) return;
  was_used = 0;
  join();
}

__attribute__((constructor)) static void begin(void) {
  find_open(), find_openat(), find_close(), find_ioctl(), find_munmap(), find_poll();
  find_dup(), find_dup2(), find_dup3(), find_fcntl();
  self = getpid();
  pthread_key_create(&thread_end, thread_ended);
  pthread_atfork(NULL, NULL, forked);
}

/* A child of vfork has the parent's memory, and none of its calls is the parent's. */
static int is_ours(int fd) {
  return fd >= 0 && fd < DESCRIPTORS_MAX && is_binder[fd] && getpid() == self;
}

static int device_of(const char *path) {
  if (!path || strncmp(path, "/dev/", 5)) return -1;
  const char *name = path + 5;
  if (!strncmp(name, "binderfs/", 9)) name += 9;
  for (int i = 0; i < 3; i++)
    if (!strcmp(name, DEVICES[i])) return i;
  return -1;
}

static int open_device(int device, int flags) {
  int fd = eventfd(0, flags & O_CLOEXEC ? EFD_CLOEXEC : 0);
  if (fd < 0) return -1;
  if (fd >= DESCRIPTORS_MAX) errno = EMFILE;
  else if (ask((struct request){.op = OP_OPEN, .fd = fd, .args = {device, flags}}, NULL, NULL) >= 0) {
    is_binder[fd] = 1;
    return fd;
  }
  int error = errno;
  real_close(fd);
  errno = error;
  return -1;
}

#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { \
    va_list rest; \
    va_start(rest, flags); \
    mode = va_arg(rest, mode_t); \
    va_end(rest); \
  }

int open(const char *path, int flags, ...) {
  MODE(flags)
  int device = device_of(path);
  if (device >= 0) return open_device(device, flags);
  find_open();
  return real_open(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE(flags)
  int device = device_of(path);
  if (device >= 0) return open_device(device, flags);
  find_open();
  return real_open(path, flags | O_LARGEFILE, mode);
}

int openat(int folder, const char *path, int flags, ...) {
  MODE(flags)
  int device = device_of(path);
  if (device >= 0) return open_device(device, flags);
  find_openat();
  return real_openat(folder, path, flags, mode);
}

static void close_binder(int fd) {
  ask((struct request){.op = OP_CLOSE, .fd = fd}, NULL, NULL);
  is_binder[fd] = 0;
}

int close(int fd) {
  find_close();
  if (is_ours(fd)) close_binder(fd);
  return real_close(fd);
}

/* The server learns of a second number of a descriptor. */
static int copied(int fd, int copy) {
  if (copy < 0 || copy >= DESCRIPTORS_MAX || copy == fd || !is_ours(fd)) return copy;
  ask((struct request){.op = OP_DUP, .fd = fd, .args = {copy}}, NULL, NULL);
  is_binder[copy] = 1;
  return copy;
}

int dup(int fd) {
  find_dup();
  return copied(fd, real_dup(fd));
}

int dup2(int fd, int to) {
  find_dup2();
  if (fd != to && is_ours(to)) close_binder(to);
  return copied(fd, real_dup2(fd, to));
}

int dup3(int fd, int to, int flags) {
  find_dup3();
  if (fd != to && is_ours(to)) close_binder(to);
  return copied(fd, real_dup3(fd, to, flags));
}

int fcntl(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  find_fcntl();
  int result = real_fcntl(fd, command, argument);
  return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? copied(fd, result) : result;
}

int fcntl64(int fd, int command, ...) __attribute__((alias("fcntl")));

int ioctl(int fd, unsigned long command, ...) {
  va_list rest;
  va_start(rest, command);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  find_ioctl();
  if (!is_ours(fd)) return real_ioctl(fd, command, argument);
  struct request request = {.op = OP_IOCTL, .fd = fd, .args = {(uint32_t)command, (uintptr_t)argument}};
  size_t room = PIPE_BUF - sizeof request, size = _IOC_SIZE(command);
  struct along along = {{{argument, size <= room ? size : 0}}};
  struct binder_write_read both;
  struct iovec to = {&both, sizeof both}, from = {argument, sizeof both};
  if (command == BINDER_WRITE_READ && process_vm_readv(self, &to, 1, &from, 1, 0) == sizeof both) {
    size_t commands = both.write_size - both.write_consumed;
    // None are left when it has consumed too much: the difference is large then.
    if (commands <= room - size) along.parts[1] = (struct iovec){(char *)both.write_buffer + both.write_consumed, commands};
  }
  return ask(request, &along, NULL);
}

void *mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset) {
  if ((flags & MAP_ANONYMOUS) || !is_ours(fd)) return raw_mmap(at, size, prot, flags, fd, offset);
  struct request request = {.op = OP_MMAP, .fd = fd, .args = {(uintptr_t)at, size, prot, flags, offset}};
  struct answer answer;
  if (ask(request, NULL, &answer) < 0) return MAP_FAILED;
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/mapping-%llu", getenv("BINDERLAB_SERVE"), (unsigned long long)answer.value);
  int file = real_open(path, O_RDONLY | O_CLOEXEC);
  void *mapped = raw_mmap((void *)answer.result, size, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
  real_close(file);
  if (mapped == MAP_FAILED) return mapped;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < MAPPINGS_MAX; i++) {
    if (mappings[i].size) continue;
    mappings[i] = (struct mapping){(uintptr_t)mapped, size};
    break;
  }
  pthread_mutex_unlock(&lock);
  return mapped;
}

void *mmap64(void *, size_t, int, int, int, off_t) __attribute__((alias("mmap")));

int munmap(void *at, size_t size) {
  uintptr_t start = (uintptr_t)at, end = start + size;
  find_munmap();
  for (int i = 0; i < MAPPINGS_MAX && getpid() == self; i++) {
    struct mapping *one = &mappings[i];
    if (!one->size || one->start >= end || start >= one->start + one->size) continue;
    ask((struct request){.op = OP_MUNMAP, .args = {start, size}}, NULL, NULL);
    if (one->start >= start && one->start + one->size <= end) one->size = 0;
  }
  return real_munmap(at, size);
}

/* The server learns of the new uid, if the program has called it: else the first call tells. */
static int uid_set(int result) {
  int error = errno;
  if (result == 0 && was_used && getpid() == self)
    ask((struct request){.op = OP_SETUID, .args = {geteuid()}}, NULL, NULL);
  errno = error;
  return result;
}

int setuid(uid_t uid) {
  find_setuid();
  return uid_set(real_setuid(uid));
}

int seteuid(uid_t uid) {
  find_seteuid();
  return uid_set(real_seteuid(uid));
}

int setreuid(uid_t real, uid_t effective) {
  find_setreuid();
  return uid_set(real_setreuid(real, effective));
}

int setresuid(uid_t real, uid_t effective, uid_t saved) {
  find_setresuid();
  return uid_set(real_setresuid(real, effective, saved));
}

/* The events of one descriptor now, without waiting; a negative number is an error. */
static long events_now(struct pollfd *one) {
  struct answer answer;
  struct request request = {.op = OP_POLL, .fd = one->fd, .args = {(uint16_t)one->events, 0}};
  return ask(request, NULL, &answer) < 0 ? POLLNVAL : (long)answer.value;
}

/* The binder descriptors answer once each; the first one waits in the server while the others are polled here. */
int poll(struct pollfd *fds, nfds_t count, int timeout) {
  find_poll();
  nfds_t first = count;
  for (nfds_t i = count; i-- > 0;)
    if (is_ours(fds[i].fd)) first = i;
  if (first == count) return real_poll(fds, count, timeout);
  if (join()) {
    errno = ENODEV;
    return -1;
  }
  struct pollfd all[count + 1];
  int ready = 0;
  for (nfds_t i = 0; i < count; i++) {
    all[i] = fds[i];
    fds[i].revents = 0;
    if (!is_ours(fds[i].fd)) continue;
    all[i].fd = -1;
    if (i != first && (fds[i].revents = events_now(&fds[i]))) ready++;
  }
  struct request request = {.op = OP_POLL, .fd = fds[first].fd, .args = {(uint16_t)fds[first].events, !ready && timeout != 0}};
  struct answer answer;
  send_request(&request, NULL);
  all[count] = (struct pollfd){.fd = answers, .events = POLLIN};
  int found = real_poll(all, count + 1, ready || timeout == 0 ? -1 : timeout), error = errno;
  if (found <= 0 || !all[count].revents) tell(OP_SIGNAL);
  take_answer(&answer);
  if (answer.result >= 0 && answer.value) fds[first].revents = answer.value;
  if (fds[first].revents) ready++;
  if (real_poll(all, count, 0) > 0)
    for (nfds_t i = 0; i < count; i++)
      if (all[i].fd >= 0 && (fds[i].revents = all[i].revents)) ready++;
  errno = error;
  return found < 0 && !ready ? -1 : ready;
}

/* The events of select's three sets. */
static const short SETS[3] = {POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI};

/* Without binder descriptors it is the C library's; with them poll does the work. */
int select(int count, fd_set *reads, fd_set *writes, fd_set *exceptions, struct timeval *timeout) {
  fd_set *sets[3] = {reads, writes, exceptions};
  struct pollfd fds[FD_SETSIZE];
  nfds_t used = 0;
  int binders = 0, found = 0;
  for (int fd = 0; fd < count && fd < FD_SETSIZE; fd++) {
    struct pollfd one = {.fd = fd};
    for (int i = 0; i < 3; i++)
      if (sets[i] && FD_ISSET(fd, sets[i])) one.events |= SETS[i];
    if (!one.events) continue;
    binders += is_ours(fd);
    fds[used++] = one;
  }
  find_select();
  if (!binders) return real_select(count, reads, writes, exceptions, timeout);
  int result = poll(fds, used, timeout ? (int)(timeout->tv_sec * 1000 + timeout->tv_usec / 1000) : -1);
  if (result < 0) return result;
  for (nfds_t n = 0; n < used; n++) {
    if (fds[n].revents & POLLNVAL) {
      errno = EBADF;
      return -1;
    }
    for (int i = 0; i < 3; i++) {
      if (!sets[i] || !FD_ISSET(fds[n].fd, sets[i])) continue;
      if (fds[n].revents & SETS[i]) found++;
      else FD_CLR(fds[n].fd, sets[i]);
    }
  }
  return found;
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *signals) {
  sigset_t before;
  if (signals) pthread_sigmask(SIG_SETMASK, signals, &before);
  int result = poll(fds, count, timeout ? (int)(timeout->tv_sec * 1000 + timeout->tv_nsec / 1000000) : -1), error = errno;
  if (signals) pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return result;
}
