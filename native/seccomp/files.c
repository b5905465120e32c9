// Which descriptors of which processes are Binder's. A device is a memfd of a known name, so a child and a program that exec has
// begun are asked what they have.
#include "seccomp.h"

#include "../twins.h"
#include <dirent.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define FILE_NAME "binderlab-device"

static struct process *processes;

int is_binder(const struct process *process, int fd) {
  return process && fd >= 0 && fd < DESCRIPTORS_MAX && process->is_binder[fd];
}

int make_device_file(void) { return memfd_create(FILE_NAME, MFD_CLOEXEC); }

uint64_t inode_of(int fd) {
  struct stat file;
  return fstat(fd, &file) < 0 ? 0 : file.st_ino;
}

int find_kept(struct process *process, struct kept *kept) {
  static const char target[] = "/memfd:" FILE_NAME;
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "/proc/%d/fd", process->pid);
  DIR *directory = opendir(path);
  struct dirent *entry;
  int count = 0;
  memset(process->is_binder, 0, sizeof process->is_binder);
  if (process->twins) memset(process->twins, 0, sizeof *process->twins);
  while (directory && count < KEPT_MAX && (entry = readdir(directory))) {
    char link[sizeof target];
    struct stat file;
    int fd = atoi(entry->d_name);
    ssize_t size = readlinkat(dirfd(directory), entry->d_name, link, sizeof link);
    if (size != sizeof link || memcmp(link, target, sizeof target - 1) || fd >= DESCRIPTORS_MAX) continue;
    if (fstatat(dirfd(directory), entry->d_name, &file, 0) < 0) continue;
    kept[count++] = (struct kept){.fd = fd, .file = file.st_ino};
    process->is_binder[fd] = 1;
  }
  if (directory) closedir(directory);
  return count;
}

static void remove_ended(void) {
  for (struct process **at = &processes; *at;) {
    struct process *one = *at;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d", one->pid);
    if (access(path, F_OK) == 0) at = &one->next;
    else *at = one->next; // workers may still name it
  }
}

struct process *process_of(pid_t tid) {
  pid_t pid = (pid_t)status_of(tid, "Tgid:", 10);
  for (struct process *one = processes; one; one = one->next)
    if (one->pid == pid) return one;
  if (pid == 0) return NULL;
  remove_ended();
  struct process *process = calloc(1, sizeof *process);
  if (!process) return NULL;
  process->pid = pid;
  process->may_exec = 1; // or a parent has forked it: it may have descriptors
  process->next = processes;
  return processes = process;
}
