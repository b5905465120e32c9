/** The hash of events: it tells what happened, in which order, and nothing else. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { Machine } from '../../host/machine.ts';
import { EventHash } from '../../host/trace/eventhash.ts';
import { BinderlabError } from '../../host/wire/error.ts';

const test = suite('event hash');

function started() {
  const machine = Machine.boot({ wasm: guestModule(), memoryMiB: 8 });
  const thread = machine.spawn('A').main;
  const fd = thread.open();
  const events = new EventHash();
  events.follow(machine.guest);
  return { machine, thread, fd, events };
}

test('the same events have the same hash, in whatever pieces they are taken', () => {
  const [one, other] = [started(), started()];
  for (let calls = 0; calls < 3; calls++) {
    one.thread.version(one.fd);
    one.events.take();
    other.thread.version(other.fd);
  }
  other.events.take();
  assert.is(one.events.value, other.events.value);
  assert.is(one.events.count, other.events.count);
  assert.match(one.events.value, /^[0-9a-f]{16}$/);
});

test('one event more, another argument, another order: another hash', () => {
  const seen = new Set<string>();
  const acts: ((one: ReturnType<typeof started>) => void)[] = [
    () => {},
    ({ thread, fd }) => thread.version(fd),
    ({ thread, fd }) => thread.sys.ioctl(fd, 0x6201, 0x10000000, new Uint8Array(0), 0),
    ({ thread, fd }) => thread.sys.ioctl(fd, 0x6201, 0x10000008, new Uint8Array(0), 0),
    ({ thread, fd }) => {
      thread.version(fd);
      thread.becomeContextManager(fd);
    },
    ({ thread, fd }) => {
      thread.becomeContextManager(fd);
      thread.version(fd);
    },
  ];
  for (const act of acts) {
    const one = started();
    act(one);
    one.events.take();
    seen.add(one.events.value);
  }
  assert.is(seen.size, acts.length);
});

test('a second machine goes on where the first one ended', () => {
  const one = started();
  one.thread.version(one.fd);
  one.events.take();
  const [first, count] = [one.events.value, one.events.count];
  const next = started();
  one.events.follow(next.machine.guest);
  next.thread.version(next.fd);
  one.events.take();
  assert.is.not(one.events.value, first);
  assert.is(one.events.count, 2 * count);
});

test('events that were lost are not passed over', () => {
  const { thread, fd, events } = started();
  for (let calls = 0; calls < 2000; calls++) thread.version(fd);
  assert.throws(
    () => events.take(),
    (error: unknown) => error instanceof BinderlabError && /the ring holds 2048/.test(error.message),
  );
});

test.run();
