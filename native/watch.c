// Tells the server when processes end. Arguments: the folder of the session. The server writes a u32, a pid, to the FIFO `watch`
// there; the end of that process goes to the FIFO `requests`. The folder goes with the server.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "request.h"

enum { PROCESSES_MAX = 4096 };

static struct pollfd watched[PROCESSES_MAX + 1];
static uint32_t pids[PROCESSES_MAX + 1];
static int count = 1;

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

static void remove_here(void) {
  DIR *folder = opendir(".");
  struct dirent *entry;
  while (folder && (entry = readdir(folder))) unlink(entry->d_name);
}

int main(int argc, char **argv) {
  if (argc != 2 || chdir(argv[1]) < 0) return 2;
  int requests = open("requests", O_RDWR | O_CLOEXEC);
  watched[0] = (struct pollfd){.fd = open("watch", O_RDONLY | O_CLOEXEC), .events = POLLIN};
  if (requests < 0 || watched[0].fd < 0) return 2;
  while (poll(watched, count, -1) >= 0) {
    uint32_t pid;
    if (watched[0].revents) {
      if (read(watched[0].fd, &pid, sizeof pid) != sizeof pid) break;
      watch(pid);
    }
    for (int i = count - 1; i > 0; i--) {
      if (!watched[i].revents) continue;
      struct request request = {.op = OP_ENDED, .pid = pids[i]};
      if (write(requests, &request, sizeof request) < 0) return 1;
      forget(i);
    }
  }
  remove_here();
  return rmdir(argv[1]) < 0;
}
