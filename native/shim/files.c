// Files: which descriptors are Binder's, and the calls that make, copy and close descriptors.
#include "shim.h"

#include "../devices.h"
#include <dirent.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* A binder descriptor is a file of memory of this name: a program that exec has begun finds it. */
#define FILE_NAME "binderlab-device"

static unsigned char is_binder[DESCRIPTORS_MAX], is_kept[DESCRIPTORS_MAX];

REAL(int, open, const char *, int, ...)
REAL(int, openat, int, const char *, int, ...)
REAL(int, close, int)
REAL(int, dup, int)
REAL(int, dup2, int, int)
REAL(int, dup3, int, int, int)
REAL(int, fcntl, int, int, ...)
REAL(int, close_range, unsigned, unsigned, int)

static int is_in_table(int fd) { return fd >= 0 && fd < DESCRIPTORS_MAX; }

int file_is_binder(int fd) { return is_in_table(fd) && is_binder[fd] && session_is_here(); }

int file_open(const char *path, int flags) {
  find_open();
  return real_open(path, flags, 0);
}

int file_close(int fd) {
  find_close();
  if (is_in_table(fd)) is_kept[fd] = 0;
  return real_close(fd);
}

int file_keep(int fd) {
  find_fcntl();
  int high = real_fcntl(fd, F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR);
  if (high < 0) high = fd;
  else file_close(fd);
  if (is_in_table(high)) is_kept[high] = 1;
  return high;
}

static uint64_t inode_of(int fd) {
  struct stat file;
  return fstat(fd, &file) < 0 ? 0 : file.st_ino;
}

static int open_device(int device, int flags) {
  int fd = memfd_create(FILE_NAME, flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
  if (fd < 0) return -1;
  if (fd >= DESCRIPTORS_MAX) errno = EMFILE;
  else if (CALL(OP_OPEN, fd, device, flags, inode_of(fd)) >= 0) {
    is_binder[fd] = 1;
    find_fcntl();
    if (flags & O_NONBLOCK) real_fcntl(fd, F_SETFL, O_NONBLOCK); // F_GETFL tells of it
    return fd;
  }
  int error = errno;
  file_close(fd);
  errno = error;
  return -1;
}

int file_make_device(void) {
  int fd = memfd_create(FILE_NAME, MFD_CLOEXEC);
  if (fd < 0) return -errno;
  if (fd >= DESCRIPTORS_MAX) return file_close(fd), -EMFILE;
  is_binder[fd] = 1;
  return fd;
}

int file_find_kept(struct kept *kept) {
  static const char target[] = "/memfd:" FILE_NAME;
  DIR *folder = opendir("/proc/self/fd");
  struct dirent *entry;
  int count = 0;
  while (folder && count < KEPT_MAX && (entry = readdir(folder))) {
    char link[sizeof target];
    int fd = atoi(entry->d_name);
    ssize_t size = readlinkat(dirfd(folder), entry->d_name, link, sizeof link);
    if (size != sizeof link || memcmp(link, target, sizeof target - 1) || !is_in_table(fd)) continue;
    kept[count++] = (struct kept){.fd = fd, .file = inode_of(fd)};
    is_binder[fd] = 1;
  }
  if (folder) closedir(folder);
  return count;
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

int openat64(int folder, const char *path, int flags, ...) {
  MODE(flags)
  return openat(folder, path, flags | O_LARGEFILE, mode);
}

/* What a program calls that is compiled with _FORTIFY_SOURCE. */
int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }
int __openat_2(int folder, const char *path, int flags) { return openat(folder, path, flags); }
int __openat64_2(int folder, const char *path, int flags) { return openat64(folder, path, flags); }

/* The number is closed. */
static void forget(int fd) {
  events_forget(fd);
  if (!file_is_binder(fd)) return;
  call(OP_CLOSE, fd, NULL, 0);
  is_binder[fd] = 0;
}

/* A descriptor of the shim's own is closed only in appearance. */
int close(int fd) {
  find_close();
  if (is_in_table(fd) && is_kept[fd]) {
    errno = EBADF;
    return -1;
  }
  forget(fd);
  return real_close(fd);
}

int close_range(unsigned first, unsigned last, int flags) {
  find_close_range();
  for (unsigned fd = first; fd <= last && fd < DESCRIPTORS_MAX; fd++) {
    if (!flags) forget(fd);
    if (!is_kept[fd]) continue;
    if (fd > first && real_close_range(first, fd - 1, flags) < 0) return -1;
    first = fd + 1;
  }
  return first > last ? 0 : real_close_range(first, last, flags);
}

void closefrom(int first) { close_range(first < 0 ? 0 : first, ~0u, 0); }

/* The server learns of a second number of a descriptor. */
static int copied(int fd, int copy) {
  if (!is_in_table(copy) || copy == fd) return copy;
  events_copy(fd, copy);
  if (!file_is_binder(fd)) return copy;
  CALL(OP_DUP, fd, copy);
  is_binder[copy] = 1;
  return copy;
}

int dup(int fd) {
  find_dup();
  return copied(fd, real_dup(fd));
}

int dup2(int fd, int to) {
  find_dup2();
  if (fd != to) forget(to);
  return copied(fd, real_dup2(fd, to));
}

int dup3(int fd, int to, int flags) {
  find_dup3();
  if (fd != to) forget(to);
  return copied(fd, real_dup3(fd, to, flags));
}

int fcntl(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  find_fcntl();
  int result = real_fcntl(fd, command, argument);
  if (command == F_SETFL && result >= 0 && file_is_binder(fd)) CALL(OP_SETFL, fd, (uint32_t)(uintptr_t)argument);
  return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? copied(fd, result) : result;
}

int file_set_nonblocking(int fd, int *is_on) {
  find_fcntl();
  if (syscall(SYS_ioctl, fd, FIONBIO, is_on) < 0) return -1;
  return (int)CALL(OP_SETFL, fd, (uint32_t)real_fcntl(fd, F_GETFL));
}

int fcntl64(int fd, int command, ...) __attribute__((alias("fcntl")));
