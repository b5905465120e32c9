// Arguments: a command and its arguments. The command runs under a filter, and its exit code is this one's. BINDERLAB_SERVE names
// the session's folder.
#include "seccomp.h"

#include "../socket.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/* Mappings are here, by the upper half of their addresses: where the server puts them. */
enum { MAPPINGS_UPPER = 0x70 };
enum { EXIT_NOT_FOUND = 127, EXIT_NOT_PERMITTED = 125, SIGNALLED = 128, IDLE_S = 1 };

struct ring *ring;
const char *folder;
int listener;
static struct worker *workers;

void respond(uint64_t id, int64_t result) {
  struct seccomp_notif_resp response = {.id = id, .val = result < 0 ? 0 : result, .error = result < 0 ? (int)result : 0};
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

void go_on(uint64_t id) {
  struct seccomp_notif_resp response = {.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

int is_waiting(uint64_t id) { return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0; }

int give_descriptor(uint64_t id, int fd, int flags) {
  struct seccomp_notif_addfd added = {.id = id, .srcfd = fd, .newfd_flags = flags};
  int number = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &added);
  return number < 0 ? -errno : number;
}

static void read_status(pid_t tid, char *text, size_t room) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/status", tid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t size = file < 0 ? 0 : read(file, text, room - 1);
  if (file >= 0) close(file);
  text[size < 0 ? 0 : size] = 0;
}

unsigned long long status_of(pid_t tid, const char *field, int base) {
  char text[4096];
  read_status(tid, text, sizeof text);
  const char *line = strstr(text, field);
  return line ? strtoull(line + strlen(field), NULL, base) : 0;
}

unsigned uid_of(pid_t tid) {
  char text[4096];
  unsigned uid = 0;
  read_status(tid, text, sizeof text);
  const char *line = strstr(text, "\nUid:");
  return line && sscanf(line, " Uid: %*u %u", &uid) == 1 ? uid : 0;
}

/* The calls that this process wants to see; others the kernel makes at once. */
static const int CALLS[] = {
#ifdef SYS_open
    SYS_open, SYS_access, SYS_poll, SYS_select, SYS_dup2, SYS_epoll_wait,
#endif
    SYS_openat, SYS_faccessat, SYS_faccessat2, SYS_ppoll, SYS_pselect6, SYS_close, SYS_dup, SYS_dup3, SYS_fcntl, SYS_execve, SYS_execveat, SYS_exit,
    SYS_exit_group,
    SYS_setuid, SYS_setreuid, SYS_setresuid, SYS_epoll_ctl, SYS_epoll_pwait, SYS_epoll_pwait2,
};

enum { RULES_MAX = 96, CALLS_COUNT = sizeof CALLS / sizeof *CALLS };
static struct sock_filter rules[RULES_MAX];
static int rule_count;

static void rule(uint16_t code, uint32_t value, uint8_t yes, uint8_t no) {
  rules[rule_count++] = (struct sock_filter)BPF_JUMP(code, value, yes, no);
}

enum { LOAD = BPF_LD | BPF_W | BPF_ABS, EQUALS = BPF_JMP | BPF_JEQ | BPF_K, RETURN = BPF_RET | BPF_K };

/* The call, if the masked half of an argument is `value`, or is not. */
static void rule_for_argument(int number, size_t place, uint32_t mask, uint32_t value, int is_equal) {
  rule(EQUALS, number, 0, 4);
  rule(LOAD, offsetof(struct seccomp_data, args) + place, 0, 0);
  rule(BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
  rule(EQUALS, value, !is_equal, is_equal);
  rule(RETURN, SECCOMP_RET_USER_NOTIF, 0, 0);
  rule(LOAD, offsetof(struct seccomp_data, nr), 0, 0);
}

static void make_rules(void) {
  rule(LOAD, offsetof(struct seccomp_data, arch), 0, 0);
  rule(EQUALS, ARCHITECTURE, 1, 0);
  rule(RETURN, SECCOMP_RET_ALLOW, 0, 0);
  rule(LOAD, offsetof(struct seccomp_data, nr), 0, 0);
  for (int i = 0; i < CALLS_COUNT; i++) {
    rule(EQUALS, CALLS[i], 0, 1);
    rule(RETURN, SECCOMP_RET_USER_NOTIF, 0, 0);
  }
  rule_for_argument(SYS_ioctl, 1 * 8, 0xff00, 'b' << 8, 1);
  rule_for_argument(SYS_ioctl, 1 * 8, ~0u, FIONBIO, 1);
  rule_for_argument(SYS_mmap, 4 * 8, ~0u, ~0u, 0);
  rule_for_argument(SYS_munmap, 0 * 8 + 4, ~0u, MAPPINGS_UPPER, 1);
  rule(RETURN, SECCOMP_RET_ALLOW, 0, 0);
}

static void run_command(int socket, char **command) {
  struct sock_fprog program = {.len = rule_count, .filter = rules};
  unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  unsetenv("BINDERLAB_SERVE");
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  int made = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (made < 0) {
    fprintf(stderr, "binderlab: seccomp user notification is not there (Linux 5.19 or later has it): %s\n", strerror(errno));
    _exit(EXIT_NOT_PERMITTED);
  }
  send_descriptor(socket, made); // the other process sees calls from now on, so close does not return before it has this one
  close(made);
  execvp(command[0], command);
  fprintf(stderr, "binderlab: %s cannot be started: %s\n", command[0], strerror(errno));
  _exit(EXIT_NOT_FOUND);
}

/* Whether there is a call within some time. */
static int await_call(struct worker *worker) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += IDLE_S;
  pthread_mutex_lock(&worker->lock);
  while (!worker->has_call && pthread_cond_timedwait(&worker->changed, &worker->lock, &end) == 0) {
  }
  int has_call = worker->has_call;
  if (!has_call && kill(worker->tid, 0) < 0) worker->has_ended = 1;
  pthread_mutex_unlock(&worker->lock);
  return has_call;
}

static void *work(void *data) {
  struct worker *worker = data;
  while (!worker->has_ended) {
    if (!await_call(worker)) continue;
    if (worker->call.data.nr == SYS_exit) {
      say_bye(worker);
      pthread_mutex_lock(&worker->lock);
      worker->has_ended = 1;
      pthread_mutex_unlock(&worker->lock);
      go_on(worker->call.id);
      break;
    }
    pthread_mutex_lock(&worker->lock);
    worker->has_call = 0; // the next one may come with the answer
    pthread_mutex_unlock(&worker->lock);
    serve_call(worker);
    if (!worker->is_lost) continue;
    pthread_mutex_lock(&worker->lock);
    worker->has_ended = 1; // with this thread ends that it traces the other: then the parent learns of that one's end
    pthread_mutex_unlock(&worker->lock);
  }
  say_bye(worker);
  if (worker->bell >= 0) close(worker->bell);
  return NULL;
}

static struct worker *worker_of(pid_t tid) {
  for (struct worker **at = &workers; *at;) {
    struct worker *one = *at;
    pthread_mutex_lock(&one->lock);
    int has_ended = one->has_ended;
    pthread_mutex_unlock(&one->lock);
    if (has_ended) *at = one->next; // its thread may still look at it
    else if (one->tid == tid) return one;
    else at = &one->next;
  }
  struct worker *worker = calloc(1, sizeof *worker);
  pthread_t thread;
  if (!worker || !(worker->process = process_of(tid))) return NULL;
  worker->tid = tid;
  worker->bell = -1;
  pthread_mutex_init(&worker->lock, NULL);
  pthread_cond_init(&worker->changed, NULL);
  if (pthread_create(&thread, NULL, work, worker)) return NULL;
  pthread_detach(thread);
  worker->next = workers;
  return workers = worker;
}

static void take_call(void) {
  struct seccomp_notif call = {0};
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0) return;
  struct worker *worker = worker_of(call.pid);
  if (!worker || atomic_load(&worker->is_injecting)) return go_on(call.id);
  pthread_mutex_lock(&worker->lock);
  worker->call = call;
  worker->has_call = 1;
  pthread_cond_signal(&worker->changed);
  pthread_mutex_unlock(&worker->lock);
}

static int exit_code_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv) {
  int sockets[2];
  char path[PATH_BYTES];
  folder = getenv("BINDERLAB_SERVE");
  if (argc < 2 || !folder || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) return 2;
  snprintf(path, sizeof path, "%s/ring", folder);
  int file = open(path, O_RDWR | O_CLOEXEC);
  ring = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (ring == MAP_FAILED) return 2;
  make_rules();
  pid_t child = fork();
  if (child == 0) run_command(sockets[1], argv + 1);
  close(sockets[1]);
  signal(SIGINT, SIG_IGN); // the command decides
  listener = receive_descriptor(sockets[0], 0);
  if (listener < 0) return exit_code_of(child);
  struct pollfd ready[2] = {{.fd = listener, .events = POLLIN}, {.fd = syscall(SYS_pidfd_open, child, 0), .events = POLLIN}};
  while (poll(ready, 2, -1) >= 0 || errno == EINTR) {
    if (ready[1].revents) return exit_code_of(child);
    if (ready[0].revents & POLLIN) take_call();
    else if (ready[0].revents) ready[0].fd = -1; // all that had the filter have ended
  }
  return 2;
}
