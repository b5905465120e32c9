// The memory that the server shares with the programs, the file `ring` in the session's folder: a slot for each thread that
// has called. A call is stored in the thread's slot, and the slot put on a list that the server takes as a whole. So a thread
// that is killed at any moment leaves nothing half done. host/cli/serve/ring.ts has the same places.
#ifndef BINDERLAB_RING_H
#define BINDERLAB_RING_H
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 4096 }; // programs have binder descriptors below this
enum { SLOTS = 2048, SLOT_BYTES = 4096, RING_BYTES = SLOTS * SLOT_BYTES };
enum { PIECES_MAX = 8, SENT_BYTES = 1024, KEPT_MAX = 64, STORED_BYTES = 2048, SHUT_MAX = 32, ANSWERED_MAX = 512 };

/* Calls of a thread. */
enum {
  OP_HELLO = 1,  // args: effective uid, parent's pid or 0, whether exec has begun the program, count of `kept` in sent_bytes
  OP_OPEN = 2,   // args: device, flags, number of the file; fd: the number that the program has for it
  OP_CLOSE = 3,
  OP_DUP = 4,    // args: the new number
  OP_MMAP = 5,   // args: address, length, prot, flags, offset. The answer's value: the number of the file to map
  OP_MUNMAP = 6, // args: address, length
  OP_IOCTL = 7,  // args: command, address of the argument
  OP_POLL = 8,   // args: events, whether to wait, number of an eventfd or -1. The answer's value: the events
  OP_SETUID = 9, // args: the effective uid
  OP_ENDED = 10, // of the watcher: the process args[0] has ended
  OP_EPOLL_CTL = 11,  // args: operation, descriptor, events, data; fd: the instance
  OP_EPOLL_WAIT = 12, // args: address for the events, how many, whether to wait, number of an eventfd or -1
  OP_SETFL = 13, // args: the flags, as of F_SETFL
};

/* A binder descriptor that exec has kept. */
struct kept {
  uint32_t fd, unused;
  uint64_t file; // its inode: copies of a descriptor have the same
};

/* What the server has to look at in a slot: bits of `pending`. */
enum { PENDING_CALL = 1, PENDING_CANCEL = 2, PENDING_BYE = 4 };

/* `state` of a slot. A thread sleeps in a futex while it is SLEEPING. */
enum {
  STATE_POSTED = 0,   // the thread looks for a change
  STATE_PARKED = 1,   // the server has seen the call, which waits
  STATE_SLEEPING = 2, // as the thread says
  STATE_ANSWERED = 3,
  STATE_PAIR = 4,    // the server asks for a socket pair: `asked` becomes the number of the server's end
  STATE_RECEIVE = 5, // the server has sent a descriptor there: `asked` becomes its number, or -errno
  STATE_DONE = 6,    // the thread has done so
  STATE_DEVICE = 7,  // the server asks for a binder descriptor: `asked` becomes its number, or -errno
};

/* Bytes of the program: `sent` came with the call, `stored` are stored there when it returns. As in assembly/mem/client.ts. */
struct piece {
  uint64_t address;
  uint32_t offset, size; // of the bytes, in slot or window
  int32_t tid;           // in the window: whose call has stored it
  uint32_t unused;
};

/* What the guest knows of a program, and keeps for it, during one call: the same window as there. */
enum { WINDOW_STORED_AT = 2048 };
struct window {
  uint32_t space, sent_count, stored_count, stored_size;
  struct piece sent[PIECES_MAX], stored[PIECES_MAX];
};

struct slot {
  _Atomic uint64_t owner; // pid << 32 | tid; 0: free
  _Atomic uint32_t pending;
  _Atomic uint32_t next; // the slot after it on the list, 0 at the end
  _Atomic uint32_t state;
  uint32_t sequence; // number of the call
  uint32_t cancelled; // number of the call that a signal ends
  uint32_t op;
  int32_t fd;
  uint32_t sent_count, stored_count;
  int32_t asked;    // what the server has asked for
  uint64_t args[5]; // 48
  int64_t result;   // 88: 0 or more, or -errno
  uint64_t value;   // 96
  struct piece sent[PIECES_MAX];
  struct piece stored[PIECES_MAX];
  unsigned char sent_bytes[SENT_BYTES];
  unsigned char stored_bytes[STORED_BYTES];
  uint32_t sent_size, stored_size; // of the bytes
  uint32_t shut_count;             // descriptors that the thread closes when its call returns
  int32_t shut[SHUT_MAX];
  _Atomic uint32_t wake; // a slot whose thread this one wakes, when it sees its own state change; 0: none
  _Atomic int32_t processor; // on which the thread has called
  uint32_t helper; // the process that makes the calls in place of the thread's; 0: itself
  unsigned char rest[SLOT_BYTES - 104 - 2 * PIECES_MAX * sizeof(struct piece) - SENT_BYTES - STORED_BYTES - 24 -
                     4 * SHUT_MAX];
};
_Static_assert(sizeof(struct slot) == SLOT_BYTES, "a slot has a page");
_Static_assert(offsetof(struct slot, args) == 48, "ring.ts has these places");
_Static_assert(offsetof(struct slot, sent_bytes) == 488, "ring.ts has these places");
_Static_assert(offsetof(struct slot, helper) == 3708, "ring.ts has these places");
_Static_assert(KEPT_MAX * sizeof(struct kept) <= SENT_BYTES, "there is room for them");

/* In place of slot 0. */
struct ring {
  _Atomic uint32_t list;   // the slot that was put there last
  _Atomic uint32_t asleep; // 1: the server sleeps in a futex here
  _Atomic uint32_t gone;   // the server has ended
  uint32_t server;         // its pid
  _Atomic uint32_t used;   // no slot from here on was ever taken
  _Atomic int32_t processor; // on which the server ran last
  // Slots whose calls the server has answered; their threads do not know yet. Of the server alone.
  uint32_t answered_count, answered[ANSWERED_MAX];
};
_Static_assert(sizeof(struct ring) <= SLOT_BYTES, "the ring has one page");
_Static_assert(offsetof(struct ring, answered_count) == 24, "ring.ts has these places");

static inline long ring_futex(_Atomic uint32_t *at, int op, uint32_t value, const struct timespec *timeout) {
  return syscall(SYS_futex, at, op, value, timeout, NULL, 0);
}

static inline struct slot *ring_slot(struct ring *ring, uint32_t index) { return (struct slot *)ring + index; }

/* Tells the server to look at a slot. */
static inline void ring_post(struct ring *ring, struct slot *slot, uint32_t what) {
  uint32_t index = slot - (struct slot *)ring, list;
  if (atomic_fetch_or(&slot->pending, what)) return; // it is on the list
  list = atomic_load(&ring->list);
  do atomic_store(&slot->next, list);
  while (!atomic_compare_exchange_weak(&ring->list, &list, index));
  if (atomic_load(&ring->asleep) && atomic_exchange(&ring->asleep, 0)) ring_futex(&ring->asleep, FUTEX_WAKE, 1, NULL);
}

/* Takes a free slot; NULL when there is none. */
static inline struct slot *ring_take(struct ring *ring, uint64_t owner) {
  for (uint32_t index = 1; index < SLOTS; index++) {
    struct slot *slot = ring_slot(ring, index);
    uint64_t nobody = 0;
    if (atomic_load(&slot->owner) || !atomic_compare_exchange_strong(&slot->owner, &nobody, owner)) continue;
    uint32_t used = atomic_load(&ring->used);
    while (used <= index && !atomic_compare_exchange_weak(&ring->used, &used, index + 1)) {
    }
    return slot;
  }
  return NULL;
}

#endif
