// Descriptors that go to another process through a socket.
#ifndef BINDERLAB_SOCKET_H
#define BINDERLAB_SOCKET_H
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

union control {
  struct cmsghdr header;
  char room[CMSG_SPACE(sizeof(int))];
};

/* What sendmsg returns. */
static inline long send_descriptor(int socket, int fd) {
  union control control = {.header = {.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  struct iovec part = {"", 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(sizeof fd)};
  memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
  return sendmsg(socket, &message, MSG_NOSIGNAL);
}

/* Its number, the lowest free one; -EMFILE when there is none. */
static inline int receive_descriptor(int socket, int flags) {
  union control control;
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
