// The ways by which programs open, wait and close, also those of programs that are compiled with _FORTIFY_SOURCE.
#include "binder.h"

extern int __open_2(const char *path, int flags);
extern int __openat_2(int folder, const char *path, int flags);
extern int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size);

static void try(const char *how, int fd) {
  struct binder_version version = {0};
  int is_good = ioctl(fd, BINDER_VERSION, &version) == 0;
  printf("%s: %s\n", how, is_good && version.protocol_version == BINDER_CURRENT_PROTOCOL_VERSION ? "good" : strerror(errno));
}

/* The devices have a context manager each. */
static void become_manager(const char *path) {
  int fd = open(path, O_RDWR), result = ioctl(fd, BINDER_SET_CONTEXT_MGR, 0);
  printf("%s: %s\n", path, result < 0 ? strerror(errno) : "manager");
}

int main(void) {
  struct timespec now = {0, 0};
  fd_set reads;
  setvbuf(stdout, NULL, _IOLBF, 0);
  try("open", open("/dev/binder", O_RDWR));
  try("open64", open64("/dev/binder", O_RDWR));
  try("openat", openat(AT_FDCWD, "/dev/binder", O_RDWR));
  try("openat64", openat64(AT_FDCWD, "/dev/binder", O_RDWR));
  try("__open_2", __open_2("/dev/binder", O_RDWR));
  try("__openat_2", __openat_2(AT_FDCWD, "/dev/binder", O_RDWR));
  try("no device", open("/dev/null", O_RDWR));
  become_manager("/dev/binder");
  become_manager("/dev/binderfs/binder");
  become_manager("/dev/hwbinder");
  become_manager("/dev/binderfs/hwbinder");
  become_manager("/dev/binderfs/anbox-vndbinder");
  become_manager("/dev/vndbinder");
  become_manager("/dev/binderfs/any");
  become_manager("/dev/binderfs/binder-control");
  open_device();
  enter_looper(); // a thread that has made no ioctl always has work
  struct pollfd one = {.fd = device, .events = POLLIN};
  printf("waits: %d %d %d", poll(&one, 1, 0), ppoll(&one, 1, &now, NULL), __poll_chk(&one, 1, 0, sizeof one));
  FD_ZERO(&reads);
  FD_SET(device, &reads);
  printf(" %d", pselect(device + 1, &reads, NULL, NULL, &now, NULL));
  printf(" %d\n", FD_ISSET(device, &reads) != 0);
  printf("no place for the answer: %s\n", ioctl(device, BINDER_VERSION, NULL) < 0 ? strerror(errno) : "good");
  close_range(device, device, 0);
  printf("closed: %d\n", ioctl(device, BINDER_VERSION, &now) < 0 ? errno : 0);
  return 0;
}
