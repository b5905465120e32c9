// Events: poll, select and epoll. Binder descriptors are polled by the server; it writes to an eventfd of the thread, its bell,
// when it answers a poll that waits. So a thread waits for all its descriptors in one real poll.
#include "shim.h"

#include "../twins.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/select.h>

enum { SLICE_MS = 10, EPOLL_EVENT_BYTES = 12 };

static __thread int bell = -1;
static pthread_key_t bell_end;

REAL(int, poll, struct pollfd *, nfds_t, int)
REAL(int, select, int, fd_set *, fd_set *, fd_set *, struct timeval *)
REAL(int, epoll_ctl, int, int, int, struct epoll_event *)
REAL(int, epoll_pwait, int, struct epoll_event *, int, int, const sigset_t *)

static void close_bell(void *fd_plus_one) { file_close((int)(intptr_t)fd_plus_one - 1); }

__attribute__((constructor)) static void begin(void) { pthread_key_create(&bell_end, close_bell); }

static int has_bell(void) {
  if (bell < 0) bell = file_keep(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (bell >= 0) pthread_setspecific(bell_end, (void *)(intptr_t)(bell + 1));
  return bell >= 0;
}

/* The events of one descriptor now. */
static short events_now(const struct pollfd *one) {
  return CALL(OP_POLL, one->fd, (uint16_t)one->events, 0, -1) < 0 ? POLLNVAL : (short)call_value();
}

/* Lets the bell's twin, an epoll instance in the machine, watch all the binder descriptors. Whether it does. */
static int watch_all(const struct pollfd *fds, nfds_t count) {
  for (nfds_t i = 0; i < count; i++) {
    if (!file_is_binder(fds[i].fd)) continue;
    if (CALL(OP_EPOLL_CTL, bell, EPOLL_CTL_ADD, fds[i].fd, (uint16_t)fds[i].events, i) < 0 && errno != EEXIST) return 0;
  }
  return 1;
}

/* Waits for the binder descriptors, by poll of the only one or by the bell's twin, or for others: all[count] is for the bell.
 * What real_poll returned. */
static int wait_once(struct pollfd *only, struct pollfd *all, nfds_t count, int timeout) {
  unsigned char event[EPOLL_EVENT_BYTES];
  struct slot *slot = only ? call_begin(OP_POLL, only->fd) : call_begin(OP_EPOLL_WAIT, bell);
  if (!slot) return -1;
  slot->args[0] = only ? (uint16_t)only->events : (uintptr_t)event;
  slot->args[1] = 1; // wait, or one event
  slot->args[2] = only ? bell : 1;
  slot->args[3] = bell;
  call_post(0);
  all[count] = (struct pollfd){.fd = bell, .events = POLLIN};
  int found = real_poll(all, count + 1, timeout), error = errno;
  if (found <= 0 || !all[count].revents) call_cancel();
  long result = call_wait();
  if (only && result >= 0) only->revents = (short)call_value();
  else if (only && errno != EINTR) only->revents = POLLNVAL;
  uint64_t rung;
  while (read(bell, &rung, sizeof rung) > 0) {
  }
  errno = error;
  return found;
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The binder descriptors answer once each. Then all wait; without a twin of the bell they look again after some time. */
static int poll_binders(struct pollfd *fds, nfds_t count, int timeout) {
  int64_t end = timeout < 0 ? INT64_MAX : now_ms() + timeout;
  struct pollfd all[count + 1];
  if (!has_bell()) return -1;
  for (nfds_t i = 0; i < count; i++) all[i] = fds[i];
  for (;;) {
    struct pollfd *last = NULL;
    int ready = 0, binders = 0;
    for (nfds_t i = 0; i < count; i++) {
      fds[i].revents = 0;
      if (!file_is_binder(fds[i].fd)) continue;
      all[i].fd = -1;
      last = &fds[i];
      binders++;
      if ((fds[i].revents = events_now(last))) ready++;
    }
    int64_t left = end - now_ms();
    int limit = left > INT32_MAX ? -1 : left < 0 ? 0 : (int)left, found = 0;
    if (!ready && limit) {
      int has_twin = binders > 1 && watch_all(fds, count);
      if (binders > 1 && !has_twin && (limit < 0 || limit > SLICE_MS)) limit = SLICE_MS;
      found = wait_once(has_twin ? NULL : last, all, count, limit);
      int error = errno;
      if (binders > 1) CALL(OP_CLOSE, bell);
      errno = error;
      if (!has_twin && last->revents) ready++;
    }
    int error = errno;
    if (real_poll(all, count, 0) > 0)
      for (nfds_t i = 0; i < count; i++)
        if (all[i].fd >= 0 && (fds[i].revents = all[i].revents)) ready++;
    errno = error;
    if (ready) return ready;
    if (found < 0) return -1;
    if (end != INT64_MAX && now_ms() >= end) return 0;
  }
}

int poll(struct pollfd *fds, nfds_t count, int timeout) {
  find_poll();
  for (nfds_t i = 0; i < count; i++)
    if (file_is_binder(fds[i].fd)) return poll_binders(fds, count, timeout);
  return real_poll(fds, count, timeout);
}

/* The events of select's three sets. */
static const short SETS[3] = {POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI};

/* Without binder descriptors it is the C library's; with them poll does the work. */
int select(int count, fd_set *reads, fd_set *writes, fd_set *exceptions, struct timeval *timeout) {
  fd_set *sets[3] = {reads, writes, exceptions};
  struct pollfd fds[FD_SETSIZE];
  nfds_t used = 0;
  int binders = 0, found = 0;
  for (int fd = 0; fd < count && fd < FD_SETSIZE; fd++) {
    struct pollfd one = {.fd = fd};
    for (int i = 0; i < 3; i++)
      if (sets[i] && FD_ISSET(fd, sets[i])) one.events |= SETS[i];
    if (!one.events) continue;
    binders += file_is_binder(fd);
    fds[used++] = one;
  }
  find_select();
  if (!binders) return real_select(count, reads, writes, exceptions, timeout);
  int result = poll(fds, used, timeout ? (int)(timeout->tv_sec * 1000 + timeout->tv_usec / 1000) : -1);
  if (result < 0) return result;
  for (nfds_t n = 0; n < used; n++) {
    if (fds[n].revents & POLLNVAL) {
      errno = EBADF;
      return -1;
    }
    for (int i = 0; i < 3; i++) {
      if (!sets[i] || !FD_ISSET(fds[n].fd, sets[i])) continue;
      if (fds[n].revents & SETS[i]) found++;
      else FD_CLR(fds[n].fd, sets[i]);
    }
  }
  return found;
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *signals) {
  sigset_t before;
  if (signals) pthread_sigmask(SIG_SETMASK, signals, &before);
  int result = poll(fds, count, timeout ? (int)(timeout->tv_sec * 1000 + timeout->tv_nsec / 1000000) : -1), error = errno;
  if (signals) pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return result;
}

int pselect(int count, fd_set *reads, fd_set *writes, fd_set *exceptions, const struct timespec *timeout,
            const sigset_t *signals) {
  struct timeval time = {0};
  sigset_t before;
  if (timeout) time = (struct timeval){timeout->tv_sec, timeout->tv_nsec / 1000};
  if (signals) pthread_sigmask(SIG_SETMASK, signals, &before);
  int result = select(count, reads, writes, exceptions, timeout ? &time : NULL), error = errno;
  if (signals) pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return result;
}

/* What a program calls that is compiled with _FORTIFY_SOURCE. */
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size) {
  if (size / sizeof *fds < count) abort();
  return poll(fds, count, timeout);
}

int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *signals, size_t size) {
  if (size / sizeof *fds < count) abort();
  return ppoll(fds, count, timeout, signals);
}

