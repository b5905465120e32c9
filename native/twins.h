// An epoll instance that watches binder descriptors has a twin in the machine, with the same numbers, which watches those. It knows
// the places in this table as its data. One table for each process.
#ifndef BINDERLAB_TWINS_H
#define BINDERLAB_TWINS_H
#include "ring.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

enum { EPOLL_MAX = 128 };

struct entry {
  int twin, fd, is_used;
  uint64_t data;
};

struct twins {
  struct entry entries[EPOLL_MAX];
  int of[DESCRIPTORS_MAX], count; // by descriptor, from 1 up; copies of an instance have the same
};

/* Events as the machine stores them, on any processor. */
struct machine_event {
  uint32_t events, place, unused;
};

static inline int twin_of(const struct twins *twins, int fd) {
  return twins && fd >= 0 && fd < DESCRIPTORS_MAX ? twins->of[fd] : 0;
}

/* Whether a descriptor of a process is an epoll instance. */
static inline int is_epoll(const char *process, int fd) {
  static const char target[] = "anon_inode:[eventpoll]";
  char path[64], link[sizeof target];
  snprintf(path, sizeof path, "/proc/%s/fd/%d", process, fd);
  return readlink(path, link, sizeof link) == sizeof target - 1 && !memcmp(link, target, sizeof target - 1);
}

/* The entry of a descriptor, or a free one; NULL when there is none. */
static inline struct entry *twins_find(struct twins *twins, int instance, int fd) {
  struct entry *found = NULL;
  for (int i = EPOLL_MAX - 1; i >= 0; i--) {
    struct entry *one = &twins->entries[i];
    if (!one->is_used) found = found && found->is_used ? found : one;
    else if (one->fd == fd && one->twin == twins->of[instance]) found = one;
  }
  return found;
}

/* The machine has made the change. */
static inline void twins_change(struct twins *twins, int instance, int operation, struct entry *entry, int fd, uint64_t data) {
  if (!twins->of[instance]) twins->of[instance] = ++twins->count;
  *entry = (struct entry){twins->of[instance], fd, operation != EPOLL_CTL_DEL, data};
}

/* A descriptor of an instance is closed. An entry of a binder descriptor stays as long as a copy of the descriptor may. */
static inline void twins_forget(struct twins *twins, int instance) {
  int twin = twins->of[instance];
  twins->of[instance] = 0;
  for (int fd = 0; fd < DESCRIPTORS_MAX; fd++)
    if (twins->of[fd] == twin) return;
  for (int i = 0; i < EPOLL_MAX; i++)
    if (twins->entries[i].twin == twin) twins->entries[i].is_used = 0;
}

/* The program's own events for those of the machine: how many. They may be in the same place. */
static inline int twins_take(const struct twins *twins, const struct machine_event *found, int count, struct epoll_event *events) {
  int taken = 0;
  for (int i = 0; i < count; i++) {
    const struct entry *entry = found[i].place < EPOLL_MAX ? &twins->entries[found[i].place] : NULL;
    if (entry && entry->is_used) events[taken++] = (struct epoll_event){.events = found[i].events, .data.u64 = entry->data};
  }
  return taken;
}

#endif
