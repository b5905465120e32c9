/** Linux's own numbers in assembly/abi/errno and assembly/abi/machine: those of arm64 and x86, which agree in these. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as errno from '../../assembly/abi/errno.ts';
import * as machine from '../../assembly/abi/machine.ts';

const test = suite('machine numbers');

const ERRORS: Readonly<Record<string, number>> = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  EMFILE: 24,
  ENOTTY: 25,
  ENOSPC: 28,
  ESPIPE: 29,
  EPIPE: 32,
  ELOOP: 40,
  EPROTO: 71,
  EBADMSG: 74,
  EOVERFLOW: 75,
  EOPNOTSUPP: 95,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
};

/** Octal where fcntl.h is. */
const LINUX: Readonly<Record<string, number>> = {
  PROT_READ: 1,
  PROT_WRITE: 2,
  PROT_EXEC: 4,
  MAP_SHARED: 0x01,
  MAP_PRIVATE: 0x02,
  MAP_FIXED: 0x10,
  MAP_ANONYMOUS: 0x20,
  MAP_NORESERVE: 0x4000,
  MAP_FIXED_NOREPLACE: 0x100000,
  O_RDWR: 0o2,
  O_NONBLOCK: 0o4000,
  O_CLOEXEC: 0o2000000,
  F_DUPFD: 0,
  F_GETFD: 1,
  F_SETFD: 2,
  F_GETFL: 3,
  F_SETFL: 4,
  F_DUPFD_CLOEXEC: 1024 + 6,
  FD_CLOEXEC: 1,
  SIGBUS: 7,
  SIGSEGV: 11,
  SEGV_MAPERR: 1,
  SEGV_ACCERR: 2,
  BUS_ADRERR: 2,
  MAP_SHARED_VALIDATE: 3,
  MAP_TYPE: 0xf,
  MAP_SYNC: 0x80000,
  PROT_SEM: 8,
  O_WRONLY: 1,
  O_APPEND: 0o2000,
  O_DIRECT: 0o40000,
  O_NOATIME: 0o1000000,
  EPOLLIN: 1,
  EPOLLERR: 8,
  EPOLLHUP: 0x10,
  EPOLLNVAL: 0x20,
  EPOLLRDNORM: 0x40,
  EPOLLWRNORM: 0x100,
  EPOLLRDHUP: 0x2000,
  EPOLLEXCLUSIVE: 1 << 28,
  EPOLLWAKEUP: 1 << 29,
  EPOLLONESHOT: 1 << 30,
  EPOLLET: 2 ** 31,
  EPOLL_CTL_ADD: 1,
  EPOLL_CTL_DEL: 2,
  EPOLL_CTL_MOD: 3,
  PAGE_SIZE: 1 << 12,
  PAGE_SHIFT: 12,
  PAGE_MASK: 0xfff,
  BINDER_MAP_MAX: 4 * 1024 * 1024,
};

for (const [name, value] of Object.entries(ERRORS))
  test(name, () => assert.is((errno as Record<string, number>)[name], value));
for (const [name, value] of Object.entries(LINUX))
  test(name, () => assert.is((machine as Record<string, number>)[name], value));

test('no error is left out', () => assert.equal(Object.keys(errno).sort(), Object.keys(ERRORS).sort()));

/** Numbers that name something must not name two things. */
for (const family of ['FRAME_', 'CACHE_', 'STRATEGY_', 'COUNTER_', 'DEVICE_']) {
  test(`${family}* are numbered from 0 without gaps or doubles`, () => {
    const apart = /^(FRAME_(TABLE_ENTRY|ORDER_MAX|KINDS|DIRTY|HEAD|POISONED)|.*_COUNT)$/;
    const numbers = Object.entries(machine)
      .filter(([name]) => name.startsWith(family) && !apart.test(name))
      .map(([, value]) => value as number)
      .sort((a, b) => a - b);
    assert.equal(
      numbers,
      numbers.map((_, index) => index),
    );
  });
}

test('no result of a call can be taken for PARKED', () => {
  assert.ok(machine.PARKED < -Math.max(...Object.values(errno)));
  assert.ok(machine.PARKED < -4095, 'below the lowest errno that Linux can return');
});

test.run();
