// Binder descriptors in messages: who receives one acts in the sender's name.
#include "binder.h"

enum { COUNT = 3, GIVE = 1, ONEWAY = 2 };

static void send_devices(uint32_t word, uint32_t code, const int *fds, int count) {
  struct binder_fd_object objects[COUNT] = {0};
  binder_size_t offsets[COUNT];
  for (int i = 0; i < count; i++) {
    objects[i].hdr.type = BINDER_TYPE_FD;
    objects[i].fd = fds[i];
    offsets[i] = i * sizeof *objects;
  }
  struct message message = {.word = word, .data = {.code = code, .flags = TF_ACCEPT_FDS, .data_size = count * sizeof *objects}};
  message.data.data.ptr.buffer = (uintptr_t)objects;
  message.data.data.ptr.offsets = (uintptr_t)offsets;
  message.data.offsets_size = count * sizeof *offsets;
  write_read(&message, sizeof message, 0);
}

static void be_client(void) {
  int fds[COUNT];
  close(device);
  open_device();
  for (int i = 0; i < COUNT; i++) fds[i] = i ? dup(device) : open("/dev/binder", O_RDWR);
  send_devices(BC_TRANSACTION, GIVE, fds, COUNT);
  expect(BR_REPLY);
  pause(); // the descriptors' procs end with the client
}

static const char *version(int fd) {
  struct binder_version version;
  return ioctl(fd, BINDER_VERSION, &version) < 0 ? strerror(errno) : "good";
}

/* The manager itself may not call the manager. */
static void call_manager_by(int fd) {
  int own = device;
  device = fd;
  send_message(BC_TRANSACTION, 0, ONEWAY, TF_ONE_WAY, NULL, 0, NULL);
  expect(BR_TRANSACTION_COMPLETE);
  device = own;
  results_at = results_size;
}

int main(void) {
  struct binder_transaction_data got;
  int other[2], fds[COUNT];
  setvbuf(stdout, NULL, _IOLBF, 0);
  open_device();
  struct flat_binder_object manager = {.flags = FLAT_BINDER_FLAG_ACCEPTS_FDS};
  if (ioctl(device, BINDER_SET_CONTEXT_MGR_EXT, &manager) < 0) fail("BINDER_SET_CONTEXT_MGR_EXT");
  pid_t client = fork();
  if (client < 0) fail("fork");
  if (client == 0) return be_client(), 0;
  if (pipe(other) < 0) fail("pipe"); // numbers that the program has, and the driver does not know
  enter_looper();
  memcpy(&got, expect(BR_TRANSACTION), sizeof got);
  const struct binder_fd_object *objects = (const void *)(uintptr_t)got.data.ptr.buffer;
  for (int i = 0; i < COUNT; i++) {
    fds[i] = objects[i].fd;
    printf("%d: %s, close-on-exec %d\n", i, version(fds[i]), fcntl(fds[i], F_GETFD));
  }
  printf("the lowest numbers: %d\n", fds[0] == other[1] + 1 && fds[1] == fds[0] + 1 && fds[2] == fds[1] + 1);
  send_message(BC_REPLY, 0, 0, 0, NULL, 0, NULL);
  for (int i = 0; i < COUNT; i++) {
    call_manager_by(fds[i]);
    memcpy(&got, expect(BR_TRANSACTION), sizeof got);
    printf("by %d: code %u\n", i, got.code);
    free_buffer(got.data.ptr.buffer);
    close(fds[i]);
  }
  printf("closed: %s\n", version(fds[0]));
  kill(client, SIGKILL);
  waitpid(client, NULL, 0);
  return 0;
}
