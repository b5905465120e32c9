// poll and select of descriptors of which some are Binder's. The server says what those have; of others there are copies here.
#include "seccomp.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/select.h>

enum { POLL_MAX = 1024, POLL_SLICE_MS = 10, LOOK_MS = 20, SETS = 3, SET_BITS = 64 };

int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int has_bell(struct worker *worker) {
  if (worker->bell < 0) worker->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return worker->bell >= 0;
}

int64_t wait_with_bell(struct worker *worker, struct slot *slot, struct pollfd *fds, int count, int64_t ms) {
  int64_t end = now_ms() + ms, left = ms;
  uint64_t rung;
  slot->args[2] = slot->op == OP_POLL ? (uint64_t)worker->bell : 1;
  slot->args[3] = worker->bell;
  fds[count] = (struct pollfd){.fd = worker->bell, .events = POLLIN};
  call_post(worker);
  while (poll(fds, count + 1, left < LOOK_MS ? (int)left : LOOK_MS) == 0) {
    if (!is_waiting(worker->call.id) || has_signal(worker)) break;
    if ((left = end - now_ms()) <= 0) break;
  }
  if (!fds[count].revents) call_cancel(worker);
  int64_t result = call_wait(worker);
  while (read(worker->bell, &rung, sizeof rung) > 0) {
  }
  return result;
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

/* Waits for any of them. How many are ready, or -errno. A single device strikes the bell; several are looked at again and again. */
static int64_t poll_all(struct worker *worker, struct pollfd *fds, int count, int64_t timeout) {
  struct pollfd all[POLL_MAX + 1];
  const struct pollfd *device = NULL;
  int devices = 0;
  for (int i = 0; i < count; i++) {
    int is_device = is_binder(worker->process, fds[i].fd), is_other = fds[i].fd >= 0 && !is_device;
    all[i] = (struct pollfd){.fd = is_other ? copy_descriptor(worker, fds[i].fd) : -1, .events = fds[i].events};
    if (is_device) device = &fds[i], devices++;
  }
  int has_single = devices == 1 && has_bell(worker);
  int64_t end = timeout < 0 ? NEVER : now_ms() + timeout, result;
  for (;;) {
    int64_t left = end - now_ms();
    result = look_at_all(worker, fds, all, count, has_single || left < 0 ? 0 : left > POLL_SLICE_MS ? POLL_SLICE_MS : (int)left);
    if (result || (left = end - now_ms()) <= 0) break;
    if (!is_waiting(worker->call.id) || has_signal(worker)) {
      result = -EINTR;
      break;
    }
    if (!has_single) continue;
    struct slot *slot = call_begin(worker, OP_POLL, device->fd);
    slot->args[0] = (uint16_t)device->events;
    slot->args[1] = 1;
    wait_with_bell(worker, slot, all, count, left);
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
