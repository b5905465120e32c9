/** The guest's code in its forms: they take turns with one memory, and do the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compileGuest, formOf } from '../../host/guest/code.ts';
import { Guest, type WasmSource } from '../../host/guest/guest.ts';
import { Machine } from '../../host/machine.ts';
import { EventRing, type TraceEvent } from '../../host/trace/events.ts';
import type { Step } from '../../host/trace/journal.ts';
import { recording } from '../conformance/recordings.ts';
import { buildModule } from '../os/builds.ts';

const test = suite('code');
const bytes = (build = 'release') =>
  new Uint8Array(readFileSync(join(import.meta.dirname, `../../../build/${build}.wasm`)));

/** @param listens Whether a reader wants the events of a step. */
function performed(name: string, wasm: WasmSource, listens: (number: number) => boolean) {
  const { header, steps } = recording(name);
  const machine = Machine.fromHeader(header, { wasm, memoryMiB: 16, journal: false });
  const ring = new EventRing(machine.guest);
  const events: TraceEvent[][] = [];
  const made: Step[] = steps.map((step, number) => {
    ring.record(listens(number));
    const output = machine.perform(step);
    events.push(ring.take());
    return output;
  });
  machine.check();
  return { made, events };
}

for (const name of ['nested-callback', 'epoll-threads', 'fda', 'death']) {
  test(`${name}: answers and events are the same whichever form runs a step`, () => {
    const wasm = compileGuest(bytes());
    const listened = performed(name, wasm, () => true);
    const turns = performed(name, wasm, (number) => number % 3 === 1);
    assert.equal(turns.made, listened.made);
    assert.equal(
      turns.events,
      listened.events.map((all, number) => (number % 3 === 1 ? all : [])),
    );
    assert.equal(performed(name, wasm, () => false).made, listened.made);
    assert.equal(
      performed(name, buildModule('release'), () => true),
      listened,
      'as built',
    );
  });
}

test('exchanging the functions writes to nothing but the flags', () => {
  const guest = new Guest(compileGuest(bytes()), 2);
  guest.raw.boot(2 * 1024 * 1024, 0, 16);
  const thread = guest.raw.mainThread(guest.raw.procCreate(1000, 0));
  const before = guest.u8.slice();
  const { sysOpen } = guest.raw;
  guest.record(true);
  assert.is.not(guest.raw.sysOpen, sysOpen);
  const changed = [...before.keys()].filter((at) => before[at] !== guest.u8[at]);
  assert.is(changed.length, 1);
  assert.ok(guest.raw.sysOpen(thread, 0, 2) >= 0);
  guest.record(false);
  assert.is(guest.raw.sysOpen, sysOpen);
  assert.is(guest.u8[changed[0] as number], 0);
});

test('a form is compiled once, and there is none of a module that was compiled elsewhere', () => {
  const module = compileGuest(bytes());
  assert.is(formOf(module, true), formOf(module, true));
  assert.is.not(formOf(module, true), formOf(module, false));
  for (const other of [buildModule('release'), compileGuest(bytes('debug'))]) {
    assert.is(formOf(other, true), other);
    assert.is(formOf(other, false), other);
  }
});

test('a file that a tool has changed stays as it is', () => {
  const built = bytes();
  const header = built.slice(0, 8);
  const custom = Uint8Array.of(0, 3, 2, 0x74, 0x6f);
  const moved = Uint8Array.from([...header, ...custom, ...built.slice(8)]);
  const module = compileGuest(moved);
  assert.is(formOf(module, true), module);
  const machine = Machine.boot({ wasm: moved, memoryMiB: 8 });
  const heard: string[] = [];
  machine.on('fault', ({ access }) => heard.push(access));
  machine.spawn('A').write(0x10000000, custom);
  assert.equal(heard, ['write']);
});

test('the bytes are read once', () => {
  const given = bytes();
  const guest = new Guest(given, 2);
  given.fill(0);
  guest.record(true);
  assert.is(guest.raw.traceHead(), 0);
});

test.run();
