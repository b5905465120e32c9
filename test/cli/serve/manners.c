// What test suites and main loops of other projects do, beyond calls. Any of these, in the order given:
//   manners flags      O_NONBLOCK by fcntl and by ioctl, of all copies of a descriptor; close-on-exec by ioctl
//   manners paths      what access and stat say of devices
//   manners secctx     a context manager asks for the senders' security contexts
//   manners managers   managers are killed by SIGKILL, and each time the next one begins after waitpid
#include "binder.h"

#include <sys/stat.h>
#include <sys/time.h>

enum { MANAGERS = 40, SENT = 1, CONTEXT_BYTES = 64 };

static void on_alarm(int signal) { (void)signal; }

/* How a read ends for which there is nothing: with EAGAIN at once, or when a signal comes. */
static const char *read_nothing(int fd) {
  struct itimerval soon = {.it_value = {0, 100000}}, none = {{0, 0}, {0, 0}};
  struct binder_write_read both = {.read_size = sizeof results, .read_buffer = (uintptr_t)results};
  setitimer(ITIMER_REAL, &soon, NULL);
  int result = ioctl(fd, BINDER_WRITE_READ, &both), error = errno;
  setitimer(ITIMER_REAL, &none, NULL);
  return result < 0 ? strerror(error) : "something";
}

static void show(const char *what, int fd) {
  printf("%s: %s, O_NONBLOCK %d\n", what, read_nothing(fd), (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
}

static void change_flags(void) {
  struct sigaction action = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &action, NULL);
  open_device();
  enter_looper();
  show("opened", device);
  fcntl(device, F_SETFL, O_RDWR | O_NONBLOCK);
  show("by fcntl", device);
  int copy = dup(device), is_on = 0;
  show("its copy", copy);
  ioctl(copy, FIONBIO, &is_on);
  show("off by ioctl", device);
  is_on = 1;
  ioctl(device, FIONBIO, &is_on);
  show("on by ioctl", copy);
  ioctl(copy, FIOCLEX);
  printf("close-on-exec: %d", fcntl(copy, F_GETFD));
  ioctl(copy, FIONCLEX);
  printf(", then %d\n", fcntl(copy, F_GETFD));
}

static int is_device(mode_t mode) { return S_ISCHR(mode) && (mode & 0777) == 0666; }

static void look_at(const char *path) {
  struct stat status[2] = {0};
  struct statx more = {0};
  int found = stat(path, &status[0]) == 0, same = lstat(path, &status[1]) == 0 && status[0].st_rdev == status[1].st_rdev;
  int by_statx = statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &more) == 0 && is_device(more.stx_mode);
  printf("%s: %d %d, stat %d %d %d\n", path, access(path, R_OK | W_OK) == 0, faccessat(AT_FDCWD, path, X_OK, 0) == 0,
         found && is_device(status[0].st_mode), same, by_statx);
}

static int become_manager(uint32_t flags) {
  struct flat_binder_object object = {.flags = flags};
  return ioctl(device, BINDER_SET_CONTEXT_MGR_EXT, &object);
}

static void show_senders(void) {
  int ready[2];
  char byte = 'x';
  struct binder_transaction_data_secctx got;
  open_device();
  if (become_manager(FLAT_BINDER_FLAG_TXN_SECURITY_CTX) < 0 || pipe(ready) < 0) fail("begin");
  pid_t child = fork();
  if (child == 0) {
    open_device();
    if (read(ready[0], &byte, 1) != 1) fail("read");
    send_message(BC_TRANSACTION, 0, SENT, TF_ONE_WAY, NULL, 0, NULL);
    expect(BR_TRANSACTION_COMPLETE);
    exit(0);
  }
  enter_looper();
  if (write(ready[1], &byte, 1) != 1) fail("write");
  int status;
  waitpid(child, &status, 0);
  if (status) return;
  memcpy(&got, expect(BR_TRANSACTION_SEC_CTX), sizeof got);
  printf("code %u of %.*s\n", got.transaction_data.code, CONTEXT_BYTES, (const char *)(uintptr_t)got.secctx);
}

/* One who is not killed before it is manager. Whether it could be. */
static int kill_one(void) {
  int ready[2];
  char is_good = 0;
  if (pipe(ready) < 0) fail("pipe");
  pid_t child = fork();
  if (child == 0) {
    open_device();
    is_good = become_manager(0) == 0;
    if (write(ready[1], &is_good, 1) != 1) fail("write");
    for (;;) pause();
  }
  if (read(ready[0], &is_good, 1) != 1) fail("read");
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  close(ready[0]), close(ready[1]);
  return is_good;
}

static void succeed_each_other(void) {
  int good = 0;
  for (int i = 0; i < MANAGERS; i++) good += kill_one();
  printf("%d managers after another\n", good);
}

static void look_at_devices(void) {
  look_at("/dev/binder");
  look_at("/dev/vndbinder");
  look_at("/dev/binderfs/own");
  look_at("/dev/no-binder");
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "paths")) look_at_devices();
    if (!strcmp(argv[i], "managers")) succeed_each_other();
    if (!strcmp(argv[i], "flags")) change_flags();
    if (!strcmp(argv[i], "secctx")) show_senders();
  }
  return 0;
}
