// The session of a program with the server: the slot of each of its threads, and one call of a thread.
#include "shim.h"

#include "../socket.h"
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>

/* How often a thread looks for its answer before it sleeps: some 20 µs. */
enum { LOOKS = 400 };
/* A sleep with a timeout ends with EINTR after any handler of a signal, as in the driver. */
static const struct timespec LONG_TIME = {1 << 30, 0};

static struct ring *ring;
static int ring_file = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t thread_end;
static pid_t self, parent;
static int was_used, looks;
static __thread struct slot *slot;

/* A call that has not returned. A signal's handler may make another one in the meantime: then this one is ended before. */
struct call {
  long result;
  uint64_t value;
  int is_posted, is_done;
  struct call *outer;
};
static __thread struct call *innermost;
static __thread struct call single; // the only one, without such handlers

int session_has_begun(void) { return was_used; }
int session_is_here(void) { return getpid() == self; }

static void pause_shortly(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* Stores the answer's bytes, as the kernel does: without a signal. */
static int store_pieces(void) {
  uint64_t base = (uint64_t)((char *)slot - (char *)ring);
  int error = 0;
  for (uint32_t i = 0; i < slot->stored_count && i < PIECES_MAX; i++) {
    struct piece piece = slot->stored[i];
    void *address = (void *)piece.address;
    if (memory_is_there(address, piece.size)) {
      memcpy(address, (char *)slot + piece.offset, piece.size);
      continue;
    }
    ssize_t done = pread(ring_file, address, piece.size, base + piece.offset);
    if (done < 0 && errno == EBADF) { // the program has closed all its descriptors by a raw system call
      struct iovec from = {(char *)slot + piece.offset, piece.size}, to = {address, piece.size};
      done = process_vm_writev(self, &from, 1, &to, 1, 0);
    }
    if (done != (ssize_t)piece.size) error = -EFAULT;
  }
  return error;
}

/* The server sends descriptors through a socket pair that lives so long; its own end it takes by its number. */
static void make_pair(int pair[2]) {
  slot->asked = -1;
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0) return;
  for (int i = 0; i < 2; i++) pair[i] = file_keep(pair[i]);
  slot->asked = pair[1];
}

/* The numbers are the lowest free ones, as in the driver. */
static void receive(const int pair[2]) {
  slot->asked = receive_descriptor(pair[0], MSG_DONTWAIT);
  for (int i = 0; i < 2; i++) file_close(pair[i]);
}

/* Wakes the thread of another program that the server has left to this one. */
static void wake_other(void) {
  uint32_t index = atomic_exchange(&slot->wake, 0);
  if (index && index < SLOTS) ring_futex(&ring_slot(ring, index)->state, FUTEX_WAKE, 1, NULL);
}

/* Waits until the call is answered, and does what the server asks for meanwhile. */
static void wait_for_answer(const struct call *this) {
  int pair[2] = {-1, -1};
  if (atomic_load(&ring->processor) != atomic_load_explicit(&slot->processor, memory_order_relaxed))
    for (int i = 0; i < looks && atomic_load(&slot->state) == STATE_POSTED; i++) pause_shortly();
  while (!this->is_done) {
    uint32_t state = atomic_load(&slot->state);
    if (state != STATE_POSTED && atomic_load(&slot->wake)) wake_other();
    if (state == STATE_ANSWERED || atomic_load(&ring->gone)) return;
    if (state == STATE_PAIR || state == STATE_RECEIVE || state == STATE_DEVICE) {
      if (state == STATE_PAIR) make_pair(pair);
      else if (state == STATE_RECEIVE) receive(pair);
      else slot->asked = file_make_device();
      atomic_store(&slot->state, STATE_DONE);
      ring_futex(&slot->state, FUTEX_WAKE, 1, NULL);
      continue;
    }
    if (state != STATE_DONE && state != STATE_SLEEPING) {
      if (!atomic_compare_exchange_strong(&slot->state, &state, STATE_SLEEPING)) continue;
      state = STATE_SLEEPING;
    }
    if (ring_futex(&slot->state, FUTEX_WAIT, state, &LONG_TIME) < 0 && errno == EINTR && !this->is_done) call_cancel();
  }
}

static void finish(struct call *this) {
  wait_for_answer(this);
  if (this->is_done) return;
  this->is_done = 1;
  if (atomic_load(&slot->state) != STATE_ANSWERED) {
    this->result = -EIO;
    return;
  }
  int error = store_pieces();
  for (uint32_t i = 0; i < slot->shut_count && i < SHUT_MAX; i++) close(slot->shut[i]);
  this->result = error ? error : slot->result;
  this->value = slot->value;
}

static int open_ring(const char *folder) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/ring", folder);
  int fd = file_open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return -1;
  ring_file = file_keep(fd);
  void *mapped = (void *)syscall(SYS_mmap, NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, ring_file, 0);
  if (mapped == MAP_FAILED) return -1;
  cpu_set_t processors;
  int alone = sched_getaffinity(0, sizeof processors, &processors) == 0 && CPU_COUNT(&processors) < 2;
  looks = alone ? 0 : LOOKS;
  ring = mapped;
  return 0;
}

/* Binder descriptors from before exec. */
static struct kept kept[KEPT_MAX];
static int kept_count;

