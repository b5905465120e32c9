// Round trips of two processes, over a socket pair and over /dev/binder, in turns: a call of so many bytes, and a reply of 4.
// Arguments: rounds, calls of each round. It prints a line for each round: bytes, ns by socket, ns by binder.
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/android/binder.h>

enum { LARGE = 65536, MAP_SIZE = 1 << 20 };

struct __attribute__((packed)) commands {
  uint32_t free;
  binder_uintptr_t buffer;
  uint32_t word;
  struct binder_transaction_data data;
};

static char bytes[LARGE];
static int device;
static struct {
  char bytes[256];
  binder_size_t at, size;
} returned;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void write_read(void *commands, size_t size, size_t room) {
  struct binder_write_read both = {
      .write_size = size, .write_buffer = (uintptr_t)commands, .read_size = room, .read_buffer = (uintptr_t)returned.bytes};
  if (ioctl(device, BINDER_WRITE_READ, &both) < 0) fail("BINDER_WRITE_READ");
  returned.at = 0;
  returned.size = both.read_consumed;
}

/* Sends commands and waits for a message. */
static binder_uintptr_t exchange(void *commands, size_t size, uint32_t wanted) {
  for (;;) {
    write_read(commands, size, sizeof returned.bytes);
    size = 0;
    while (returned.at < returned.size) {
      uint32_t word;
      memcpy(&word, returned.bytes + returned.at, sizeof word);
      struct binder_transaction_data *data = (void *)(returned.bytes + returned.at + sizeof word);
      returned.at += sizeof word + _IOC_SIZE(word);
      if (word == wanted) return data->data.ptr.buffer;
    }
  }
}

static struct commands message(binder_uintptr_t buffer, uint32_t word, size_t size) {
  struct commands result = {BC_FREE_BUFFER, buffer, word, {.data_size = size}};
  result.data.data.ptr.buffer = (uintptr_t)bytes;
  return result;
}

static void open_device(void) {
  device = open("/dev/binder", O_RDWR | O_CLOEXEC);
  if (device < 0 || mmap(NULL, MAP_SIZE, PROT_READ, MAP_PRIVATE, device, 0) == MAP_FAILED) fail("/dev/binder");
}

static void serve_binder(int ready) {
  uint32_t word = BC_ENTER_LOOPER;
  open_device();
  if (ioctl(device, BINDER_SET_CONTEXT_MGR, 0) < 0) fail("BINDER_SET_CONTEXT_MGR");
  if (write(ready, "", 1) != 1) fail("write");
  binder_uintptr_t buffer = exchange(&word, sizeof word, BR_TRANSACTION);
  for (;;) {
    struct commands reply = message(buffer, BC_REPLY, 4);
    buffer = exchange(&reply, sizeof reply, BR_TRANSACTION);
  }
}

static void call_binder(size_t size) {
  static binder_uintptr_t buffer; // the last reply's
  struct commands call = message(buffer, BC_TRANSACTION, size);
  char *start = buffer ? (char *)&call : (char *)&call.word;
  buffer = exchange(start, (char *)(&call + 1) - start, BR_REPLY);
}

static void move(int fd, ssize_t (*by)(int, void *, size_t), size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t part = by(fd, bytes + done, size - done);
    if (part <= 0) exit(1);
    done += part;
  }
}

static ssize_t put(int fd, void *from, size_t size) { return write(fd, from, size); }

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

static int by_order(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

/* The median of so many calls. */
static double median(int calls, int socket, size_t size) {
  double *times = malloc(calls * sizeof *times);
  for (int i = 0; i < calls; i++) {
    double start = now();
    if (socket < 0) call_binder(size);
    else move(socket, put, size), move(socket, read, 4);
    times[i] = now() - start;
  }
  qsort(times, calls, sizeof *times, by_order);
  double result = times[calls / 2];
  free(times);
  return result;
}

int main(int argc, char **argv) {
  static const size_t SIZES[] = {4, LARGE};
  int sockets[2][2], ready[2];
  pid_t children[3];
  int rounds = argc > 1 ? atoi(argv[1]) : 5, calls = argc > 2 ? atoi(argv[2]) : 1000;
  if (pipe(ready) < 0) fail("pipe");
  for (int i = 0; i < 2; i++) {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets[i]) < 0) fail("socketpair");
    if ((children[i] = fork()) < 0) fail("fork");
    if (children[i]) continue;
    for (;;) move(sockets[i][1], read, SIZES[i]), move(sockets[i][1], put, 4);
  }
  if ((children[2] = fork()) < 0) fail("fork");
  if (!children[2]) serve_binder(ready[1]);
  if (read(ready[0], bytes, 1) != 1) fail("read");
  open_device();
  for (int round = -1; round < rounds; round++) {
    for (int i = 0; i < 2; i++) {
      double by_socket = median(calls, sockets[i][0], SIZES[i]), by_binder = median(calls, -1, SIZES[i]);
      if (round >= 0) printf("%zu %.0f %.0f\n", SIZES[i], by_socket, by_binder); // the first one warms up
    }
  }
  for (int i = 0; i < 3; i++) kill(children[i], SIGKILL), waitpid(children[i], NULL, 0);
  return 0;
}
