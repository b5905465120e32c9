// What the programs here share: system calls on /dev/binder, for one thread each.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/android/binder.h>

enum { MAP_SIZE = 1 << 20 };

struct __attribute__((packed)) message {
  uint32_t word;
  struct binder_transaction_data data;
};

static int device;
static __thread char results[512];
static __thread size_t results_size, results_at;

static inline void fail(const char *what) {
  perror(what);
  exit(1);
}

static inline void open_device(void) {
  device = open("/dev/binder", O_RDWR | O_CLOEXEC);
  if (device < 0) fail("open");
  if (mmap(NULL, MAP_SIZE, PROT_READ, MAP_PRIVATE, device, 0) == MAP_FAILED) fail("mmap");
}

static inline void write_read(const void *commands, size_t size, size_t room) {
  struct binder_write_read both = {
      .write_size = size, .write_buffer = (uintptr_t)commands, .read_size = room, .read_buffer = (uintptr_t)results};
  if (ioctl(device, BINDER_WRITE_READ, &both) < 0) fail("BINDER_WRITE_READ");
  results_size = both.read_consumed;
  results_at = 0;
}

/* Waits for a return, and skips all others. Its payload. */
static inline void *expect(uint32_t wanted) {
  for (;;) {
    if (results_at >= results_size) write_read(NULL, 0, sizeof results);
    uint32_t word;
    memcpy(&word, results + results_at, sizeof word);
    void *payload = results + results_at + sizeof word;
    results_at += sizeof word + _IOC_SIZE(word);
    if (word == wanted) return payload;
    if (word == BR_FAILED_REPLY || word == BR_DEAD_REPLY) {
      printf("the call failed: %s\n", word == BR_DEAD_REPLY ? "BR_DEAD_REPLY" : "BR_FAILED_REPLY");
      exit(1);
    }
  }
}

static inline void send_message(uint32_t word, uint32_t handle, uint32_t code, uint32_t flags, const void *bytes, size_t size,
                         binder_uintptr_t *offset) {
  struct message message = {.word = word, .data = {.code = code, .flags = flags, .data_size = size}};
  message.data.target.handle = handle;
  message.data.data.ptr.buffer = (uintptr_t)bytes;
  message.data.data.ptr.offsets = (uintptr_t)offset;
  message.data.offsets_size = offset ? sizeof *offset : 0;
  write_read(&message, sizeof message, 0);
}

static inline void free_buffer(binder_uintptr_t buffer) {
  struct __attribute__((packed)) {
    uint32_t word;
    binder_uintptr_t buffer;
  } command = {BC_FREE_BUFFER, buffer};
  write_read(&command, sizeof command, 0);
}

static inline void enter_looper(void) {
  uint32_t word = BC_ENTER_LOOPER;
  write_read(&word, sizeof word, 0);
}
