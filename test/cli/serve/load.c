// Many threads, many calls, and clients that are killed.
//   load threads    64 threads call a server of 4 threads, 20 times each
//   load calls N    so many calls, one after the other
//   load killed     clients are killed by SIGKILL at moments that move through a call; then one more calls
//   load servers    servers are killed by SIGKILL at moments that move through a call, and begun again
//   load freeze     a client with a call under way is frozen: with a timeout too short, then with one that is enough
#include "binder.h"

#include <time.h>

enum { THREADS = 64, CALLS = 20, SERVERS = 4, KILLS = 60, SERVER_KILLS = 40 };

static pid_t clients;

static void serve(void *first) {
  uint32_t word = first ? BC_ENTER_LOOPER : BC_REGISTER_LOOPER;
  write_read(&word, sizeof word, 0);
  for (;;) {
    struct binder_transaction_data got;
    memcpy(&got, expect(BR_TRANSACTION), sizeof got);
    uint32_t answer = *(const uint32_t *)(uintptr_t)got.data.ptr.buffer + 1;
    free_buffer(got.data.ptr.buffer);
    if (got.code) usleep(1000 * got.code);
    send_message(BC_REPLY, 0, 0, 0, &answer, sizeof answer, NULL);
  }
}

static void *serve_more(void *unused) {
  serve(NULL);
  return unused;
}

static uint32_t call(uint32_t number, uint32_t ms) {
  send_message(BC_TRANSACTION, 0, ms, 0, &number, sizeof number, NULL);
  struct binder_transaction_data reply;
  memcpy(&reply, expect(BR_REPLY), sizeof reply);
  uint32_t answer = *(const uint32_t *)(uintptr_t)reply.data.ptr.buffer;
  free_buffer(reply.data.ptr.buffer);
  return answer;
}

static void *call_often(void *good) {
  for (uint32_t i = 0; i < CALLS; i++) *(int *)good += call(i, 0) == i + 1;
  return NULL;
}

static void call_from_threads(void) {
  pthread_t threads[THREADS];
  int good[THREADS] = {0}, sum = 0;
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, call_often, &good[i]);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL), sum += good[i];
  printf("%d calls of %d threads\n", sum, THREADS);
}

static void kill_often(void) {
  for (int i = 0; i < KILLS; i++) {
    struct timespec moment = {0, 15000 * i};
    pid_t victim = fork();
    if (victim < 0) fail("fork");
    if (victim == 0) {
      close(device);
      open_device();
      for (uint32_t number = 0;; number++) call(number, 0);
    }
    usleep(2000);
    nanosleep(&moment, NULL);
    kill(victim, SIGKILL);
    waitpid(victim, NULL, 0);
  }
  printf("after %d deaths: %u\n", KILLS, call(41, 0));
}

static void *call_slowly(void *answer) {
  *(uint32_t *)answer = call(6, 200);
  return NULL;
}

static void freeze(pid_t server) {
  pthread_t thread;
  struct binder_freeze_info info = {.pid = server, .enable = 1, .timeout_ms = 20};
  uint32_t answer = 0;
  pthread_create(&thread, NULL, call_slowly, &answer);
  usleep(100000);
  int result = ioctl(device, BINDER_FREEZE, &info);
  printf("freeze in 20 ms: %s\n", result < 0 ? strerror(errno) : "done");
  info.timeout_ms = 5000;
  printf("freeze in 5 s: %s\n", ioctl(device, BINDER_FREEZE, &info) < 0 ? strerror(errno) : "done");
  pthread_join(thread, NULL);
  printf("slow call: %u\n", answer);
  info.enable = 0;
  ioctl(device, BINDER_FREEZE, &info);
}

/* The word that ends a call: BR_REPLY, or an error. */
static uint32_t outcome_of_call(uint32_t number) {
  send_message(BC_TRANSACTION, 0, 0, 0, &number, sizeof number, NULL);
  for (;;) {
    if (results_at >= results_size) write_read(NULL, 0, sizeof results);
    uint32_t word;
    memcpy(&word, results + results_at, sizeof word);
    results_at += sizeof word;
    if (word == BR_REPLY) free_buffer(((struct binder_transaction_data *)(results + results_at))->data.ptr.buffer);
    if (word == BR_REPLY || word == BR_DEAD_REPLY || word == BR_FAILED_REPLY) return word;
    results_at += _IOC_SIZE(word);
  }
}

static void be_server(int ready) {
  close(device);
  open_device();
  if (ioctl(device, BINDER_SET_CONTEXT_MGR, 0) < 0) fail("BINDER_SET_CONTEXT_MGR");
  if (write(ready, "x", 1) != 1) fail("write");
  serve(&device);
}

static void kill_servers(void) {
  int ready[2], dead = 0, wrong = 0;
  char byte;
  open_device();
  if (pipe(ready) < 0) fail("pipe");
  for (int i = 0; i < SERVER_KILLS; i++) {
    pid_t server = fork(), killer;
    if (server < 0) fail("fork");
    if (server == 0) be_server(ready[1]);
    if (read(ready[0], &byte, 1) != 1) fail("read");
    if (!(killer = fork())) usleep(500 + 17 * i), kill(server, SIGKILL), _exit(0);
    uint32_t outcome = BR_REPLY;
    while (outcome == BR_REPLY) outcome = outcome_of_call(i);
    if (outcome == BR_DEAD_REPLY) dead++;
    else wrong++;
    waitpid(killer, NULL, 0);
    waitpid(server, NULL, 0);
  }
  printf("%d servers died, %d other ends\n", dead, wrong);
}

static void be_client(const char *what, int count, pid_t server) {
  close(device);
  open_device();
  if (!strcmp(what, "threads")) call_from_threads();
  else if (!strcmp(what, "killed")) kill_often();
  else if (!strcmp(what, "freeze")) freeze(server);
  else {
    int good = 0;
    for (int i = 0; i < count; i++) good += call(i, 0) == (uint32_t)i + 1;
    printf("%d calls\n", good);
  }
}

static void child_ended(int number) {
  (void)number;
  if (waitpid(clients, NULL, WNOHANG) == clients) _exit(0);
}

int main(int argc, char **argv) {
  uint32_t threads = SERVERS;
  pthread_t thread;
  pid_t server = getpid();
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (!strcmp(argv[1], "servers")) return kill_servers(), 0;
  open_device();
  ioctl(device, BINDER_SET_MAX_THREADS, &threads);
  if (ioctl(device, BINDER_SET_CONTEXT_MGR, 0) < 0) fail("BINDER_SET_CONTEXT_MGR");
  signal(SIGCHLD, child_ended);
  if ((clients = fork()) < 0) fail("fork");
  if (clients == 0) {
    signal(SIGCHLD, SIG_DFL);
    be_client(argv[1], argc > 2 ? atoi(argv[2]) : 0, server);
    return 0;
  }
  for (int i = 1; i < SERVERS; i++) pthread_create(&thread, NULL, serve_more, NULL);
  serve(&threads);
}
