// What Node cannot do itself, for the server: memory that it shares with programs, sleep in a futex, the memory and the
// descriptors of other processes. A Node-API module; the few functions it uses are declared here, so it needs no headers of Node.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "ring.h"
#include "socket.h"

typedef struct env *napi_env;
typedef struct value *napi_value;
typedef struct info *napi_info;
typedef napi_value (*callback)(napi_env, napi_info);
int napi_get_cb_info(napi_env, napi_info, size_t *count, napi_value *arguments, napi_value *self, void **data);
int napi_create_function(napi_env, const char *name, size_t length, callback, void *data, napi_value *result);
int napi_set_named_property(napi_env, napi_value object, const char *name, napi_value value);
int napi_create_double(napi_env, double, napi_value *result);
int napi_get_value_double(napi_env, napi_value, double *result);
int napi_get_value_string_utf8(napi_env, napi_value, char *text, size_t room, size_t *length);
int napi_get_typedarray_info(napi_env, napi_value, int *type, size_t *length, void **data, napi_value *buffer, size_t *offset);
int napi_detach_arraybuffer(napi_env, napi_value buffer);
int napi_create_external_arraybuffer(napi_env, void *data, size_t size, void (*end)(napi_env, void *, void *), void *hint,
                                     napi_value *result);

enum { ARGUMENTS_MAX = 4, PATH_BYTES = 4096, SPIN_CHECKS = 10, YIELD_ROUNDS = 16 };
static const int64_t NS = 1000000000;

static struct ring *ring;
/* Slots that were on the list, in the order in which they came. */
static uint32_t *taken;
static size_t taken_from, taken_to, taken_room;
static volatile sig_atomic_t is_interrupted;

/* The arguments of a call, as numbers: 0 for what is none. */
static void take_arguments(napi_env env, napi_info info, napi_value *values, double *numbers) {
  size_t count = ARGUMENTS_MAX;
  napi_get_cb_info(env, info, &count, values, NULL, NULL);
  for (size_t i = 0; i < ARGUMENTS_MAX; i++)
    if (i >= count || napi_get_value_double(env, values[i], &numbers[i])) numbers[i] = 0;
}
#define ARGUMENTS \
  napi_value values[ARGUMENTS_MAX]; \
  double numbers[ARGUMENTS_MAX]; \
  take_arguments(env, info, values, numbers);

static napi_value number(napi_env env, double value) {
  napi_value result = NULL;
  napi_create_double(env, value, &result);
  return result;
}

/* A result as the kernel's calls have it. */
static napi_value result_of(napi_env env, long result) { return number(env, result < 0 ? -errno : result); }

/* Node calls it when it is idle, which the server never is. */
static void collected(napi_env env, void *data, void *hint) { (void)env, (void)data, (void)hint; }

/* map(path, size): the file as an ArrayBuffer, until unmap; the first one is the ring. Or -errno. */
static napi_value map(napi_env env, napi_info info) {
  ARGUMENTS
  char path[PATH_BYTES];
  size_t size = (size_t)numbers[1];
  napi_value buffer = NULL;
  napi_get_value_string_utf8(env, values[0], path, sizeof path, NULL);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fd >= 0) close(fd);
  if (data == MAP_FAILED) return result_of(env, -1);
  if (!ring) ring = data;
  napi_create_external_arraybuffer(env, data, size, collected, NULL, &buffer);
  return buffer;
}

/* unmap(bytes): those of map; they cannot be used any more. */
static napi_value unmap(napi_env env, napi_info info) {
  ARGUMENTS
  napi_value buffer = NULL;
  size_t size = 0;
  void *data = NULL;
  napi_get_typedarray_info(env, values[0], NULL, &size, &data, &buffer, NULL);
  napi_detach_arraybuffer(env, buffer);
  return result_of(env, munmap(data, size));
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * NS + time.tv_nsec;
}

