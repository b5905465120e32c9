// Whether there is a device: access and stat, which programs and languages ask before they open it.
#include "shim.h"

#include "../devices.h"
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { MISC_MAJOR = 10, FIRST_MINOR = 120, DEVICE_MODE = S_IFCHR | 0666, BLOCK_BYTES = 4096 };

REAL(int, access, const char *, int)
REAL(int, faccessat, int, const char *, int, int)
REAL(int, eaccess, const char *, int)
REAL(int, fstatat, int, const char *, struct stat *, int)
REAL(int, statx, int, const char *, int, unsigned, struct statx *)

static int may(int mode) {
  if (mode & X_OK) errno = EACCES;
  return mode & X_OK ? -1 : 0;
}

int access(const char *path, int mode) {
  find_access();
  return device_of(path) < 0 ? real_access(path, mode) : may(mode);
}

int faccessat(int folder, const char *path, int mode, int flags) {
  find_faccessat();
  return device_of(path) < 0 ? real_faccessat(folder, path, mode, flags) : may(mode);
}

int eaccess(const char *path, int mode) {
  find_eaccess();
  return device_of(path) < 0 ? real_eaccess(path, mode) : may(mode);
}

int euidaccess(const char *path, int mode) { return eaccess(path, mode); }

int fstatat(int folder, const char *path, struct stat *status, int flags) {
  int device = device_of(path);
  find_fstatat();
  if (device < 0 && real_fstatat) return real_fstatat(folder, path, status, flags);
  if (device < 0) return (int)syscall(SYS_newfstatat, folder, path, status, flags); // a C library before 2.33
  *status = (struct stat){.st_mode = DEVICE_MODE, .st_nlink = 1, .st_ino = device + 1, .st_blksize = BLOCK_BYTES};
  status->st_rdev = makedev(MISC_MAJOR, FIRST_MINOR + device);
  return 0;
}

int statx(int folder, const char *path, int flags, unsigned mask, struct statx *status) {
  int device = device_of(path);
  find_statx();
  if (device < 0) return real_statx(folder, path, flags, mask, status);
  *status = (struct statx){.stx_mask = STATX_BASIC_STATS, .stx_mode = DEVICE_MODE, .stx_nlink = 1, .stx_ino = device + 1};
  status->stx_blksize = BLOCK_BYTES;
  status->stx_rdev_major = MISC_MAJOR;
  status->stx_rdev_minor = FIRST_MINOR + device;
  return 0;
}

int stat(const char *path, struct stat *status) { return fstatat(AT_FDCWD, path, status, 0); }
int lstat(const char *path, struct stat *status) { return fstatat(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW); }

/* The same structure on processors of 64 bits. */
int stat64(const char *path, struct stat64 *status) { return stat(path, (struct stat *)status); }
int lstat64(const char *path, struct stat64 *status) { return lstat(path, (struct stat *)status); }
int fstatat64(int folder, const char *path, struct stat64 *status, int flags) {
  return fstatat(folder, path, (struct stat *)status, flags);
}
_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "they are the same");

/* What a program calls that was linked with a C library before 2.33. */
int __xstat(int version, const char *path, struct stat *status) { return (void)version, stat(path, status); }
int __lxstat(int version, const char *path, struct stat *status) { return (void)version, lstat(path, status); }
int __xstat64(int version, const char *path, struct stat *status) { return (void)version, stat(path, status); }
int __lxstat64(int version, const char *path, struct stat *status) { return (void)version, lstat(path, status); }
int __fxstatat(int version, int folder, const char *path, struct stat *status, int flags) {
  return (void)version, fstatat(folder, path, status, flags);
}
int __fxstatat64(int version, int folder, const char *path, struct stat *status, int flags) {
  return (void)version, fstatat(folder, path, status, flags);
}
