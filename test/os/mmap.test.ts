/** mmap and mprotect: what is told first when several things are wrong, and what a new mapping does to an old one. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EACCES, EBADF, EBUSY, EEXIST, EINVAL, ENODEV, ENOMEM, EOPNOTSUPP } from '../../assembly/abi/errno.ts';
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_PRIVATE,
  MAP_SHARED_VALIDATE,
  PROT_READ,
  PROT_SEM,
} from '../../assembly/abi/machine.ts';
import { TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import { bc } from '../../host/index.ts';
import { boot, meet } from '../inspect/machines.ts';

const HERE = 0x50000000;
const ARENA = 0x10000000;
const MAPPED = 0x70000000;
const PAGE = 4096;
const EXACT = MAP_PRIVATE | MAP_FIXED_NOREPLACE;
const NO_FD = 9;

function fixture() {
  const { sys } = boot().spawn('app').main;
  const fd = sys.open(0);
  sys.makeFile('pipe', 10, 11, new Uint8Array(0));
  sys.makeFile('null', 12, -1, new Uint8Array(0));
  const map = (at: number, length: number, flags: number, of = fd, off = 0) =>
    sys.call('mmap', { addr: at, len: length, prot: PROT_READ, flags, fd: of, off });
  return { sys, fd, map };
}

const test = suite('mmap');

test('the offset, the descriptor, the address and the file are looked at in this order', () => {
  const { map } = fixture();
  assert.is(map(HERE, PAGE, 0, NO_FD, 1), -EINVAL);
  assert.is(map(HERE, 0, 0, NO_FD), -EBADF);
  assert.is(map(HERE, 0, EXACT, 12), -EINVAL);
  assert.is(map(HERE, 2 ** 50, EXACT, 12), -ENOMEM);
  assert.is(map(ARENA, PAGE, EXACT, 12), -EEXIST);
  assert.is(map(ARENA, PAGE, MAP_FIXED_NOREPLACE), -EEXIST);
  assert.is(map(HERE, PAGE, MAP_FIXED_NOREPLACE), -EINVAL);
});

test('of files, binder devices and memfds can be mapped', () => {
  const { map } = fixture();
  assert.is(map(HERE, PAGE, EXACT, 10), -ENODEV);
  assert.is(map(HERE, PAGE, EXACT, 11), -EACCES);
  assert.is(map(HERE, PAGE, EXACT, 12), -ENODEV);
  assert.is(map(HERE, PAGE, EXACT), HERE);
});

test('the highest bit of the flags is no sign in a journal', () => {
  const machine = boot();
  const { main } = machine.spawn('app');
  const flags = 2 ** 31 + EXACT;
  assert.throws(() => main.mmap(main.open(), PAGE, HERE, { flags }), /EINVAL/); // no way of mapping has such a number
  const step = machine.journal.steps.at(-1);
  assert.is(step?.op === 'mmap' && step.in.flags, `0x${flags.toString(16)}`);
});

test('flags that must be known are refused for files, and their type for anonymous memory', () => {
  const { map } = fixture();
  assert.is(map(HERE, PAGE, MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE), -EOPNOTSUPP);
  assert.is(map(HERE, PAGE, MAP_SHARED_VALIDATE | MAP_ANONYMOUS | MAP_FIXED), -EINVAL);
  assert.is(map(HERE, PAGE, MAP_SHARED_VALIDATE | MAP_FIXED), HERE);
});

test('a mapping that is refused has removed what lay there before', () => {
  const { map, sys } = fixture();
  assert.is(map(MAPPED, PAGE, EXACT), MAPPED);
  assert.is(map(ARENA, PAGE, MAP_PRIVATE | MAP_FIXED), -EBUSY);
  assert.is(sys.peek(ARENA, 1).signal, 'SIGSEGV');
  assert.is(sys.peek(ARENA + PAGE, 1).ret, 1);
});

test('anonymous memory over a binder mapping ends it at once', () => {
  const { machine, manager, managerFd, app, appFd } = meet(boot());
  manager.signal();
  manager.close(managerFd);
  assert.is(
    manager.sys.call('mmap', {
      addr: MAPPED,
      len: 1040384,
      prot: PROT_READ,
      flags: MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS,
      fd: -1,
      off: 0,
    }),
    MAPPED,
  );
  assert.not(machine.debugFiles.read(`proc/${manager.home.pid}`).exists);
  assert.ok(app.writeRead(appFd, [bc.transaction({ handle: 0, flags: TF_ONE_WAY })]).expect('BR_DEAD_REPLY'));
});

test('mprotect takes PROT_SEM for nothing', () => {
  const { sys } = fixture();
  assert.is(sys.call('mprotect', { addr: ARENA, len: PAGE, prot: PROT_SEM }), 0);
  assert.is(sys.peek(ARENA, 1).siCode, 2);
  assert.is(sys.call('mprotect', { addr: ARENA, len: PAGE, prot: 16 }), -EINVAL);
});

test.run();
