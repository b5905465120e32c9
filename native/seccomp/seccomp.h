// `binderlab serve --mode seccomp`: the kernel passes the system calls of a program to this one, which makes those on Binder
// devices in its place. So the program may be static, and make its calls itself.
//
//     main.c     starts the program under a filter, and hands its calls to workers: one for each thread
//     calls.c    what a worker does for a call: as the shim does for a thread of its own
//     poll.c     poll and select
//     epoll.c    epoll
//     files.c    which descriptors of which processes are Binder's
//     inject.c   calls that only the thread itself can make: mmap, close
#ifndef SECCOMP_H
#define SECCOMP_H
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../ring.h"

struct pollfd;
struct twins;

enum { PATH_BYTES = 256 };

/* A process of the program. */
struct process {
  pid_t pid;
  int is_known;  // the server has it
  int may_exec;  // it has called execve since
  int may_change_uid; // it has called setuid since
  uint64_t mapping; // an address of the last one
  unsigned char is_binder[DESCRIPTORS_MAX];
  struct twins *twins; // its epoll instances that watch binder descriptors; NULL: none yet
  struct process *next;
};

/* A thread of the program, and the thread here that makes its calls. */
struct worker {
  pid_t tid;
  struct process *process;
  struct slot *slot;
  int bell; // an eventfd that the server strikes; -1: none yet
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int has_call, has_ended;
  int is_lost; // the thread has ended while it was traced
  _Atomic int is_injecting; // calls that it makes now are ours
  struct seccomp_notif call;
  struct worker *next;
};

extern struct ring *ring;
extern const char *folder;
extern int listener;

/* Answers the call: a result or -errno. The kernel makes the call itself after go_on. */
void respond(uint64_t id, int64_t result);
void go_on(uint64_t id);
/* Whether the thread still waits for the call. */
int is_waiting(uint64_t id);
/* Gives the thread that waits a descriptor. Its number, or -errno. */
int give_descriptor(uint64_t id, int fd, int flags);
/* What /proc/TID/status says. */
unsigned long long status_of(pid_t tid, const char *field, int base);

/* The effective one. */
unsigned uid_of(pid_t tid);

/* Which process a thread is of: found anew after exec. */
struct process *process_of(pid_t tid);
int is_binder(const struct process *process, int fd);
/* A file of memory that stands for a device. */
int make_device_file(void);
uint64_t inode_of(int fd);
/* The binder descriptors that the process has: KEPT_MAX at most. */
int find_kept(struct process *process, struct kept *kept);

/* Memory of the process: how many bytes were copied, or -1. */
ssize_t read_memory(const struct worker *worker, uint64_t address, void *bytes, size_t size);
ssize_t write_memory(const struct worker *worker, uint64_t address, const void *bytes, size_t size);
/* A descriptor of the process, here. */
int copy_descriptor(const struct worker *worker, int fd);
/* Whether a signal waits for the thread. */
int has_signal(const struct worker *worker);
/* The thread has a slot of the ring afterwards. */
int64_t join(struct worker *worker);
/* A call to the server in its parts. What the answer stores is stored after the last, which is 0 or more, or -errno. */
struct slot *call_begin(struct worker *worker, uint32_t op, int fd);
void call_post(struct worker *worker);
int64_t call_wait(struct worker *worker);
/* Gives it up; it still answers. */
void call_cancel(struct worker *worker);
/* A call to the server: its result, 0 or more, or -errno. */
int64_t call(struct worker *worker, uint32_t op, int fd, uint64_t first, uint64_t second, uint64_t third);

int64_t now_ms(void);
#define NEVER (INT64_MAX / 2) // in ms
/* The worker has an eventfd for the server afterwards. */
int has_bell(struct worker *worker);
/* Waits for a poll or an epoll_wait of the machine, or for `count` descriptors here, which have room for one more. The answer. */
int64_t wait_with_bell(struct worker *worker, struct slot *slot, struct pollfd *fds, int count, int64_t ms);

void serve_epoll_ctl(struct worker *worker, const uint64_t *args);
void serve_epoll_wait(struct worker *worker, const uint64_t *args, int64_t timeout);
int64_t epoll_time(const struct worker *worker, uint64_t address);
void serve_poll(struct worker *worker, uint64_t address, uint64_t size, int64_t timeout);
void serve_ppoll(struct worker *worker, const uint64_t *args);
void serve_select(struct worker *worker, const uint64_t *args, int has_timespec);

/* Makes the call in the place of the thread, or lets the kernel. */
void serve_call(struct worker *worker);
/* The thread has gone. */
void say_bye(struct worker *worker);

/* A system call that a thread is made to make, before it returns from the one that it waits in. */
struct injected {
  long number;
  unsigned long args[6];
  long result;
};
/* Answers the call, and lets the thread make the others before it goes on. Its own result is `result`, or that of the first
 * other one. 0, or -errno. */
int inject(struct worker *worker, int64_t result, struct injected *calls, int count, int is_first_result);

#endif
