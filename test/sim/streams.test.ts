/** Streams between processes: socket pairs and pipes, made before a fork and used after it; and the steps they leave. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ProcessState } from '../../host/binder/processstate.ts';
import type { Machine } from '../../host/machine.ts';
import { replay } from '../../host/replay.ts';
import { sys } from '../../host/sim/sys.ts';
import { formatJournal, parseJournal } from '../../host/trace/journaltext.ts';
import { Strace } from '../../host/trace/strace.ts';
import { bootMachine } from './boot.ts';

const test = suite('streams');

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (read: { bytes: Uint8Array }) => new TextDecoder().decode(read.bytes);

/** A parent and its child talk over a socket pair, until the child ends. @returns What each of them has heard. */
function talk(machine: Machine): string[] {
  const heard: string[] = [];
  const sim = machine.simulate();
  sim.process('parent', function* () {
    const [own, childs] = yield* sys.socketPair();
    const child = yield* sys.fork('child', function* () {
      yield* sys.close(own);
      heard.push(`child: ${text(yield* sys.read(childs))}`);
      yield* sys.setUid(10001);
      yield* sys.write(childs, bytes('"fine"\n'));
    });
    yield* sys.close(childs);
    yield* sys.write(own, bytes('how are you?'));
    heard.push(`parent: ${text(yield* sys.read(own))}`);
    heard.push(`parent: ${(yield* sys.read(own)).ret} bytes of uid ${child.uid}`);
    heard.push(`parent: ${(yield* sys.write(own, bytes('?'), { mayFail: true })).errno}`);
  });
  sim.run();
  return heard;
}

test('a socket pair that was made before a fork connects parent and child', () => {
  const machine = bootMachine();
  assert.equal(talk(machine), [
    'child: how are you?',
    'parent: "fine"\n',
    'parent: 0 bytes of uid 10001',
    'parent: EPIPE',
  ]);
  machine.end();
});

test('its journal does the same again, under every schedule', () => {
  for (let seed = 0; seed < 5; seed++) {
    const machine = bootMachine({ seed });
    talk(machine);
    const journal = parseJournal(formatJournal(machine.journal), 'streams');
    const { steps } = journal;
    for (const op of ['mkfd', 'read', 'write'])
      assert.ok(
        steps.some((step) => step.op === op),
        op,
      );
    const again = bootMachine();
    assert.equal(replay(journal, () => again).different, []);
    assert.is(again.hash(), machine.hash());
    assert.is(again.process('child').uid, 10001);
  }
});

test('strace shows them as strace does', () => {
  const machine = bootMachine();
  const strace = new Strace();
  const lines: string[] = [];
  machine.on('step', (step) => lines.push(...strace.lines(step).map((line) => line.replace(/ +/g, ' '))));
  talk(machine);
  for (const line of [
    '1000<parent.0> socketpair(AF_UNIX, SOCK_STREAM, 0, [3, 4]) = 3 (file1)',
    '2000<child.0> read(4, "how are you?", 4096) = 12',
    '1000<parent.0> read(3 <unfinished ...>',
    '2000<child.0> write(4, "\\"fine\\"\\n", 7) = 7',
    '1000<parent.0> <... read resumed> "\\"fine\\"\\n", 4096) = 7',
    '1000<parent.0> write(3, "?", 1) = -1 EPIPE (Broken pipe)',
  ]) {
    assert.ok(lines.includes(line), `${line}\nis not in\n${lines.join('\n')}`);
  }
});

test('a pipe takes the lowest free descriptors, and does not sleep', () => {
  const sim = bootMachine().simulate();
  const seen: unknown[] = [];
  sim.process('A', function* () {
    yield* sys.open();
    yield* sys.open();
    yield* sys.close(3);
    const [out, into] = yield* sys.pipe();
    seen.push(out, into, (yield* sys.read(out, 1, { mayFail: true })).errno);
    yield* sys.write(into, bytes('x'));
    seen.push((yield* sys.poll(out)).revents, text(yield* sys.read(out)));
  });
  sim.run();
  assert.equal(seen, [3, 5, 'EAGAIN', 1, 'x']);
});

test('the child of a process that has opened Binder cannot use libbinder', () => {
  const sim = bootMachine().simulate();
  const problems: string[] = [];
  const tryIt = function* () {
    try {
      yield* ProcessState.self();
    } catch (error) {
      problems.push((error as Error).message);
    }
  };
  sim.process('parent', function* () {
    const early = yield* sys.fork('early', tryIt);
    yield* sys.until(() => !early.alive, 'its first child');
    yield* ProcessState.self();
    yield* sys.fork('late', function* () {
      yield* tryIt();
      yield* sys.fork('grandchild', tryIt);
    });
  });
  sim.run();
  assert.is(problems.length, 2);
  assert.match(problems[0] ?? '', /^late was forked from a process that had opened Binder already/);
  assert.match(problems[1] ?? '', /^grandchild was forked/);
});

test.run();
