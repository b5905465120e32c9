// A Linux program of two processes that talk over /dev/binder, as any other does: no word here is of the emulator.
//   peers pair      a context manager and its client: call, oneway, a large call, an object, a death by SIGKILL
//   peers lookup    gets the service "lab.echo" of the service manager, and calls it
//   peers alone     pings the service manager: from threads, by copies of its descriptor, after a signal, after exec
#include "binder.h"

enum { LARGE = 65536, CODE_ADD = 1, CODE_ONEWAY = 2, CODE_LARGE = 3, CODE_OBJECT = 4, CODE_UID = 5 };

/* Of the client, which gives up root if it can. */
static uid_t expected_uid(void) { return getuid() == 0 ? 1234 : getuid(); }

/* Serves messages until one has an object: its handle. */
static uint32_t serve(void) {
  for (;;) {
    struct binder_transaction_data got;
    memcpy(&got, expect(BR_TRANSACTION), sizeof got);
    const uint32_t *numbers = (const uint32_t *)(uintptr_t)got.data.ptr.buffer;
    uint32_t answer = numbers[0] + 1, handle = 0;
    if (got.code == CODE_ONEWAY) printf("oneway %u\n", numbers[0]);
    if (got.code == CODE_OBJECT) printf("the uid %s\n", got.sender_euid == expected_uid() ? "fits" : "differs");
    if (got.code == CODE_UID) answer = got.sender_euid;
    if (got.code == CODE_LARGE) {
      answer = 0;
      for (size_t i = 0; i < LARGE / sizeof *numbers; i++) answer += numbers[i];
    }
    if (got.code == CODE_OBJECT) {
      handle = ((const struct flat_binder_object *)numbers)->handle;
      struct __attribute__((packed)) {
        uint32_t acquire, handle, request;
        struct binder_handle_cookie death;
      } commands = {BC_ACQUIRE, handle, BC_REQUEST_DEATH_NOTIFICATION, {handle, 77}};
      write_read(&commands, sizeof commands, 0);
    }
    free_buffer(got.data.ptr.buffer);
    if (!(got.flags & TF_ONE_WAY)) send_message(BC_REPLY, 0, 0, 0, &answer, sizeof answer, NULL);
    if (handle) return handle;
  }
}

static uint32_t call(uint32_t code, const void *bytes, size_t size, binder_uintptr_t *offset) {
  send_message(BC_TRANSACTION, 0, code, 0, bytes, size, offset);
  struct binder_transaction_data reply;
  memcpy(&reply, expect(BR_REPLY), sizeof reply);
  uint32_t answer = *(const uint32_t *)(uintptr_t)reply.data.ptr.buffer;
  free_buffer(reply.data.ptr.buffer);
  return answer;
}

static void be_client(void) {
  static uint32_t numbers[LARGE / sizeof(uint32_t)];
  close(device); // the parent's
  open_device();
  numbers[0] = 41;
  printf("call %u\n", call(CODE_ADD, numbers, sizeof *numbers, NULL));
  for (size_t i = 0; i < LARGE / sizeof *numbers; i++) numbers[i] = i;
  printf("large %u\n", call(CODE_LARGE, numbers, LARGE, NULL));
  send_message(BC_TRANSACTION, 0, CODE_ONEWAY, TF_ONE_WAY, numbers + 5, sizeof *numbers, NULL);
  uid_t own = geteuid(), other = expected_uid();
  if (seteuid(other) < 0 || seteuid(own) < 0) fail("seteuid");
  printf("its own uid again: %d\n", call(CODE_UID, numbers, sizeof *numbers, NULL) == own);
  if (seteuid(other) < 0) fail("seteuid");
  struct flat_binder_object object = {.hdr.type = BINDER_TYPE_BINDER, .binder = 0x1000, .cookie = 0x1000};
  binder_uintptr_t offset = 0;
  fflush(stdout);
  call(CODE_OBJECT, &object, sizeof object, &offset);
  pause();
}

static int pair(void) {
  open_device();
  if (ioctl(device, BINDER_SET_CONTEXT_MGR, 0) < 0) fail("BINDER_SET_CONTEXT_MGR");
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) be_client();
  enter_looper();
  uint32_t handle = serve();
  printf("object %u\n", handle);
  if (ioctl(device, BINDER_WRITE_READ, (void *)8) < 0) printf("a bad argument: %s\n", strerror(errno));
  expect(BR_TRANSACTION_COMPLETE); // of the last reply
  struct pollfd wait = {.fd = device, .events = POLLIN};
  printf("poll without work: %d\n", poll(&wait, 1, 20));
  kill(child, SIGKILL);
  printf("poll with work: %d\n", poll(&wait, 1, -1));
  binder_uintptr_t cookie;
  memcpy(&cookie, expect(BR_DEAD_BINDER), sizeof cookie);
  printf("death %d\n", (int)cookie);
  waitpid(child, NULL, 0);
  return close(device);
}

static char parcel[512];
static size_t parcel_size;

static void put32(uint32_t value) {
  memcpy(parcel + parcel_size, &value, sizeof value);
  parcel_size += sizeof value;
}

