// Memory: Binder mappings. The program maps a file that the server writes.
#include "shim.h"

#include <link.h>
#include <pthread.h>
#include <sys/mman.h>

enum { MAPPINGS_MAX = 64 };

static struct mapping {
  uintptr_t start;
  size_t size;
} mappings[MAPPINGS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

REAL(int, munmap, void *, size_t)

static struct mapping data; // of the program's file
static __thread uintptr_t stack_start, stack_end;

/* The first object is the program's file. */
static int find_data(struct dl_phdr_info *object, size_t size, void *unused) {
  (void)size, (void)unused;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    if (part->p_type == PT_LOAD && part->p_flags & PF_W)
      data = (struct mapping){object->dlpi_addr + part->p_vaddr, part->p_memsz};
    // What is read-only after relocation comes first.
    if (part->p_type == PT_GNU_RELRO) {
      uintptr_t end = object->dlpi_addr + part->p_vaddr + part->p_memsz;
      if (end > data.start && end < data.start + data.size) data.size -= end - data.start, data.start = end;
    }
  }
  return 1;
}

__attribute__((constructor)) static void begin(void) { dl_iterate_phdr(find_data, NULL); }

static void find_stack(void) {
  pthread_attr_t attributes;
  void *start = NULL;
  size_t size = 0;
  stack_start = stack_end = 1;
  if (pthread_getattr_np(pthread_self(), &attributes)) return;
  pthread_attr_getstack(&attributes, &start, &size);
  pthread_attr_destroy(&attributes);
  stack_start = (uintptr_t)start;
  stack_end = stack_start + size;
}

int memory_is_there(const void *address, uint64_t size) {
  uintptr_t start = (uintptr_t)address, end = start + size, here = (uintptr_t)__builtin_frame_address(0);
  if (end < start) return 0;
  if (start >= data.start && end <= data.start + data.size) return 1;
  if (!stack_end) find_stack();
  return here >= stack_start && start >= here && end <= stack_end; // a handler of a signal may have another stack
}

/* A forked child inherits none. */
void memory_forget(void) {
  pthread_mutex_init(&lock, NULL);
  memset(mappings, 0, sizeof mappings);
}

static void *raw_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset) {
  return (void *)syscall(SYS_mmap, at, size, prot, flags, fd, offset);
}

static void note(uintptr_t start, size_t size) {
  pthread_mutex_lock(&lock);
  for (int i = 0; i < MAPPINGS_MAX; i++) {
    if (mappings[i].size) continue;
    mappings[i] = (struct mapping){start, size};
    break;
  }
  pthread_mutex_unlock(&lock);
}

void *mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset) {
  if ((flags & MAP_ANONYMOUS) || !file_is_binder(fd)) return raw_mmap(at, size, prot, flags, fd, offset);
  long start = CALL(OP_MMAP, fd, (uintptr_t)at, size, prot, flags, offset);
  if (start < 0) return MAP_FAILED;
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/mapping-%llu", getenv("BINDERLAB_SERVE"), (unsigned long long)call_value());
  int file = file_open(path, O_RDONLY | O_CLOEXEC);
  void *mapped = raw_mmap((void *)start, size, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
  file_close(file);
  if (mapped != MAP_FAILED) note((uintptr_t)mapped, size);
  return mapped;
}

void *mmap64(void *, size_t, int, int, int, off_t) __attribute__((alias("mmap")));

int munmap(void *at, size_t size) {
  uintptr_t start = (uintptr_t)at, end = start + size;
  find_munmap();
  for (int i = 0; i < MAPPINGS_MAX && session_is_here(); i++) {
    struct mapping *one = &mappings[i];
    if (!one->size || one->start >= end || start >= one->start + one->size) continue;
    CALL(OP_MUNMAP, 0, start, size);
    if (one->start >= start && one->start + one->size <= end) one->size = 0;
  }
  return real_munmap(at, size);
}
