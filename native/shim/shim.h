// Preloaded into a program (LD_PRELOAD), the shim passes the program's system calls on Binder devices to `binderlab serve`.
// The server reads the program's memory itself; what a call probably reads goes along, to save it the time. Of Binder's
// structures the shim knows only for that binder_write_read and a transaction's head.
//
//     session.c   the thread's slot: a call, its answer, fork and exit
//     files.c     open, close, dup, fcntl, exec
//     ioctl.c     ioctl, and which bytes go along
//     memory.c    mmap, munmap
//     events.c    poll, select, epoll
//     paths.c     access, stat
//     identity.c  setuid
//
// A binder descriptor is a file, so that its number is taken, and close-on-exec and exec work.
#ifndef SHIM_H
#define SHIM_H
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../ring.h"

enum { HIGH_DESCRIPTOR = 900, PATH_BYTES = 256 };

/* The next library's function of the same name. */
#define REAL(type, name, ...) \
  static type (*real_##name)(__VA_ARGS__); \
  static inline void find_##name(void) { \
    if (!real_##name) real_##name = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name); \
  }

#pragma GCC visibility push(hidden)

/* Begins a call of this thread: its slot, or NULL with errno. */
struct slot *call_begin(uint32_t op, int fd);
/* Sends these bytes of the program along, if there is room and the program has them: where they are; else NULL. */
const void *call_send(const void *address, uint64_t size);
/* Ends it: the answer's result, or -1 with errno. */
long call_end(void);
/* The same in two halves. Between them the thread may wait for something else: then it is not `is_waiting`. */
void call_post(int is_waiting);
long call_wait(void);
/* A call that takes numbers. */
long call(uint32_t op, int fd, const uint64_t *args, int count);
#define CALL(op, fd, ...) \
  call(op, fd, (const uint64_t[]){__VA_ARGS__}, (int)(sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)))
uint64_t call_value(void);
/* The thread gives up the call that it waits in; it still answers. */
void call_cancel(void);

/* Whether the program has a session with the server. */
int session_has_begun(void);
/* A child of vfork has the parent's memory, and none of its calls is the parent's. */
int session_is_here(void);

/* Moves a descriptor of the shim's own out of the way of the program's, and keeps the program from closing it. */
int file_keep(int fd);
int file_is_binder(int fd);
int file_close(int fd); // of the shim's own
/* A binder descriptor that a message has brought, or -errno. */
int file_make_device(void);
/* Finds the binder descriptors that the program has from before exec: KEPT_MAX at most. How many they are. */
int file_find_kept(struct kept *kept);
int file_open(const char *path, int flags);
/* What ioctl does for FIONBIO. */
int file_set_nonblocking(int fd, int *is_on);

/* Whether the program certainly has this memory, and may write there: its stack above here, its data, its heap. */
int memory_is_there(const void *address, uint64_t size);
void memory_forget(void);
void events_forget(int fd);
void events_copy(int fd, int copy);

#pragma GCC visibility pop
#endif
