// A descriptor that another process has sent through a socket.
#ifndef BINDERLAB_RECEIVE_H
#define BINDERLAB_RECEIVE_H
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Its number, the lowest free one; -EMFILE when there is none. */
static inline int receive_descriptor(int socket, int flags) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  char byte;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  int fd = -EMFILE;
  if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags) < 0) return fd;
  struct cmsghdr *first = CMSG_FIRSTHDR(&message);
  if (first && first->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(first), sizeof fd);
  return fd;
}

#endif