static struct twins twins;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int has_epoll_twin(int fd) { return twin_of(&twins, fd) && session_is_here(); }

/* The machine says what is wrong. */
static int change_entry(int instance, int operation, int fd, const struct epoll_event *event) {
  struct entry *entry = twins_find(&twins, instance, fd);
  if (!entry) return errno = ENOSPC, -1;
  if (operation != EPOLL_CTL_DEL && !event) return errno = EFAULT, -1;
  uint32_t events = event ? event->events : 0;
  if (CALL(OP_EPOLL_CTL, instance, operation, fd, events, entry - twins.entries) < 0) return -1;
  twins_change(&twins, instance, operation, entry, fd, event ? event->data.u64 : 0);
  return 0;
}

int epoll_ctl(int instance, int operation, int fd, struct epoll_event *event) {
  find_epoll_ctl();
  if (!file_is_binder(fd) || instance < 0 || instance >= DESCRIPTORS_MAX) return real_epoll_ctl(instance, operation, fd, event);
  if (!has_epoll_twin(instance) && !is_epoll("self", instance)) {
    errno = fcntl(instance, F_GETFD) < 0 ? EBADF : EINVAL;
    return -1;
  }
  pthread_mutex_lock(&lock);
  int result = change_entry(instance, operation, fd, event);
  pthread_mutex_unlock(&lock);
  return result;
}

