// What the shim and the watcher send to the server: records in one FIFO, each in one write of at most PIPE_BUF bytes.
#include <stdint.h>

enum {
  OP_HELLO = 1,  // args: effective uid, parent's pid or 0, whether it is the first thread of a program
  OP_BYE = 2,    // the thread ends
  OP_OPEN = 3,   // args: device, flags; fd: the number that the program has for it
  OP_CLOSE = 4,
  OP_DUP = 5,    // args: the new number
  OP_MMAP = 6,   // args: address, length, prot, flags, offset
  OP_MUNMAP = 7, // args: address, length
  OP_IOCTL = 8,  // args: command, address of the argument. Its bytes follow; after a binder_write_read the commands
  OP_POLL = 9,   // args: events, whether to wait
  OP_SIGNAL = 10, // the thread gives up the call that it waits in; that call still answers
  OP_ENDED = 11,  // the process has ended
  OP_SETUID = 12, // args: the effective uid
};

struct request {
  uint32_t op;
  int32_t fd;
  uint32_t pid, tid;
  uint64_t args[5];
  uint32_t bytes; // that follow
  uint32_t unused;
};

// The answer, in the FIFO of the thread. Then come its stores: address, size (u64 each) and bytes of each.
struct answer {
  int64_t result; // 0 or more, or -errno
  uint64_t value; // of mmap: the number of the file to map; of poll: the events; of hello: the server's pid
  uint32_t stores, bytes;
};
