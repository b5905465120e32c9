/** poll of files that are no binder files. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLNVAL,
  EPOLLOUT,
  EPOLLRDNORM,
  EPOLLWRNORM,
} from '../../assembly/abi/machine.ts';
import { boot } from '../inspect/machines.ts';

const NOTHING = new Uint8Array(0);
const BOTH = EPOLLIN | EPOLLOUT;
const ALWAYS = BOTH | EPOLLRDNORM | EPOLLWRNORM;

function fixture() {
  const { sys } = boot().spawn('app').main;
  sys.makeFile('pipe', 10, 11, NOTHING);
  const events = (fd: number, asked: number) => sys.poll(fd, asked, 0).revents;
  return { sys, events };
}

const test = suite('polling');

test('memory and /dev/null are always ready', () => {
  const { sys, events } = fixture();
  sys.makeFile('memfd', 12, -1, NOTHING);
  sys.makeFile('null', 13, -1, NOTHING);
  for (const fd of [12, 13]) {
    assert.is(events(fd, ALWAYS), ALWAYS);
    assert.is(events(fd, EPOLLIN), EPOLLIN);
  }
});

test('an empty pipe can be written to and not read', () => {
  const { events } = fixture();
  assert.is(events(10, ALWAYS), 0);
  assert.is(events(11, ALWAYS), EPOLLOUT | EPOLLWRNORM);
});

test('an end whose other end is gone says so, asked or not', () => {
  const { sys, events } = fixture();
  sys.call('close', { fd: 11 });
  assert.is(events(10, BOTH), EPOLLHUP);
  assert.is(events(10, 0), EPOLLHUP);
  const other = fixture();
  other.sys.call('close', { fd: 10 });
  assert.is(other.events(11, BOTH), EPOLLOUT | EPOLLERR);
});

test('whoever waits at a pipe for what it never has hears that the other end went', () => {
  const { sys } = fixture();
  const waiter = boot().spawn('app');
  waiter.main.sys.makeFile('pipe', 10, 11, NOTHING);
  const helper = waiter.thread();
  const call = waiter.main.sys.poll(10, EPOLLOUT, -1);
  assert.ok(call.parked);
  helper.close(11);
  assert.is(call.revents, EPOLLHUP);
  assert.is(sys.poll(11, EPOLLIN, 0).ret, 0);
});

test('a number that is not open is told, and a negative one is nothing', () => {
  const { sys, events } = fixture();
  assert.is(events(20, 0), EPOLLNVAL);
  assert.is(sys.poll(-1, BOTH, 0).ret, 0);
});

test.run();
