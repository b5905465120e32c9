// ioctl of binder descriptors. What the call probably reads of the program's memory goes along with it.
#include "shim.h"

#include <sys/ioctl.h>

#define BINDER_WRITE_READ _IOWR('b', 1, struct binder_write_read)

struct binder_write_read {
  uint64_t write_size, write_consumed, write_buffer;
  uint64_t read_size, read_consumed, read_buffer;
};

/* What follows the word of a command that sends a message. */
struct binder_transaction_data {
  uint64_t target, cookie;
  uint32_t code, flags, sender_pid, sender_euid;
  uint64_t data_size, offsets_size, data, offsets;
} __attribute__((packed));

/* Longer ones the server reads faster itself. */
enum { DATA_MAX = 256 };

REAL(int, ioctl, int, unsigned long, ...)

static void send_message(const struct binder_transaction_data *message) {
  if (message->data_size <= DATA_MAX) call_send((void *)message->data, message->data_size);
  if (message->offsets_size <= DATA_MAX) call_send((void *)message->offsets, message->offsets_size);
}

/* The commands, and the bytes of their messages. A word says how many bytes follow it. Returns whether there was no room. */
static int send_commands(const struct binder_write_read *both) {
  if (both->write_size <= both->write_consumed) return 0;
  uint64_t size = both->write_size - both->write_consumed;
  const char *commands = call_send((void *)(both->write_buffer + both->write_consumed), size);
  if (!commands) return 1;
  for (uint64_t at = 0; at + sizeof(uint32_t) <= size;) {
    uint32_t word;
    memcpy(&word, commands + at, sizeof word);
    at += sizeof word;
    uint64_t follow = _IOC_SIZE(word);
    struct binder_transaction_data message;
    if (follow > size - at) break;
    if (follow == sizeof message) {
      memcpy(&message, commands + at, sizeof message);
      send_message(&message);
    }
    at += follow;
  }
  return 0;
}

int ioctl(int fd, unsigned long command, ...) {
  va_list rest;
  va_start(rest, command);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  find_ioctl();
  if (!file_is_binder(fd) || command == FIOCLEX || command == FIONCLEX) return real_ioctl(fd, command, argument);
  if (command == FIONBIO) return file_set_nonblocking(fd, argument);
  struct slot *slot = call_begin(OP_IOCTL, fd);
  if (!slot) return -1;
  slot->args[0] = (uint32_t)command;
  slot->args[1] = (uintptr_t)argument;
  const struct binder_write_read *both = call_send(argument, _IOC_SIZE(command));
  if (both && (uint32_t)command == BINDER_WRITE_READ) slot->args[2] = send_commands(both);
  return call_end();
}
