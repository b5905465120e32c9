// poll and select of descriptors of which some are Binder's. The server says what those have; of others there are copies here.
#include "seccomp.h"

#include <poll.h>
#include <sys/select.h>

enum { POLL_MAX = 1024, POLL_SLICE_MS = 10, SETS = 3, SET_BITS = 64 };

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One look at all: `all` has copies of the descriptors that are not Binder's. How many are ready. */
static int look_at_all(struct worker *worker, struct pollfd *fds, struct pollfd *all, int count, int ms) {
  int ready = 0;
  for (int i = 0; i < count; i++) {
    fds[i].revents = 0;
    if (!is_binder(worker->process, fds[i].fd)) continue;
    int64_t result = call(worker, OP_POLL, fds[i].fd, (uint16_t)fds[i].events, 0, -1);
    fds[i].revents = result < 0 ? POLLNVAL : (short)worker->slot->value;
    ready += fds[i].revents != 0;
  }
  if (poll(all, count, ready ? 0 : ms) <= 0) return ready;
  for (int i = 0; i < count; i++)
    if (all[i].fd >= 0 && (fds[i].revents = all[i].revents)) ready++;
  return ready;
}

/* Waits for any of them. How many are ready, or -errno. */
static int64_t poll_all(struct worker *worker, struct pollfd *fds, int count, int64_t timeout) {
  struct pollfd all[POLL_MAX];
  for (int i = 0; i < count; i++) {
    int is_other = fds[i].fd >= 0 && !is_binder(worker->process, fds[i].fd);
    all[i] = (struct pollfd){.fd = is_other ? copy_descriptor(worker, fds[i].fd) : -1, .events = fds[i].events};
  }
  int64_t end = timeout < 0 ? INT64_MAX : now_ms() + timeout, result;
  for (;;) {
    int64_t left = timeout < 0 ? POLL_SLICE_MS : end - now_ms();
    result = look_at_all(worker, fds, all, count, left < 0 ? 0 : left > POLL_SLICE_MS ? POLL_SLICE_MS : (int)left);
    if (result || (timeout >= 0 && now_ms() >= end)) break;
    if (is_waiting(worker->call.id) && !has_signal(worker)) continue;
    result = -EINTR;
    break;
  }
  for (int i = 0; i < count; i++)
    if (all[i].fd >= 0) close(all[i].fd);
  return result;
}

static int has_binder(const struct worker *worker, const struct pollfd *fds, int count) {
  for (int i = 0; i < count; i++)
    if (is_binder(worker->process, fds[i].fd)) return 1;
  return 0;
}

void serve_poll(struct worker *worker, uint64_t address, uint64_t size, int64_t timeout) {
  struct pollfd fds[POLL_MAX];
  ssize_t bytes = size > POLL_MAX ? 0 : size * sizeof *fds;
  int count = bytes ? (int)size : 0;
  if (!count || read_memory(worker, address, fds, bytes) != bytes || !has_binder(worker, fds, count) || join(worker) < 0)
    return go_on(worker->call.id);
  int64_t result = poll_all(worker, fds, count, timeout);
  if (result >= 0 && write_memory(worker, address, fds, bytes) != bytes) result = -EFAULT;
  respond(worker->call.id, result);
}

/* Milliseconds of a struct timespec, or of a struct timeval; -1 for none. */
static int64_t time_of(const struct worker *worker, uint64_t address, int units_of_ms) {
  int64_t time[2] = {0, 0};
  if (!address) return -1;
  read_memory(worker, address, time, sizeof time);
  return time[0] * 1000 + time[1] / units_of_ms;
}

void serve_ppoll(struct worker *worker, const uint64_t *args) {
  serve_poll(worker, args[0], args[1], time_of(worker, args[2], 1000000));
}

/* The events of select's three sets. */
static const short EVENTS[SETS] = {POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI};

void serve_select(struct worker *worker, const uint64_t *args, int has_timespec) {
  struct pollfd fds[POLL_MAX];
  uint64_t sets[SETS][POLL_MAX / SET_BITS] = {0};
  int size = args[0] > POLL_MAX ? 0 : (int)args[0], count = 0, found = 0;
  ssize_t bytes = (size + SET_BITS - 1) / SET_BITS * 8;
  for (int i = 0; i < SETS; i++)
    if (args[1 + i]) read_memory(worker, args[1 + i], sets[i], bytes);
  for (int fd = 0; fd < size; fd++) {
    struct pollfd one = {.fd = fd};
    for (int i = 0; i < SETS; i++)
      if (sets[i][fd / SET_BITS] >> fd % SET_BITS & 1) one.events |= EVENTS[i];
    if (one.events) fds[count++] = one;
  }
  if (!has_binder(worker, fds, count) || join(worker) < 0) return go_on(worker->call.id);
  int64_t result = poll_all(worker, fds, count, time_of(worker, args[4], has_timespec ? 1000000 : 1000));
  if (result < 0) return respond(worker->call.id, result);
  for (int n = 0; n < count; n++) {
    for (int i = 0; i < SETS; i++) {
      uint64_t *word = &sets[i][fds[n].fd / SET_BITS], bit = 1ull << fds[n].fd % SET_BITS;
      if (*word & bit && !(fds[n].revents & EVENTS[i])) *word &= ~bit;
      else found += (*word & bit) != 0;
    }
  }
  for (int i = 0; i < SETS; i++)
    if (args[1 + i]) write_memory(worker, args[1 + i], sets[i], bytes);
  respond(worker->call.id, found);
}