static void put_text(const char *text) {
  size_t length = strlen(text);
  put32(length);
  for (size_t i = 0; i <= length; i++, parcel_size += 2) {
    parcel[parcel_size] = text[i];
    parcel[parcel_size + 1] = 0;
  }
  parcel_size = (parcel_size + 3) & ~(size_t)3;
}

static void begin(const char *descriptor) {
  parcel_size = 0;
  put32(0);
  put32(UINT32_MAX);
  put32(B_PACK_CHARS('S', 'Y', 'S', 'T'));
  put_text(descriptor);
}

static struct binder_transaction_data ask(uint32_t handle, uint32_t code) {
  send_message(BC_TRANSACTION, handle, code, TF_ACCEPT_FDS, parcel, parcel_size, NULL);
  struct binder_transaction_data reply;
  memcpy(&reply, expect(BR_REPLY), sizeof reply);
  return reply;
}

static int lookup(void) {
  open_device();
  begin("android.os.IServiceManager");
  put_text("lab.echo");
  struct binder_transaction_data reply = ask(0, 1);
  if (!reply.offsets_size) return printf("there is no lab.echo\n"), 1;
  const char *data = (const char *)(uintptr_t)reply.data.ptr.buffer;
  binder_uintptr_t at = *(const binder_uintptr_t *)(uintptr_t)reply.data.ptr.offsets;
  uint32_t handle = ((const struct flat_binder_object *)(data + at))->handle;
  struct __attribute__((packed)) {
    uint32_t word, handle;
  } acquire = {BC_ACQUIRE, handle};
  write_read(&acquire, sizeof acquire, 0);
  begin("lab.IEcho");
  put32(21);
  reply = ask(handle, 1);
  printf("lab.echo answers %u\n", *(const uint32_t *)(uintptr_t)(reply.data.ptr.buffer + reply.data_size - 4));
  return 0;
}

enum { THREADS = 8, PINGS = 10, PING = B_PACK_CHARS('_', 'P', 'N', 'G') };

static int ping(void) {
  send_message(BC_TRANSACTION, 0, PING, 0, NULL, 0, NULL);
  struct binder_transaction_data reply;
  memcpy(&reply, expect(BR_REPLY), sizeof reply);
  free_buffer(reply.data.ptr.buffer);
  return 1;
}

static void *ping_often(void *count) {
  for (int i = 0; i < PINGS; i++) *(int *)count += ping();
  return NULL;
}

static int by(int fd) {
  close(device);
  device = fd;
  return ping();
}

static void nothing(int number) { (void)number; }

/* The driver does not begin a call again. */
static void *wait_for_signal(void *unused) {
  uint32_t word = BC_ENTER_LOOPER;
  struct binder_write_read both = {.write_size = sizeof word, .write_buffer = (uintptr_t)&word, .read_size = sizeof results,
                                   .read_buffer = (uintptr_t)results};
  while (ioctl(device, BINDER_WRITE_READ, &both) >= 0) both.write_size = both.write_consumed = both.read_consumed = 0;
  printf("a signal: %s\n", strerror(errno));
  return unused;
}

static void interrupt(void) {
  struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
  pthread_t thread;
  sigaction(SIGALRM, &action, NULL);
  ualarm(100000, 100000); // more than once: one before the thread sleeps is lost
  wait_for_signal(NULL);
  ualarm(0, 0);
  pthread_create(&thread, NULL, wait_for_signal, NULL);
  while (pthread_tryjoin_np(thread, NULL)) usleep(20000), pthread_kill(thread, SIGALRM);
}

static int select_now(int other) {
  fd_set reads;
  struct timeval now = {0, 0};
  FD_ZERO(&reads);
  FD_SET(device, &reads);
  FD_SET(other, &reads);
  int count = select((device > other ? device : other) + 1, &reads, NULL, NULL, &now);
  return 10 * count + !!FD_ISSET(other, &reads);
}

static int alone(char *program) {
  pthread_t threads[THREADS];
  int counts[THREADS] = {0}, sum = 0, ends[2], status;
  open_device();
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, ping_often, &counts[i]);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL), sum += counts[i];
  printf("%d pings of threads\n", sum);
  int first = dup(device), second = fcntl(device, F_DUPFD_CLOEXEC, 50), third = dup3(device, 60, O_CLOEXEC);
  printf("by copies: %d %d %d\n", by(first), by(second), by(third));
  interrupt();
  if (pipe(ends) < 0) fail("pipe");
  printf("select: %d", select_now(ends[0]));
  if (write(ends[1], "x", 1) != 1) fail("write");
  printf(" %d\n", select_now(ends[0]));
  char *words[] = {program, "exec", NULL};
  pid_t child;
  if (posix_spawn(&child, program, NULL, NULL, words, environ)) fail("posix_spawn");
  waitpid(child, &status, 0);
  printf("still %d\n", ping());
  return execv(program, words);
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc == 2 && !strcmp(argv[1], "pair")) return pair();
  if (argc == 2 && !strcmp(argv[1], "alone")) return alone(argv[0]);
  if (argc == 2 && !strcmp(argv[1], "lookup")) return lookup();
  open_device();
  printf("after exec: %d\n", ping());
  return 5;
}
