// A program that makes its system calls itself, without functions of the C library: it pings the service manager.
#include "binder.h"

#include <sys/syscall.h>

static long raw(long number, long a, long b, long c, long d, long e, long f) {
  long result = syscall(number, a, b, c, d, e, f);
  return result < 0 ? -errno : result;
}

static long write_and_read(int fd, const void *commands, size_t size) {
  static char returned[256];
  struct binder_write_read both = {.write_size = size, .write_buffer = (uintptr_t)commands};
  if (size) {
    long error = raw(SYS_ioctl, fd, BINDER_WRITE_READ, (long)&both, 0, 0, 0);
    if (error < 0) return error;
  }
  both = (struct binder_write_read){.read_size = sizeof returned, .read_buffer = (uintptr_t)returned};
  return raw(SYS_ioctl, fd, BINDER_WRITE_READ, (long)&both, 0, 0, 0);
}

/* Whether the service manager answers. */
static int is_answered(int fd) {
  struct message ping = {.word = BC_TRANSACTION, .data = {.code = B_PACK_CHARS('_', 'P', 'N', 'G')}};
  struct pollfd one = {.fd = fd, .events = POLLIN};
  struct timespec second = {1, 0};
  long result = write_and_read(fd, &ping, sizeof ping);
  while (result == -EAGAIN && raw(SYS_ppoll, (long)&one, 1, (long)&second, 0, 0, 0) == 1) result = write_and_read(fd, NULL, 0);
  return result == 0;
}

static long poll_now(int fd, int ms) {
  struct pollfd one = {.fd = fd, .events = POLLIN};
  struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  return raw(SYS_ppoll, (long)&one, 1, (long)&time, 0, 0, 0);
}

static long select_now(int fd) {
  fd_set reads;
  struct timespec now = {0, 0};
  FD_ZERO(&reads);
  FD_SET(fd, &reads);
  return raw(SYS_pselect6, fd + 1, (long)&reads, 0, 0, (long)&now, 0);
}

static long poll_three(int fd, int other) {
  int ends[2];
  if (pipe(ends) < 0 || write(ends[1], "x", 1) != 1) fail("pipe");
  struct pollfd three[] = {{.fd = fd, .events = POLLIN}, {.fd = other, .events = POLLIN}, {.fd = ends[0], .events = POLLIN}};
  return raw(SYS_ppoll, (long)three, 3, 0, 0, 0, 0);
}

int main(void) {
  uint32_t looper = BC_ENTER_LOOPER;
  setvbuf(stdout, NULL, _IOLBF, 0);
  int fd = raw(SYS_openat, AT_FDCWD, (long)"/dev/binder", O_RDWR | O_NONBLOCK | O_CLOEXEC, 0, 0, 0);
  long mapped = raw(SYS_mmap, 0, MAP_SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
  if (fd < 0 || mapped < 0) return printf("open %d, mmap %ld\n", fd, mapped), 1;
  printf("read while nothing is there: %ld\n", -write_and_read(fd, &looper, sizeof looper));
  printf("poll: %ld\n", poll_now(fd, 20));
  printf("select: %ld\n", select_now(fd));
  printf("the service manager answers: %d\n", is_answered(fd));
  int copy = raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 40, 0, 0, 0);
  if (copy < 40) return printf("fcntl %d\n", copy), 1;
  printf("by a copy: %d\n", is_answered(copy));
  printf("two binder descriptors and a pipe: %ld\n", poll_three(fd, copy));
  raw(SYS_munmap, mapped, MAP_SIZE, 0, 0, 0, 0);
  struct binder_write_read both = {.write_size = 4, .write_buffer = mapped};
  printf("after munmap: %ld\n", -raw(SYS_ioctl, fd, BINDER_WRITE_READ, (long)&both, 0, 0, 0));
  raw(SYS_close, fd, 0, 0, 0, 0, 0);
  printf("after close: %ld\n", -raw(SYS_ioctl, fd, BINDER_VERSION, (long)&both, 0, 0, 0));
  return 3;
}
