/** States that count as equal are: no schedule leads to a state that the search has not seen. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EPOLLOUT } from '../../assembly/abi/machine.ts';
import { guestModule } from '../../host/cli/boot.ts';
import { Digest } from '../../host/explore/digest.ts';
import { explore } from '../../host/explore/explorer.ts';
import { fingerprintOf } from '../../host/explore/fingerprint.ts';
import { Machine } from '../../host/machine.ts';
import type { Thread } from '../../host/os/thread.ts';
import { sys } from '../../host/sim/sys.ts';
import { bc } from '../../host/wire/commands.ts';

const boot = { wasm: guestModule(), memoryMiB: 8 };

const test = suite('explored states');

for (const script of [senders, waiters]) {
  test(`random schedules of ${script.name} reach no state that the search with any number of preemptions does not`, async () => {
    const searched = new Set<string>();
    const full = await explore(script, { boot, preemptions: 100, onState: (state) => searched.add(state) });
    assert.ok(full.isComplete);
    assert.is(full.failure, null);
    assert.is(searched.size, full.states);
    const met = new Set<string>();
    await explore(script, { boot, random: 400, onState: (state) => met.add(state) });
    assert.ok(met.size > searched.size / 2, `${met.size} of ${searched.size}`);
    for (const state of met) assert.ok(searched.has(state));
  });
}

/** Three processes; one makes a thread, which sends a message to the first. */
function senders(machine: Machine) {
  const sim = machine.simulate();
  for (const name of ['a', 'b', 'c']) {
    sim.process(name, function* () {
      const fd = yield* sys.open();
      yield* sys.mmap(fd);
      if (name === 'a') (yield* sys.self()).kernel.becomeContextManager(fd);
      const send = [bc.transaction({ handle: 0, code: 1, flags: 1, data: name })];
      if (name === 'b') yield* sys.spawn(() => sys.writeRead(fd, send, { readSize: 0 }));
      yield* sys.pause();
    });
  }
  sim.run();
}

/** Three processes, each with an epoll instance of its own; two of them send a message to the first. */
function waiters(machine: Machine) {
  const sim = machine.simulate();
  for (const name of ['a', 'b', 'c']) {
    const isManager = name === 'a';
    sim.process(name, function* () {
      const fd = yield* sys.open();
      if (isManager) {
        yield* sys.mmap(fd);
        (yield* sys.self()).kernel.becomeContextManager(fd);
      }
      const epfd = yield* sys.epollCreate();
      yield* sys.epollCtl(epfd, 'add', fd);
      const commands = isManager ? bc.enterLooper() : bc.transaction({ handle: 0, flags: 1, data: name });
      yield* sys.writeRead(fd, [commands], { readSize: 0 });
      yield* sys.epollWait(epfd, { timeoutMs: 10 });
      yield* sys.pause();
    });
  }
  sim.run();
}

test('a script that lets the shrinker take pages is explored without equal states', async () => {
  const counts = async (script: (machine: Machine) => void) => {
    const { isComplete, merged, schedules } = await explore(script, { boot, preemptions: 1 });
    assert.ok(isComplete);
    return { merged, schedules };
  };
  const two = (machine: Machine) => {
    const sim = machine.simulate();
    for (const name of ['a', 'b']) {
      sim.process(name, function* () {
        yield* sys.open();
        yield* sys.pause();
      });
    }
    sim.run();
  };
  assert.ok((await counts(two)).merged > 0);
  const { merged, schedules } = await counts((machine) => {
    machine.shrink(1);
    two(machine);
  });
  assert.is(merged, 0);
  assert.ok(schedules > (await counts(two)).schedules);
});

/** A digest of a machine, without positions of programs. */
function fingerprint({ guest, processes }: Machine): string {
  const digest = new Digest();
  fingerprintOf(guest).add(
    digest,
    processes.map(({ pointer }) => pointer),
  );
  return digest.value;
}

/** The ends of the first pipe and of the second one, and the instance that watches both. */
const [READ, WRITE, READ_2, WRITE_2, EPFD] = [3, 4, 5, 6, 7];

/** A machine on which two processes have a watched pair of pipes each, and what `act` does with their threads then. */
function watching(act: (machine: Machine, a: Thread, b: Thread) => void, order: readonly [0 | 1, 0 | 1] = [0, 1]) {
  const machine = Machine.boot(boot);
  const threads = [machine.spawn('a').main, machine.spawn('b').main] as const;
  for (const index of order) {
    const thread = threads[index];
    thread.pipe();
    thread.pipe();
    assert.is(thread.epollCreate(), EPFD);
    for (const fd of index === order[0] ? [READ, READ_2] : [READ_2, READ]) thread.epollCtl(EPFD, 'add', fd);
  }
  act(machine, ...threads);
  return machine;
}

/** The second one's instance watches another one, which walks over both. */
const nest = (_machine: Machine, a: Thread, b: Thread) => {
  for (const thread of [a, b]) thread.epollCtl(thread.epollCreate(), 'add', EPFD);
};

for (const [what, act] of [
  ['watches', () => {}],
  ['nested instances', nest],
  [
    'threads that sleep in epoll_wait',
    (_machine, a, b) => {
      a.epollWait(EPFD);
      b.epollWait(EPFD, { timeoutMs: 100 });
    },
  ],
  [
    'watches that are ready',
    (_machine, a, b) => {
      for (const thread of [a, b]) for (const fd of [WRITE_2, WRITE]) thread.write(fd, Uint8Array.of(1));
    },
  ],
] as [string, Parameters<typeof watching>[0]][]) {
  test(`${what} count as equal wherever they are`, () => {
    const [one, other] = [watching(act), watching(act, [1, 0])];
    assert.is.not(one.hash(), other.hash());
    assert.is(fingerprint(one), fingerprint(other));
  });
}

test('what an earlier call left in the frame of a sleeping thread does not count', () => {
  const slept = watching((_machine, a) => {
    a.epollWait(EPFD, { timeoutMs: 0 });
    a.poll(READ);
  });
  const polled = watching((_machine, a) => {
    a.poll(READ);
  });
  assert.is.not(slept.hash(), polled.hash());
  assert.is(fingerprint(slept), fingerprint(polled));
});

test('states of epoll that differ for a program do not count as equal', () => {
  const fingerprints = (
    [
      () => {},
      nest,
      (_machine, a) => a.epollCtl(EPFD, 'modify', READ, { events: EPOLLOUT }),
      (_machine, a) => a.epollCtl(EPFD, 'modify', READ, { data: 9 }),
      (_machine, a) => a.epollCtl(EPFD, 'delete', READ),
      (_machine, a) => a.epollWait(EPFD),
      (_machine, a) => a.epollWait(EPFD, { timeoutMs: 100 }),
      (_machine, a) => a.epollWait(EPFD, { eventsMax: 1 }),
      (_machine, a) => a.poll(EPFD),
      ...[
        [WRITE, WRITE_2],
        [WRITE_2, WRITE],
      ].map((order) => (_machine: Machine, a: Thread) => {
        for (const fd of order) a.write(fd, Uint8Array.of(1));
      }),
      ...[
        [0, 1],
        [1, 0],
      ].map((order) => (machine: Machine, a: Thread) => {
        const sleepers = [a, machine.process('a').thread()];
        for (const index of order) sleepers[index]?.epollWait(EPFD);
      }),
    ] as Parameters<typeof watching>[0][]
  ).map((act) => fingerprint(watching(act)));
  assert.is(new Set(fingerprints).size, fingerprints.length);
});

test.run();
