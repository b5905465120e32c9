// epoll: an instance that watches binder descriptors has a twin in the machine. Of the program's own instance there is a copy here.
// The machine's events come into the program's memory, where they become the program's own.
#include "seccomp.h"

#include "../twins.h"
#include <poll.h>

enum { NS_OF_MS = 1000000 };

/* What the program has given for epoll_wait. */
struct room {
  int instance, copy;
  uint64_t address;
  int size;
};

/* The machine's events, which are in the program's memory, become the program's. How many, or -errno. */
static int64_t take(struct worker *worker, const struct room *room, int64_t found) {
  struct machine_event all[EPOLL_MAX];
  struct epoll_event events[EPOLL_MAX];
  if (found <= 0) return found;
  if (read_memory(worker, room->address, all, found * sizeof *all) != (ssize_t)(found * sizeof *all)) return -EFAULT;
  int taken = twins_take(worker->process->twins, all, (int)found, events);
  ssize_t bytes = taken * sizeof *events;
  return write_memory(worker, room->address, events, bytes) == bytes ? taken : -EFAULT;
}

/* Adds the events of the program's own instance to those that it has already. */
static int64_t add_own(struct worker *worker, const struct room *room, int64_t taken) {
  struct epoll_event events[EPOLL_MAX];
  if (taken < 0 || taken >= room->size) return taken;
  int own = epoll_wait(room->copy, events, room->size - (int)taken, 0);
  ssize_t bytes = own > 0 ? own * sizeof *events : 0;
  if (!bytes) return taken;
  return write_memory(worker, room->address + taken * sizeof *events, events, bytes) == bytes ? taken + own : -EFAULT;
}

static struct slot *begin_wait(struct worker *worker, const struct room *room) {
  struct slot *slot = call_begin(worker, OP_EPOLL_WAIT, room->instance);
  slot->args[0] = room->address;
  slot->args[1] = room->size;
  return slot;
}

static int64_t wait_for_events(struct worker *worker, const struct room *room, int64_t timeout) {
  int64_t end = timeout < 0 ? NEVER : now_ms() + timeout;
  for (;;) {
    begin_wait(worker, room)->args[3] = -1;
    call_post(worker);
    int64_t taken = add_own(worker, room, take(worker, room, call_wait(worker))), left = end - now_ms();
    if (taken || left <= 0) return taken;
    struct pollfd both[2] = {{.fd = room->copy, .events = POLLIN}};
    taken = take(worker, room, wait_with_bell(worker, begin_wait(worker, room), both, 1, left));
    if (taken > 0) return add_own(worker, room, taken);
    if (taken < 0 && taken != -EINTR) return taken;
    if (!is_waiting(worker->call.id) || has_signal(worker)) return -EINTR;
  }
}

void serve_epoll_wait(struct worker *worker, const uint64_t *args, int64_t timeout) {
  struct room room = {.instance = (int)args[0], .address = args[1], .size = (int)args[2]};
  if (!twin_of(worker->process->twins, room.instance) || room.size <= 0) return go_on(worker->call.id);
  if (room.size > EPOLL_MAX) room.size = EPOLL_MAX;
  if (join(worker) < 0 || !has_bell(worker)) return respond(worker->call.id, -ENOMEM);
  room.copy = copy_descriptor(worker, room.instance);
  if (room.copy < 0) return respond(worker->call.id, -EBADF);
  int64_t result = wait_for_events(worker, &room, timeout);
  close(room.copy);
  respond(worker->call.id, result);
}

/* Milliseconds of the struct timespec of epoll_pwait2; -1 for none. */
int64_t epoll_time(const struct worker *worker, uint64_t address) {
  int64_t time[2] = {0, 0};
  if (!address) return -1;
  read_memory(worker, address, time, sizeof time);
  return time[0] * 1000 + (time[1] + NS_OF_MS - 1) / NS_OF_MS;
}

/* The machine says what is wrong. */
static int64_t change(struct worker *worker, int instance, int operation, int fd, const struct epoll_event *event) {
  struct process *process = worker->process;
  if (!process->twins) process->twins = calloc(1, sizeof *process->twins);
  struct entry *entry = process->twins ? twins_find(process->twins, instance, fd) : NULL;
  if (!entry) return -ENOSPC;
  struct slot *slot = call_begin(worker, OP_EPOLL_CTL, instance);
  slot->args[0] = operation;
  slot->args[1] = fd;
  slot->args[2] = event->events;
  slot->args[3] = entry - process->twins->entries;
  call_post(worker);
  int64_t result = call_wait(worker);
  if (result >= 0) twins_change(process->twins, instance, operation, entry, fd, event->data.u64);
  return result;
}

void serve_epoll_ctl(struct worker *worker, const uint64_t *args) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  struct process *process = worker->process;
  int instance = (int)args[0], operation = (int)args[1], fd = (int)args[2];
  struct epoll_event event = {0};
  char pid[16];
  snprintf(pid, sizeof pid, "%d", process->pid);
  if (!is_binder(process, fd) || instance < 0 || instance >= DESCRIPTORS_MAX) return go_on(worker->call.id);
  if (!twin_of(process->twins, instance) && !is_epoll(pid, instance)) return go_on(worker->call.id);
  if (operation != EPOLL_CTL_DEL && read_memory(worker, args[3], &event, sizeof event) != sizeof event)
    return respond(worker->call.id, -EFAULT);
  if (join(worker) < 0) return respond(worker->call.id, -ENODEV);
  pthread_mutex_lock(&lock);
  int64_t result = change(worker, instance, operation, fd, &event);
  pthread_mutex_unlock(&lock);
  respond(worker->call.id, result);
}
