// The effective uid: the server learns of a new one, if the program has called it; else its first call tells.
#include "shim.h"

REAL(int, setuid, uid_t)
REAL(int, seteuid, uid_t)
REAL(int, setreuid, uid_t, uid_t)
REAL(int, setresuid, uid_t, uid_t, uid_t)

static int uid_set(int result) {
  int error = errno;
  if (result == 0 && session_has_begun() && session_is_here()) CALL(OP_SETUID, 0, geteuid());
  errno = error;
  return result;
}

int setuid(uid_t uid) {
  find_setuid();
  return uid_set(real_setuid(uid));
}

int seteuid(uid_t uid) {
  find_seteuid();
  return uid_set(real_seteuid(uid));
}

int setreuid(uid_t real, uid_t effective) {
  find_setreuid();
  return uid_set(real_setreuid(real, effective));
}

int setresuid(uid_t real, uid_t effective, uid_t saved) {
  find_setresuid();
  return uid_set(real_setresuid(real, effective, saved));
}