static void pause_shortly(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* Moves the whole list to `taken`, and turns it: the newest is its first. */
static void take_list(void) {
  uint32_t index = atomic_exchange(&ring->list, 0);
  if (!index) return;
  if (taken_from == taken_to) taken_from = taken_to = 0;
  size_t first = taken_to;
  for (; index; index = atomic_load(&ring_slot(ring, index)->next)) {
    if (taken_to == taken_room) taken = realloc(taken, (taken_room += SLOTS) * sizeof *taken);
    taken[taken_to++] = index;
  }
  for (size_t last = taken_to; first + 1 < last; first++) {
    uint32_t swapped = taken[--last];
    taken[last] = taken[first];
    taken[first] = swapped;
  }
}

/* The guest's memory, and its window there. */
static unsigned char *guest;
static struct window *window;
/* By slot: the guest's record of the program's memory; 0 for none. */
static uint32_t spaces[SLOTS];

/* enter(memory, window): the guest's memory, and where the window is. */
static napi_value enter(napi_env env, napi_info info) {
  ARGUMENTS
  napi_get_typedarray_info(env, values[0], NULL, NULL, (void **)&guest, NULL, NULL);
  window = (struct window *)(guest + (size_t)numbers[1]);
  return number(env, 0);
}

/* own(slot, space): whose slot it is. */
static napi_value own(napi_env env, napi_info info) {
  ARGUMENTS
  spaces[(uint32_t)numbers[0]] = (uint32_t)numbers[1];
  return number(env, 0);
}

/* The guest knows what came with the call. */
static void lend(const struct slot *slot, uint32_t space) {
  enum { BYTES = sizeof(struct window) };
  uint32_t count = slot->sent_count, size = slot->sent_size;
  window->space = space;
  window->sent_count = 0;
  if (count > PIECES_MAX || size > SENT_BYTES || size > WINDOW_STORED_AT - BYTES) return;
  for (uint32_t i = 0; i < count; i++) {
    struct piece piece = slot->sent[i];
    piece.offset -= offsetof(struct slot, sent_bytes);
    if (piece.offset > size || piece.size > size - piece.offset) return;
    piece.offset += BYTES;
    window->sent[i] = piece;
  }
  memcpy((char *)window + BYTES, slot->sent_bytes, size);
  window->sent_count = count;
}

static struct slot *slot_of_thread(int32_t tid) {
  uint32_t used = atomic_load(&ring->used);
  for (uint32_t index = 1; index < used; index++)
    if (spaces[index] && (int32_t)atomic_load(&ring_slot(ring, index)->owner) == tid) return ring_slot(ring, index);
  return NULL;
}

/* The thread stores the bytes when its call returns; without room for them they are stored now. How many were. */
static uint32_t store(struct slot *slot, uint64_t address, const void *bytes, uint32_t size) {
  uint32_t count = slot->stored_count, used = slot->stored_size;
  if (count <= PIECES_MAX && used <= STORED_BYTES && size <= STORED_BYTES - used) {
    struct piece *last = count ? &slot->stored[count - 1] : NULL;
    int follows = last && last->address + last->size == address;
    if (follows || count < PIECES_MAX) {
      uint32_t offset = offsetof(struct slot, stored_bytes) + used;
      memcpy((char *)slot + offset, bytes, size);
      if (follows) last->size += size;
      else slot->stored[slot->stored_count++] = (struct piece){.address = address, .offset = offset, .size = size};
      slot->stored_size = used + size;
      return size;
    }
  }
  struct iovec from = {(void *)bytes, size}, to = {(void *)address, size};
  ssize_t done = process_vm_writev(atomic_load(&slot->owner) >> 32, &from, 1, &to, 1, 0);
  return done < 0 ? 0 : done;
}

/* Passes on what calls have stored so far. */
static void flush(void) {
  for (uint32_t i = 0; i < window->stored_count; i++) {
    const struct piece *piece = &window->stored[i];
    struct slot *slot = slot_of_thread(piece->tid);
    if (slot) store(slot, piece->address, (char *)window + piece->offset, piece->size);
  }
  window->stored_count = window->stored_size = 0;
}

/* The slot whose call is being made; 0: none. Which calls are under way. */
static uint32_t current;
static unsigned char is_called[SLOTS];

/* Sleeping threads that another thread was to wake, at which time. If it was killed before, the server wakes them. */
enum { LENT_MAX = 16, LENT_NS = 40000 };
static struct {
  uint32_t index;
  int64_t time;
} lent[LENT_MAX];
static uint32_t lent_count;

/* How often this thread yields when it is idle: a thread that was woken may wait for its processor. */
enum { YIELDS = 1 };
static int yields;

static void wake(uint32_t index) {
  struct slot *slot = ring_slot(ring, index);
  ring_futex(&slot->state, FUTEX_WAKE, 1, NULL);
  if (atomic_load(&slot->processor) == atomic_load(&ring->processor)) yields = YIELDS;
}

/* Wakes those that nobody has woken by this time. */
static void wake_lent(int64_t time) {
  for (uint32_t i = lent_count; i-- > 0;) {
    if (time < lent[i].time + LENT_NS) continue;
    wake(lent[i].index);
    lent[i] = lent[--lent_count];
  }
}

static void forget_lent(uint32_t index) {
  for (uint32_t i = lent_count; i-- > 0;)
    if (lent[i].index == index) lent[i] = lent[--lent_count];
}

/* Whether a thread sleeps that had this state. */
static bool is_asleep(uint32_t state) { return state == STATE_SLEEPING || state == STATE_DONE; }

/* Tells the threads whose calls are answered, and returns one of those that sleep, which the caller's thread may wake; or 0. */
static uint32_t tell_others(bool *is_answered, bool may_lend) {
  uint32_t sleeper = 0, count = ring->answered_count;
  for (uint32_t i = 0; i < count && i < ANSWERED_MAX; i++) {
    uint32_t index = ring->answered[i];
    if (index == 0 || index >= SLOTS || !is_called[index]) continue;
    if (index == current) *is_answered = true;
    else {
      is_called[index] = 0;
      if (!is_asleep(atomic_exchange(&ring_slot(ring, index)->state, STATE_ANSWERED))) continue;
      if (atomic_load(&ring_slot(ring, index)->processor) == atomic_load(&ring->processor)) yields = YIELDS;
      if (sleeper || !may_lend) wake(index);
      else sleeper = index;
    }
  }
  ring->answered_count = 0;
  return sleeper;
}

/* The call has been made. Its thread looks for the answer as a rule: it wakes another one then, on its own processor, which is
 * cheaper than from here. A thread whose call is not answered may sleep. */
static void end_call(void) {
  bool is_answered = false, looks;
  if (window) flush(), window->space = 0;
  uint32_t index = current, sleeper = tell_others(&is_answered, index && lent_count < LENT_MAX);
  current = 0;
  if (!index) return;
  struct slot *slot = ring_slot(ring, index);
  atomic_store(&slot->wake, sleeper);
  if (is_answered) {
    is_called[index] = 0;
    uint32_t before = atomic_exchange(&slot->state, STATE_ANSWERED);
    looks = before == STATE_POSTED;
    if (is_asleep(before)) wake(index);
  } else {
    uint32_t posted = STATE_POSTED;
    looks = atomic_compare_exchange_strong(&slot->state, &posted, STATE_PARKED);
  }
  if (!sleeper) return;
  if (!looks) wake(sleeper);
  else {
    lent[lent_count].index = sleeper;
    lent[lent_count++].time = now();
  }
}

/* tell(): tells of the answers now, not at the next call. */
static napi_value tell(napi_env env, napi_info info) {
  (void)info;
  end_call();
  return number(env, 0);
}

/* How many calls in a row came from this thread's processor, and when it may move next. */
enum { CALLS_HERE_MAX = 50, MOVE_NS = 5000000 };
static int calls_here;
static int64_t next_move;

/* Moves to another processor, if there is one: beside the callers, each hand-over would take a switch of threads. */
static void make_way(int processor) {
  cpu_set_t all, others;
  int64_t time = now();
  calls_here = 0;
  if (time < next_move || sched_getaffinity(0, sizeof all, &all) < 0 || CPU_COUNT(&all) < 2) return;
  next_move = time + MOVE_NS;
  others = all;
  CPU_CLR(processor, &others);
  sched_setaffinity(0, sizeof others, &others);
  sched_setaffinity(0, sizeof all, &all);
  atomic_store(&ring->processor, sched_getcpu());
}

/* Notes where a caller runs. */
static void meet(int processor) {
  if (processor != atomic_load(&ring->processor)) calls_here = 0;
  else if (++calls_here > CALLS_HERE_MAX) make_way(processor);
}

/* A slot that is on the list, as next returns it; 0 for none. */
static double take_pending(void) {
  while (taken_from < taken_to) {
    uint32_t index = taken[taken_from++], pending;
    if (!index || !(pending = atomic_exchange(&ring_slot(ring, index)->pending, 0))) continue;
    if (pending & PENDING_CALL) {
      is_called[index] = 1;
      current = index;
      meet(atomic_load(&ring_slot(ring, index)->processor));
      if (lent_count) forget_lent(index); // it is awake
      if (spaces[index]) lend(ring_slot(ring, index), spaces[index]);
    }
    return index * 8.0 + pending;
  }
  return 0;
}

/* Sleeps until there is a call or the time `end` has come. */
static void sleep_until(int64_t end, int64_t time) {
  struct timespec left = {(end - time) / NS, (end - time) % NS};
  wake_lent(INT64_MAX - LENT_NS);
  atomic_store(&ring->asleep, 1);
  if (!atomic_load(&ring->list)) ring_futex(&ring->asleep, FUTEX_WAIT, 1, &left);
  atomic_store(&ring->asleep, 0);
}

/* next(spinNs, timeoutMs): a slot's index * 8 + what is pending there; 0 after the time, -1 after SIGINT. */
static napi_value next(napi_env env, napi_info info) {
  ARGUMENTS
  end_call();
  int64_t start = now(), spin = start + (int64_t)numbers[0], end = start + (int64_t)(numbers[1] * 1e6);
  int64_t time = start;
  for (int rounds = 1;; rounds++) {
    if (lent_count) wake_lent(time);
    double found = take_pending();
    if (found) return number(env, found);
    take_list();
    if (taken_from < taken_to) continue;
    if (is_interrupted) return number(env, -1);
    atomic_store(&ring->processor, sched_getcpu());
    // To a thread that was woken on this processor. Others that want it, such as of other programs, would keep it for long.
    if (yields > 0 || rounds % YIELD_ROUNDS == 0) sched_yield();
    if (yields > 0) yields--;
    for (int i = 0; i < SPIN_CHECKS && !atomic_load(&ring->list); i++) pause_shortly();
    time = now();
    if (time < spin || atomic_load(&ring->list)) continue;
    if (time >= end) return number(env, 0);
    sleep_until(end, time);
  }
}

/* Changes the state of a slot whose thread waits. */
static void change(struct slot *slot, uint32_t state) {
  if (is_asleep(atomic_exchange(&slot->state, state))) ring_futex(&slot->state, FUTEX_WAKE, 1, NULL);
}

/* keep(slot, address, bytes): the thread stores them when its call returns. How many were stored. */
static napi_value keep(napi_env env, napi_info info) {
  ARGUMENTS
  void *bytes;
  size_t size;
  flush();
  napi_get_typedarray_info(env, values[2], NULL, &size, &bytes, NULL, NULL);
  return number(env, store(ring_slot(ring, (uint32_t)numbers[0]), (uint64_t)numbers[1], bytes, (uint32_t)size));
}

/* shut(slot, fd): the thread closes it when its call returns. */
static napi_value shut(napi_env env, napi_info info) {
  ARGUMENTS
  struct slot *slot = ring_slot(ring, (uint32_t)numbers[0]);
  if (slot->shut_count < SHUT_MAX) slot->shut[slot->shut_count++] = (int32_t)numbers[1];
  return number(env, 0);
}

/* ask(slot, state, ms): asks the thread, which waits for an answer, for something. Whether it has done so in time. */
static napi_value ask(napi_env env, napi_info info) {
  ARGUMENTS
  struct slot *slot = ring_slot(ring, (uint32_t)numbers[0]);
  uint32_t state = (uint32_t)numbers[1];
  int64_t end = now() + (int64_t)(numbers[2] * 1e6), left;
  for (change(slot, state); atomic_load(&slot->state) == state && (left = end - now()) > 0;) {
    struct timespec limit = {left / NS, left % NS};
    ring_futex(&slot->state, FUTEX_WAIT, state, &limit);
  }
  return number(env, atomic_load(&slot->state) == STATE_DONE);
}

/* release(slot): it is free from now on. */
static napi_value release(napi_env env, napi_info info) {
  ARGUMENTS
  struct slot *slot = ring_slot(ring, (uint32_t)numbers[0]);
  uint32_t index = (uint32_t)numbers[0];
  take_list(); // it may be there, and the next owner puts it there anew
  for (size_t i = taken_from; i < taken_to; i++)
    if (taken[i] == index) taken[i] = 0;
  spaces[index] = is_called[index] = 0;
  if (current == index) current = 0;
  forget_lent(index);
  atomic_store(&slot->pending, 0);
  atomic_store(&slot->owner, 0);
  return number(env, 0);
}

/* Copies between `local` and the memory of a process, up to the first page that it does not have. */
static napi_value copy(napi_env env, napi_info info, ssize_t (*move)(pid_t, const struct iovec *, unsigned long,
                                                                      const struct iovec *, unsigned long, unsigned long)) {
  ARGUMENTS
  struct iovec local = {0}, remote = {(void *)(uintptr_t)numbers[1], 0};
  napi_get_typedarray_info(env, values[2], NULL, &local.iov_len, &local.iov_base, NULL, NULL);
  remote.iov_len = local.iov_len;
  ssize_t done = move((pid_t)numbers[0], &local, 1, &remote, 1, 0);
  // A process that has ended in the middle of its call takes any bytes.
  if (done < 0 && errno == ESRCH && move == process_vm_writev) done = local.iov_len;
  return number(env, done < 0 ? 0 : done);
}

/* read(pid, address, bytes), write(pid, address, bytes): how many bytes were copied. */
static napi_value read_memory(napi_env env, napi_info info) { return copy(env, info, process_vm_readv); }
static napi_value write_memory(napi_env env, napi_info info) { return copy(env, info, process_vm_writev); }

/* ended(pid): 1 when the process has ended, whether its parent knows or not. */
static napi_value ended(napi_env env, napi_info info) {
  ARGUMENTS
  struct pollfd process = {.fd = syscall(SYS_pidfd_open, (pid_t)numbers[0], 0), .events = POLLIN};
  int has_ended = process.fd < 0 ? errno == ESRCH : poll(&process, 1, 0) > 0;
  if (process.fd >= 0) close(process.fd);
  return number(env, has_ended);
}

/* take(pid, fd): a copy of the process's descriptor, or -errno. */
static napi_value take(napi_env env, napi_info info) {
  ARGUMENTS
  int process = syscall(SYS_pidfd_open, (pid_t)numbers[0], 0);
  if (process < 0) return result_of(env, -1);
  long fd = syscall(SYS_pidfd_getfd, process, (int)numbers[1], 0), error = errno;
  close(process);
  errno = error;
  return result_of(env, fd);
}

/* give(socket, fd): sends the descriptor. */
static napi_value give(napi_env env, napi_info info) {
  ARGUMENTS
  return result_of(env, send_descriptor((int)numbers[0], (int)numbers[1]));
}

static void interrupted(int signal) {
  (void)signal;
  is_interrupted = 1;
}

/* catchInterrupts(): SIGINT ends a sleep in next(). */
static napi_value catch_interrupts(napi_env env, napi_info info) {
  (void)info;
  struct sigaction action = {.sa_handler = interrupted, .sa_flags = SA_RESETHAND};
  return result_of(env, sigaction(SIGINT, &action, NULL));
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  static const struct {
    const char *name;
    callback call;
  } functions[] = {{"map", map},   {"unmap", unmap},     {"enter", enter},       {"own", own},
                   {"next", next}, {"tell", tell},       {"keep", keep},         {"shut", shut},
                   {"ask", ask},   {"release", release}, {"read", read_memory},  {"write", write_memory},
                   {"take", take}, {"give", give},       {"ended", ended},       {"catchInterrupts", catch_interrupts}};
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    napi_create_function(env, functions[i].name, SIZE_MAX, functions[i].call, NULL, &function);
    napi_set_named_property(env, exports, functions[i].name, function);
  }
  return exports;
}
