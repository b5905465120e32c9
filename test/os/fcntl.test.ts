/** Flags of open files, as fcntl tells and changes them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EBADF, EINVAL } from '../../assembly/abi/errno.ts';
import {
  F_GETFL,
  F_SETFL,
  O_APPEND,
  O_DIRECT,
  O_LARGEFILE,
  O_NONBLOCK,
  O_RDWR,
  O_WRONLY,
} from '../../assembly/abi/machine.ts';
import { boot } from '../inspect/machines.ts';

const NOTHING = new Uint8Array(0);

const test = suite('fcntl');

test('F_GETFL tells how a file was opened', () => {
  const { sys } = boot().spawn('app').main;
  const flags = (fd: number) => sys.call('fcntl', { fd, cmd: F_GETFL, arg: 0 });
  assert.is(flags(sys.open(O_NONBLOCK)), O_RDWR | O_LARGEFILE | O_NONBLOCK);
  sys.makeFile('memfd', 10, -1, NOTHING);
  sys.makeFile('pipe', 11, 12, NOTHING);
  assert.equal([10, 11, 12].map(flags), [O_RDWR | O_LARGEFILE, O_NONBLOCK, O_WRONLY | O_NONBLOCK]);
  assert.is(flags(13), -EBADF);
});

test('F_SETFL changes what may be changed, and refuses O_DIRECT where it cannot be', () => {
  const { sys } = boot().spawn('app').main;
  const fd = sys.open(0);
  assert.is(sys.call('fcntl', { fd, cmd: F_SETFL, arg: O_WRONLY | O_APPEND | O_NONBLOCK }), 0);
  assert.is(sys.call('fcntl', { fd, cmd: F_GETFL, arg: 0 }), O_RDWR | O_LARGEFILE | O_APPEND | O_NONBLOCK);
  assert.is(sys.call('fcntl', { fd, cmd: F_SETFL, arg: O_DIRECT }), -EINVAL);
  assert.is(sys.call('fcntl', { fd, cmd: F_SETFL, arg: 0 }), 0);
  assert.is(sys.call('fcntl', { fd, cmd: F_GETFL, arg: 0 }), O_RDWR | O_LARGEFILE);
});

test('dup3 takes a negative number for one beyond the limit', () => {
  const { sys } = boot().spawn('app').main;
  assert.is(sys.dup(0, -1), 3);
  assert.is(sys.dup(0, -2), -EBADF);
});

test.run();
