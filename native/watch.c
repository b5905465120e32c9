// Tells the server when processes end. Arguments: the folder of the session. The server writes a u32, a pid, to the FIFO `watch`
// there; the end of that process is a call in the ring. When the server has ended, all programs are told, and the folder removed.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>

#include "ring.h"

enum { PROCESSES_MAX = 4096 };

static struct pollfd watched[PROCESSES_MAX + 1];
static uint32_t pids[PROCESSES_MAX + 1];
static int count = 1;
static struct ring *ring;
static struct slot *slot;

static void watch(uint32_t pid) {
  if (count > PROCESSES_MAX) return;
  int fd = syscall(SYS_pidfd_open, pid, 0);
  // A process that has ended already is ready at once.
  watched[count] = (struct pollfd){.fd = fd, .events = POLLIN, .revents = fd < 0 ? POLLIN : 0};
  pids[count++] = pid;
}

static void forget(int index) {
  if (watched[index].fd >= 0) close(watched[index].fd);
  count--;
  watched[index] = watched[count];
  pids[index] = pids[count];
}

/* Waits for the answer, so that the slot is free for the next one. */
static void tell_end(uint32_t pid) {
  slot->op = OP_ENDED;
  slot->args[0] = pid;
  atomic_store(&slot->state, STATE_SLEEPING);
  ring_post(ring, slot, PENDING_CALL);
  struct timespec limit = {.tv_sec = 1};
  while (atomic_load(&slot->state) == STATE_SLEEPING) {
    struct pollfd server = {.fd = watched[0].fd};
    if (poll(&server, 1, 0) > 0 && server.revents & POLLHUP) return;
    ring_futex(&slot->state, FUTEX_WAIT, STATE_SLEEPING, &limit);
  }
}

/* The server has ended. */
static void tell_programs(void) {
  atomic_store(&ring->gone, 1);
  for (uint32_t i = 1; i < atomic_load(&ring->used); i++) ring_futex(&ring_slot(ring, i)->state, FUTEX_WAKE, INT_MAX, NULL);
}

static void remove_here(void) {
  DIR *folder = opendir(".");
  struct dirent *entry;
  while (folder && (entry = readdir(folder))) unlink(entry->d_name);
}

int main(int argc, char **argv) {
  if (argc != 2 || chdir(argv[1]) < 0) return 2;
  int file = open("ring", O_RDWR | O_CLOEXEC);
  ring = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  watched[0] = (struct pollfd){.fd = open("watch", O_RDONLY | O_CLOEXEC), .events = POLLIN};
  if (ring == MAP_FAILED || watched[0].fd < 0) return 2;
  slot = ring_take(ring, getpid());
  while (poll(watched, count, -1) >= 0) {
    uint32_t pid;
    if (watched[0].revents) {
      if (read(watched[0].fd, &pid, sizeof pid) != sizeof pid) break;
      watch(pid);
    }
    for (int i = count - 1; i > 0; i--) {
      if (!watched[i].revents) continue;
      tell_end(pids[i]);
      forget(i);
    }
  }
  tell_programs();
  remove_here();
  return rmdir(argv[1]) < 0;
}