/* A descriptor is closed, of either kind. */
void events_forget(int fd) {
  if (!has_epoll_twin(fd)) return;
  call(OP_CLOSE, fd, NULL, 0);
  twins_forget(&twins, fd);
}

/* A second number of an epoll instance. */
void events_copy(int fd, int copy) {
  if (!has_epoll_twin(fd) || copy < 0 || copy >= DESCRIPTORS_MAX || CALL(OP_DUP, fd, copy) < 0) return;
  twins.of[copy] = twins.of[fd];
}

/* Waits for either of the twins. Returns the events of the machine's, or -1 when a signal came. */
static int wait_for_twins(int instance, struct epoll_event *events, int room, int timeout) {
  struct machine_event found[EPOLL_MAX];
  struct slot *slot = call_begin(OP_EPOLL_WAIT, instance);
  if (!slot) return -1;
  slot->args[0] = (uintptr_t)found;
  slot->args[1] = room;
  slot->args[2] = 1;
  slot->args[3] = bell;
  call_post(0);
  struct pollfd both[2] = {{.fd = instance, .events = POLLIN}, {.fd = bell, .events = POLLIN}};
  int ready = real_poll(both, 2, timeout), error = errno;
  if (ready <= 0 || !both[1].revents) call_cancel();
  long count = call_wait();
  uint64_t rung;
  while (read(bell, &rung, sizeof rung) > 0) {
  }
  errno = error;
  if (count > 0) return twins_take(&twins, found, (int)count, events);
  return ready < 0 ? -1 : 0;
}

/* The events of both now. */
static int events_of_twins(int instance, struct epoll_event *events, int room) {
  struct machine_event found[EPOLL_MAX];
  int most = room < EPOLL_MAX ? room : EPOLL_MAX;
  long count = CALL(OP_EPOLL_WAIT, instance, (uintptr_t)found, most, 0, -1);
  int taken = count > 0 ? twins_take(&twins, found, (int)count, events) : 0;
  int others = taken < room ? real_epoll_pwait(instance, events + taken, room - taken, 0, NULL) : 0;
  return others > 0 ? taken + others : taken;
}

static int wait_for_events(int instance, struct epoll_event *events, int room, int timeout) {
  int64_t end = timeout < 0 ? INT64_MAX : now_ms() + timeout;
  find_poll();
  if (!has_bell()) return -1;
  for (;;) {
    int count = events_of_twins(instance, events, room);
    if (count) return count;
    int64_t left = end - now_ms();
    if (left <= 0) return 0;
    int most = room < EPOLL_MAX ? room : EPOLL_MAX;
    count = wait_for_twins(instance, events, most, left > INT32_MAX ? -1 : (int)left);
    if (count < 0) return -1;
    if (count > 0) {
      int others = count < room ? real_epoll_pwait(instance, events + count, room - count, 0, NULL) : 0;
      return others > 0 ? count + others : count;
    }
  }
}

int epoll_pwait(int instance, struct epoll_event *events, int room, int timeout, const sigset_t *signals) {
  find_epoll_pwait();
  if (!has_epoll_twin(instance) || room <= 0) return real_epoll_pwait(instance, events, room, timeout, signals);
  sigset_t before;
  if (signals) pthread_sigmask(SIG_SETMASK, signals, &before);
  int count = wait_for_events(instance, events, room, timeout), error = errno;
  if (signals) pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return count;
}

int epoll_wait(int instance, struct epoll_event *events, int room, int timeout) {
  return epoll_pwait(instance, events, room, timeout, NULL);
}

int epoll_pwait2(int instance, struct epoll_event *events, int room, const struct timespec *time, const sigset_t *signals) {
  int ms = time ? (int)(time->tv_sec * 1000 + (time->tv_nsec + 999999) / 1000000) : -1;
  return epoll_pwait(instance, events, room, ms, signals);
}
