// Descriptors over exec: the driver's file stays open unless it is close-on-exec, and the mapping goes.
#include "binder.h"

static const char *version(int fd) {
  struct binder_version version;
  return ioctl(fd, BINDER_VERSION, &version) < 0 ? strerror(errno) : "good";
}

static const char *map(int fd) {
  return mmap(NULL, MAP_SIZE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? strerror(errno) : "good";
}

/* After exec: which numbers the descriptors had is in the words. */
static int after(const char *name, int kept, int closed) {
  printf("%s: kept %s, closed %s, mapped again %s\n", name, version(kept), version(closed), map(kept));
  device = kept;
  uint32_t unknown = 0;
  struct binder_write_read both = {.write_size = sizeof unknown, .write_buffer = (uintptr_t)&unknown};
  printf("%s: an unknown command: %s\n", name, ioctl(kept, BINDER_WRITE_READ, &both) < 0 ? strerror(errno) : "good");
  close(kept);
  printf("%s: after close %s\n", name, version(kept));
  return 0;
}

static void *sleep_in_call(void *unused) {
  uint32_t word = BC_ENTER_LOOPER;
  write_read(&word, sizeof word, sizeof results);
  return unused;
}

static void run(const char *program, const char *name, int kept, int closed) {
  char first[16], second[16];
  snprintf(first, sizeof first, "%d", kept);
  snprintf(second, sizeof second, "%d", closed);
  execl(program, program, name, first, second, NULL);
  fail("exec");
}

int main(int argc, char **argv) {
  pthread_t sleeper;
  posix_spawn_file_actions_t actions;
  pid_t child;
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc == 4) return after(argv[1], atoi(argv[2]), atoi(argv[3]));
  open_device(); // close-on-exec
  int kept = open("/dev/binder", O_RDWR);
  if (kept < 0 || mmap(NULL, MAP_SIZE, PROT_READ, MAP_PRIVATE, kept, 0) == MAP_FAILED) fail("open");
  if (ioctl(kept, BINDER_SET_CONTEXT_MGR, 0) < 0) fail("BINDER_SET_CONTEXT_MGR");
  if (!(child = fork())) run(argv[0], "fork", kept, device);
  waitpid(child, NULL, 0);
  char *words[] = {argv[0], "spawn", "50", "51", NULL};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, kept, 50);
  if (posix_spawn(&child, argv[0], &actions, NULL, words, environ)) fail("posix_spawn");
  waitpid(child, NULL, 0);
  printf("the parent: %s\n", version(kept));
  pthread_create(&sleeper, NULL, sleep_in_call, NULL);
  usleep(20000);
  run(argv[0], "exec", kept, device);
}
