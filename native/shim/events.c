// Events: poll, select and epoll. Binder descriptors are polled by the server; it writes to an eventfd of the thread, its bell,
// when it answers a poll that waits. So a thread waits for all its descriptors in one real poll.
#include "shim.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>

enum { EPOLL_MAX = 128, SLICE_MS = 10 };

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

/* Waits for one binder descriptor, or for others: all[count] is for the bell. What real_poll returned. */
static int wait_once(struct pollfd *one, struct pollfd *all, nfds_t count, int timeout) {
  struct slot *slot = call_begin(OP_POLL, one->fd);
  if (!slot) return -1;
  slot->args[0] = (uint16_t)one->events;
  slot->args[1] = 1;
  slot->args[2] = bell;
  call_post(0);
  all[count] = (struct pollfd){.fd = bell, .events = POLLIN};
  int found = real_poll(all, count + 1, timeout), error = errno;
  if (found <= 0 || !all[count].revents) call_cancel();
  if (call_wait() >= 0) one->revents = (short)call_value();
  else if (errno != EINTR) one->revents = POLLNVAL;
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

/* The binder descriptors answer once each. Then the last of them waits; more than one take turns in slices of time. */
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
    if (binders > 1 && (limit < 0 || limit > SLICE_MS)) limit = SLICE_MS;
    if (!ready && limit) {
      found = wait_once(last, all, count, limit);
      if (last->revents) ready++;
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

/* Binder descriptors in epoll instances. Others are the kernel's. */
static struct entry {
  int instance, fd;
  struct epoll_event event;
} entries[EPOLL_MAX];
static int entry_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct entry *entry_of(int instance, int fd) {
  for (int i = 0; i < entry_count; i++)
    if (entries[i].instance == instance && entries[i].fd == fd) return &entries[i];
  return NULL;
}

static int change_entry(int instance, int operation, int fd, const struct epoll_event *event) {
  struct entry *entry = entry_of(instance, fd);
  if (operation == EPOLL_CTL_ADD) {
    if (entry) return EEXIST;
    if (entry_count == EPOLL_MAX) return ENOSPC;
    entries[entry_count++] = (struct entry){instance, fd, *event};
  } else if (!entry) return ENOENT;
  else if (operation == EPOLL_CTL_MOD) entry->event = *event;
  else *entry = entries[--entry_count];
  return 0;
}

int epoll_ctl(int instance, int operation, int fd, struct epoll_event *event) {
  find_epoll_ctl();
  if (!file_is_binder(fd)) return real_epoll_ctl(instance, operation, fd, event);
  pthread_mutex_lock(&lock);
  errno = change_entry(instance, operation, fd, event);
  pthread_mutex_unlock(&lock);
  return errno ? -1 : 0;
}

/* A descriptor is closed, of either kind. */
void events_forget(int fd) {
  if (!entry_count) return;
  pthread_mutex_lock(&lock);
  for (int i = entry_count; i-- > 0;)
    if (entries[i].instance == fd || entries[i].fd == fd) entries[i] = entries[--entry_count];
  pthread_mutex_unlock(&lock);
}

/* The instance itself is the first of the descriptors. */
static int watched_by(int instance, struct pollfd *fds) {
  int count = 0;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < entry_count; i++) {
    if (entries[i].instance != instance) continue;
    if (!count) fds[count++] = (struct pollfd){.fd = instance, .events = POLLIN};
    fds[count++] = (struct pollfd){.fd = entries[i].fd, .events = (short)(entries[i].event.events & 0xffff)};
  }
  pthread_mutex_unlock(&lock);
  return count;
}

static int take_events(int instance, const struct pollfd *fds, int count, struct epoll_event *events, int room) {
  int found = 0;
  pthread_mutex_lock(&lock);
  for (int i = 1; i < count && found < room; i++) {
    struct entry *entry = entry_of(instance, fds[i].fd);
    if (!entry || !fds[i].revents) continue;
    events[found++] = (struct epoll_event){.events = (uint16_t)fds[i].revents, .data = entry->event.data};
    if (entry->event.events & EPOLLONESHOT) entry->event.events = EPOLLONESHOT;
  }
  pthread_mutex_unlock(&lock);
  if (found == room || !fds[0].revents) return found;
  int others = real_epoll_pwait(instance, events + found, room - found, 0, NULL);
  return others < 0 ? found : found + others;
}

int epoll_pwait(int instance, struct epoll_event *events, int room, int timeout, const sigset_t *signals) {
  struct pollfd fds[EPOLL_MAX + 1];
  find_epoll_pwait();
  int count = entry_count ? watched_by(instance, fds) : 0;
  if (!count || room <= 0) return real_epoll_pwait(instance, events, room, timeout, signals);
  sigset_t before;
  if (signals) pthread_sigmask(SIG_SETMASK, signals, &before);
  int ready = poll(fds, count, timeout), error = errno;
  if (signals) pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return ready <= 0 ? ready : take_events(instance, fds, count, events, room);
}

int epoll_wait(int instance, struct epoll_event *events, int room, int timeout) {
  return epoll_pwait(instance, events, room, timeout, NULL);
}
