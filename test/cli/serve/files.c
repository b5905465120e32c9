// Descriptors in messages: a client sends a file, an end of a pipe and a socket, then two of them in an array; the context manager
// writes there. Then a number that is no descriptor.
#include "binder.h"

#include <stddef.h>
#include <sys/socket.h>

enum { CODE_ONE = 1, CODE_ARRAY = 2, CODE_BAD = 3 };

struct array {
  uint64_t first; // the driver fixes nothing up in an object at offset 0
  struct binder_buffer_object parent;
  struct binder_fd_array_object fds;
};

static int count_files(void) {
  int count = 0;
  for (int fd = 0; fd < 512; fd++) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

static void write_to(int fd, const char *text) {
  if (write(fd, text, strlen(text)) < 0) printf("write: %s\n", strerror(errno));
}

static void serve(void) {
  for (;;) {
    struct binder_transaction_data got;
    memcpy(&got, expect(BR_TRANSACTION), sizeof got);
    const char *data = (const char *)(uintptr_t)got.data.ptr.buffer;
    uint32_t answer = 0;
    if (got.code == CODE_ONE) {
      int fd = ((const struct binder_fd_object *)data)->fd;
      answer = fcntl(fd, F_GETFD) == FD_CLOEXEC;
      write_to(fd, "one ");
      close(fd);
    } else {
      const struct array *array = (const struct array *)data;
      const uint32_t *fds = (const uint32_t *)(uintptr_t)array->parent.buffer;
      int before = count_files();
      for (int i = 0; i < 2; i++) write_to(fds[i], "array ");
      free_buffer(got.data.ptr.buffer);
      answer = before - count_files(); // the driver closes those of an array
    }
    if (got.code == CODE_ONE) free_buffer(got.data.ptr.buffer);
    send_message(BC_REPLY, 0, 0, 0, &answer, sizeof answer, NULL);
  }
}

/* The reply's number, or -1 for a failed call. */
static int call_with(uint32_t code, const void *data, size_t size, binder_uintptr_t *offsets, size_t count, size_t extra) {
  struct __attribute__((packed)) {
    uint32_t word;
    struct binder_transaction_data_sg data;
  } message = {.word = BC_TRANSACTION_SG};
  message.data.transaction_data = (struct binder_transaction_data){
      .code = code, .data_size = size, .offsets_size = count * sizeof *offsets};
  message.data.transaction_data.data.ptr.buffer = (uintptr_t)data;
  message.data.transaction_data.data.ptr.offsets = (uintptr_t)offsets;
  message.data.buffers_size = extra;
  write_read(&message, sizeof message, 0);
  for (;;) {
    if (results_at >= results_size) write_read(NULL, 0, sizeof results);
    uint32_t word;
    memcpy(&word, results + results_at, sizeof word);
    void *payload = results + results_at + sizeof word;
    results_at += sizeof word + _IOC_SIZE(word);
    if (word == BR_FAILED_REPLY) return -1;
    if (word != BR_REPLY) continue;
    struct binder_transaction_data reply;
    memcpy(&reply, payload, sizeof reply);
    int answer = *(const int *)(uintptr_t)reply.data.ptr.buffer;
    free_buffer(reply.data.ptr.buffer);
    return answer;
  }
}

static int send_one(int fd) {
  struct binder_fd_object object = {.hdr.type = BINDER_TYPE_FD, .fd = fd};
  binder_uintptr_t offset = 0;
  return call_with(CODE_ONE, &object, sizeof object, &offset, 1, 0);
}

static int send_array(int first, int second) {
  uint32_t fds[2] = {first, second};
  struct array array = {
      .parent = {.hdr.type = BINDER_TYPE_PTR, .buffer = (uintptr_t)fds, .length = sizeof fds},
      .fds = {.hdr.type = BINDER_TYPE_FDA, .num_fds = 2},
  };
  binder_uintptr_t offsets[2] = {offsetof(struct array, parent), offsetof(struct array, fds)};
  return call_with(CODE_ARRAY, &array, sizeof array, offsets, 2, sizeof fds);
}

static void show(const char *what, int fd) {
  char text[64] = {0};
  ssize_t size = read(fd, text, sizeof text - 1);
  printf("%s: %s\n", what, size < 0 ? strerror(errno) : text);
}

static void be_client(void) {
  int ends[2], sockets[2], file = fileno(tmpfile());
  open_device();
  if (pipe(ends) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) < 0) fail("pipe");
  int before = count_files();
  printf("close-on-exec: %d %d %d\n", send_one(file), send_one(ends[1]), send_one(sockets[1]));
  printf("closed by the driver: %d\n", send_array(ends[1], file));
  printf("no descriptor: %d\n", send_one(400));
  printf("left over: %d\n", count_files() - before);
  lseek(file, 0, SEEK_SET);
  show("file", file);
  show("pipe", ends[0]);
  show("socket", sockets[0]);
}

static void child_ended(int number) {
  (void)number;
  _exit(0);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  open_device();
  struct flat_binder_object manager = {.hdr.type = BINDER_TYPE_BINDER, .flags = FLAT_BINDER_FLAG_ACCEPTS_FDS};
  if (ioctl(device, BINDER_SET_CONTEXT_MGR_EXT, &manager) < 0) fail("BINDER_SET_CONTEXT_MGR_EXT");
  signal(SIGCHLD, child_ended);
  if (fork() == 0) {
    close(device);
    be_client();
    return 0;
  }
  enter_looper();
  serve();
}
