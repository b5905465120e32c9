// Which paths are Binder devices: one rule for programs with the library and for those whose calls are intercepted.
#ifndef BINDERLAB_DEVICES_H
#define BINDERLAB_DEVICES_H
#include <string.h>

static const char *const DEVICES[] = {"binder", "hwbinder", "vndbinder"};

static int ends_with(const char *name, const char *end) {
  size_t size = strlen(name), rest = strlen(end);
  return size >= rest && !strcmp(name + size - rest, end);
}

/* A file of binderfs is the device whose name it ends with, such as anbox-hwbinder; others are /dev/binder. */
static int device_of(const char *path) {
  if (!path || strncmp(path, "/dev/", 5)) return -1;
  const char *name = path + 5;
  int is_in_binderfs = !strncmp(name, "binderfs/", 9);
  if (is_in_binderfs) name += 9;
  if (is_in_binderfs && (!strcmp(name, "binder-control") || !*name || strchr(name, '/'))) return -1;
  for (int i = 2; i >= 0; i--)
    if (is_in_binderfs ? ends_with(name, DEVICES[i]) : !strcmp(name, DEVICES[i])) return i;
  return is_in_binderfs ? 0 : -1;
}

#endif
