// A context manager that waits with epoll, for its device and a pipe: level-triggered, then once, then by edges.
#include "binder.h"

#include <sys/epoll.h>

enum { DEVICE = 7, PIPE = 8 };

static int instance;

static void wait_for(const char *what, int ms) {
  struct epoll_event events[4];
  int count = epoll_wait(instance, events, 4, ms), seen = 0;
  for (int i = 0; i < count; i++) seen |= events[i].data.u32 == DEVICE ? 1 : events[i].data.u32 == PIPE ? 2 : 4;
  printf("%s: %d, %d\n", what, count, seen);
}

static void send_oneway(void) {
  static uint32_t number = 1;
  send_message(BC_TRANSACTION, 0, 1, TF_ONE_WAY, &number, sizeof number, NULL);
  expect(BR_TRANSACTION_COMPLETE);
}

static void be_client(int start) {
  char byte;
  open_device(); // closing the parent's would wake its threads
  while (read(start, &byte, 1) == 1) send_oneway();
}

static void take(void) {
  struct binder_transaction_data got;
  memcpy(&got, expect(BR_TRANSACTION), sizeof got);
  free_buffer(got.data.ptr.buffer);
}

static void watch(int operation, int fd, uint32_t number, uint32_t events) {
  struct epoll_event event = {.events = events, .data.u32 = number};
  if (epoll_ctl(instance, operation, fd, &event) < 0) printf("epoll_ctl: %s\n", strerror(errno));
}

int main(void) {
  int start[2], ends[2];
  setvbuf(stdout, NULL, _IOLBF, 0);
  open_device();
  if (ioctl(device, BINDER_SET_CONTEXT_MGR, 0) < 0 || pipe(start) < 0 || pipe(ends) < 0) fail("begin");
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) return be_client(start[0]), 0;
  enter_looper();
  instance = epoll_create1(EPOLL_CLOEXEC);
  watch(EPOLL_CTL_ADD, device, DEVICE, EPOLLIN);
  watch(EPOLL_CTL_ADD, ends[0], PIPE, EPOLLIN);
  watch(EPOLL_CTL_ADD, device, DEVICE, EPOLLIN);
  wait_for("nothing", 10);
  if (write(ends[1], "x", 1) != 1) fail("write");
  wait_for("the pipe", -1);
  if (write(start[1], "x", 1) != 1) fail("write");
  usleep(100000);
  wait_for("both", -1);
  watch(EPOLL_CTL_DEL, ends[0], PIPE, 0);
  wait_for("still", -1);
  take();
  wait_for("taken", 10);
  watch(EPOLL_CTL_MOD, device, DEVICE, EPOLLIN | EPOLLONESHOT);
  if (write(start[1], "x", 1) != 1) fail("write");
  wait_for("once", -1);
  wait_for("no more", 10);
  take();
  watch(EPOLL_CTL_MOD, device, DEVICE, EPOLLIN | EPOLLET);
  if (write(start[1], "xx", 2) != 2) fail("write");
  usleep(50000);
  wait_for("an edge", -1);
  wait_for("no other", 10);
  take(); // the next oneway of the node comes now
  wait_for("the next edge", 1000);
  int second = open("/dev/hwbinder", O_RDWR), high = fcntl(second, F_DUPFD, 3000);
  ioctl(second, BINDER_VERSION, &(struct binder_version){0}); // from now on it has no work
  struct pollfd several[] = {{.fd = high, .events = POLLIN}, {.fd = device, .events = POLLIN}, {.fd = second, .events = POLLIN}};
  take();
  printf("several: %d", poll(several, 3, 30));
  pid_t writer = fork();
  if (!writer) usleep(50000), _exit(write(start[1], "x", 1) != 1);
  printf(" %d", poll(several, 3, -1) > 0);
  waitpid(writer, NULL, 0); // its end flushes its copies of the files, so a thread's next read returns at once: they have work
  for (int tries = 0; tries < 200 && poll(several, 3, 10) < 3; tries++) usleep(5000);
  printf(" %d %d %d\n", several[0].revents, several[1].revents, several[2].revents);
  int copy = dup(instance);
  close(instance);
  instance = copy;
  wait_for("by a copy", 10);
  watch(EPOLL_CTL_DEL, device, DEVICE, 0);
  watch(EPOLL_CTL_DEL, device, DEVICE, 0);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return 0;
}