static long say_hello(int is_exec) {
  if (!call_begin(OP_HELLO, 0)) return -1;
  slot->args[0] = geteuid();
  slot->args[1] = is_exec ? getppid() : parent;
  slot->args[2] = is_exec;
  slot->args[3] = is_exec ? kept_count : 0;
  memcpy(slot->sent_bytes, kept, slot->args[3] * sizeof *kept);
  return call_end();
}

/* The thread has a slot afterwards, unless there is no server. */
static int join(int is_exec) {
  if (slot) return atomic_load(&ring->gone) ? -1 : 0;
  const char *folder = getenv("BINDERLAB_SERVE");
  if (!folder) return -1;
  pthread_mutex_lock(&lock);
  int failed = !ring && open_ring(folder);
  was_used = 1;
  pthread_mutex_unlock(&lock);
  if (failed || atomic_load(&ring->gone)) return -1;
  slot = ring_take(ring, (uint64_t)self << 32 | (uint32_t)syscall(SYS_gettid));
  if (!slot) return -1;
  slot->helper = 0;
  prctl(PR_SET_PTRACER, ring->server); // so that the server may read the program's memory
  pthread_setspecific(thread_end, slot);
  if (say_hello(is_exec) >= 0) return 0;
  pthread_setspecific(thread_end, NULL);
  slot = NULL; // the server has freed it
  return -1;
}

/* Whether the server knows this process from before exec. */
static int is_known(void) {
  for (uint32_t i = 1; i < atomic_load(&ring->used) && i < SLOTS; i++)
    if (atomic_load(&ring_slot(ring, i)->owner) >> 32 == (uint64_t)self) return 1;
  return 0;
}

/* After exec the server learns at once what has gone: mappings, threads, descriptors. */
static void begin_program(void) {
  const char *folder = getenv("BINDERLAB_SERVE");
  if (!folder) return;
  kept_count = file_find_kept(kept);
  if (open_ring(folder)) return;
  if (kept_count || is_known()) join(1);
}

struct slot *call_begin(uint32_t op, int fd) {
  if (join(0)) {
    errno = ENODEV;
    return NULL;
  }
  if (innermost) {
    if (!innermost->is_posted) { // a handler of a signal, in the middle of another call
      errno = EINTR;
      return NULL;
    }
    if (!innermost->is_done) call_cancel(), finish(innermost);
  }
  struct call *this = innermost ? calloc(1, sizeof *this) : &single;
  if (!this) return NULL;
  *this = (struct call){.outer = innermost};
  innermost = this;
  slot->op = op;
  slot->fd = fd;
  slot->sequence++;
  slot->sent_count = slot->sent_size = slot->stored_count = slot->stored_size = slot->shut_count = 0;
  memset(slot->args, 0, sizeof slot->args);
  return slot;
}

const void *call_send(const void *address, uint64_t size) {
  if (size == 0 || size > SENT_BYTES - slot->sent_size || slot->sent_count == PIECES_MAX) return NULL;
  uint32_t offset = offsetof(struct slot, sent_bytes) + slot->sent_size;
  char *target = (char *)slot + offset;
  if (memory_is_there(address, size)) memcpy(target, address, size);
  // The kernel copies it: the program may not have the bytes.
  else if (pwrite(ring_file, address, size, target - (char *)ring) != (ssize_t)size) return NULL;
  slot->sent[slot->sent_count++] = (struct piece){.address = (uintptr_t)address, .offset = offset, .size = size};
  slot->sent_size = (slot->sent_size + size + 7) & ~7u;
  return target;
}

void call_post(int is_waiting) {
  atomic_store(&slot->state, is_waiting ? STATE_POSTED : STATE_SLEEPING);
  atomic_store_explicit(&slot->processor, sched_getcpu(), memory_order_relaxed);
  innermost->is_posted = 1;
  ring_post(ring, slot, PENDING_CALL);
}

long call_wait(void) {
  struct call *this = innermost;
  finish(this);
  long result = this->result;
  slot->value = this->value;
  innermost = this->outer;
  if (this != &single) free(this);
  if (result >= 0) return result;
  errno = -result;
  return -1;
}

long call_end(void) {
  call_post(1);
  return call_wait();
}

long call(uint32_t op, int fd, const uint64_t *args, int count) {
  if (!call_begin(op, fd)) return -1;
  memcpy(slot->args, args, count * sizeof *args);
  return call_end();
}

uint64_t call_value(void) { return slot->value; }

void call_cancel(void) {
  slot->cancelled = slot->sequence;
  ring_post(ring, slot, PENDING_CANCEL);
}

static void thread_ended(void *taken) {
  slot = NULL;
  ring_post(ring, taken, PENDING_BYE);
}

static void forked(void) {
  pthread_mutex_init(&lock, NULL);
  slot = NULL;
  innermost = NULL;
  pthread_setspecific(thread_end, NULL);
  parent = self;
  self = getpid();
  memory_forget();
  if (!was_used) return;
  was_used = 0;
  join(0);
}

__attribute__((constructor)) static void begin(void) {
  self = getpid();
  pthread_key_create(&thread_end, thread_ended);
  pthread_atfork(NULL, NULL, forked);
  begin_program();
}
