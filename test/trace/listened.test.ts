/** Who listens, and when, changes nothing: programs do the same, and each reader hears the events of its own steps. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as protocol from '../../assembly/abi/protocol.ts';
import { guestModule } from '../../host/cli/boot.ts';
import { Fuzzer } from '../../host/fuzz/fuzzer.ts';
import type { FuzzStep } from '../../host/fuzz/steps.ts';
import { bootTarget, journaled } from '../../host/fuzz/target.ts';
import type { Guest } from '../../host/guest/guest.ts';
import { Machine, STRATEGIES, type Strategy } from '../../host/machine.ts';
import { Reboots } from '../../host/reboots.ts';
import { EventHash } from '../../host/trace/eventhash.ts';
import { EventRing, type TraceEvent } from '../../host/trace/events.ts';
import { BinderlabError } from '../../host/wire/error.ts';
import { recording, recordingNames, tries } from '../conformance/recordings.ts';
import { buildModule } from '../os/builds.ts';

const test = suite('listened');
const MEMORY = 16;
const recordings = recordingNames().map((name) => recording(name));

/** What happens before a step. */
type Act = (typeof ACTS)[number];
const ACTS = ['one', 'other', 'faults', 'hash', 'detour', 'fork'] as const;
const LONG_DETOUR = 20;

/** What a step answers, or why it is refused. */
function outcomeOf(machine: Machine, step: FuzzStep): unknown {
  try {
    return machine.perform(journaled(step));
  } catch (error) {
    if (error instanceof BinderlabError) return error.message;
    throw error;
  }
}

/** The events of a step; null when it had more than the ring holds. */
function heardBy(ring: EventRing): readonly TraceEvent[] | null {
  const isWhole = ring.skipLost() === 0;
  const events = ring.take();
  return isWhole ? events : null;
}

/** As built, heard all the time, with the faults. */
function reference(steps: readonly FuzzStep[], strategy: Strategy) {
  const machine = bootTarget({ wasm: buildModule('release'), strategy, memory: MEMORY });
  const ring = new EventRing(machine.guest);
  ring.record(true, true);
  const made = steps.map((step) => ({ outcome: outcomeOf(machine, step), events: heardBy(ring) }));
  ring.record(false);
  return { made, state: machine.hash() };
}

/** Two readers of a guest and a hash, which begin and end by themselves. */
class Readers {
  readonly rings: readonly EventRing[];
  readonly faults = new Set<EventRing>();
  #hash: EventHash | null = null;
  #hashed = 0;

  constructor(private readonly guest: Guest) {
    this.rings = [new EventRing(guest), new EventRing(guest)];
  }

  toggle(act: Act): void {
    const [one, other] = this.rings as [EventRing, EventRing];
    const ring = act === 'other' ? other : one;
    if (act === 'faults' && !this.faults.delete(ring)) this.faults.add(ring);
    const isOn = act === 'faults' ? ring.isRecording : !ring.isRecording;
    if (act === 'hash') this.#toggleHash();
    else ring.record(isOn, this.faults.has(ring));
  }

  #toggleHash(): void {
    if (this.#hash !== null) {
      this.#leaveHash();
      return;
    }
    this.#hash = new EventHash();
    this.#hash.follow(this.guest);
    this.#hashed = 0;
  }

  get hearFaults(): boolean {
    return this.rings.some((ring) => ring.isRecording && this.faults.has(ring));
  }

  /** Whether each heard what it was to hear. @param all The events of the step; null when they were more than the ring holds. */
  check(all: readonly TraceEvent[] | null): void {
    const isAny = this.#hash !== null || this.rings.some(({ isRecording }) => isRecording);
    const told = this.hearFaults ? all : (all?.filter(({ name }) => name !== 'fault') ?? null);
    for (const ring of this.rings) {
      const heard = heardBy(ring);
      if (heard !== null && told !== null) assert.equal(heard, isAny ? told : []);
    }
    if (told === null) this.#leaveHash();
    this.#hash?.take();
    this.#hashed += told?.length ?? 0;
    if (this.#hash !== null) assert.is(this.#hash.count, this.#hashed);
  }

  end(): void {
    for (const ring of this.rings) ring.record(false);
    this.#leaveHash();
  }

  /** The machine went to another moment. */
  restart(): void {
    for (const ring of this.rings) ring.restart();
    this.#leaveHash();
  }

  #leaveHash(): void {
    this.#hash?.leave();
    this.#hash = null;
  }
}

function checkTurns(steps: readonly FuzzStep[], strategy: Strategy, acts: ReadonlyMap<number, Act>): void {
  const { made, state } = reference(steps, strategy);
  let machine = bootTarget({ wasm: guestModule(), strategy, memory: MEMORY });
  let readers = new Readers(machine.guest);
  for (const [at, step] of steps.entries()) {
    const act = acts.get(at);
    if (act === 'fork') {
      machine = machine.fork();
      readers = new Readers(machine.guest);
    } else if (act === 'detour') {
      const here = machine.snapshot();
      const toggled = ACTS[at % 4] as Act;
      for (const one of steps.slice(at, at + LONG_DETOUR)) {
        if (machine.nextStep % 2 === 1) readers.toggle(toggled);
        outcomeOf(machine, one);
      }
      machine.restore(here);
      readers.restart();
    } else if (act !== undefined) {
      readers.toggle(act);
    }
    const expected = made[at] as (typeof made)[number];
    assert.equal(outcomeOf(machine, step), expected.outcome, `step ${at}`);
    readers.check(expected.events);
  }
  readers.end();
  machine.check();
  assert.is(machine.hash(), state);
}

for (const strategy of STRATEGIES) {
  test(`${strategy}: readers come and go`, () => {
    const fuzzer = new Fuzzer({
      wasm: guestModule(),
      other: guestModule(),
      strategies: [strategy],
      memory: MEMORY,
      seed: 4711,
      checkEvery: 0,
      thoroughEvery: 0,
      recordings,
    });
    const acts = fc.array(fc.tuple(fc.nat(299), fc.constantFrom(...ACTS)), { minLength: 5, maxLength: 60 });
    const property = fc.property(fc.nat(9999), acts, (number, chosen) => {
      checkTurns(fuzzer.run(number).steps, strategy, new Map(chosen));
    });
    fc.assert(property, { numRuns: tries(100, 4), includeErrorInReport: true });
  });
}

test('a hash and a reader of one guest end by themselves', () => {
  const machine = bootTarget({ wasm: guestModule(), strategy: 'kmap', memory: MEMORY });
  const { main } = machine.spawn('A');
  const fd = main.open();
  const [hash, alone] = [new EventHash(), new EventHash()];
  hash.follow(machine.guest);
  machine.on('fault', () => {})();
  main.version(fd);
  hash.take();
  assert.is(hash.count, 2);
  alone.follow(machine.guest);
  hash.leave();
  main.version(fd);
  alone.take();
  hash.take();
  assert.equal([alone.count, hash.count], [2, 2]);
});

test('listeners come and go while others are called', () => {
  const machine = bootTarget({ wasm: guestModule(), strategy: 'kmap', memory: MEMORY });
  const { main } = machine.spawn('A');
  const [fd, spare] = [main.open(), main.open()];
  const heard: string[] = [];
  const seen = (word: string) => () => heard.push(word);
  let removeLate = () => {};
  machine.on('step', ({ op }) => {
    heard.push(op);
    if (op === 'dup') removeLate = machine.on('fault', seen('fault'));
    else if (op === 'close') removeLate();
  });
  const again = () => main.sys.ioctl(fd, protocol.BINDER_VERSION, 0x7000, new Uint8Array(0), 0);
  again();
  main.dup(fd);
  again();
  main.close(spare);
  const head = machine.guest.raw.traceHead();
  again();
  assert.is(machine.guest.raw.traceHead(), head, 'nobody listens');
  assert.equal(heard, ['ioctl', 'dup', 'fault', 'ioctl', 'close', 'ioctl']);
});

test('a machine on the guest of an earlier one does not record for its readers', () => {
  const reboots = new Reboots();
  const states = [true, false].map((isHeard) => {
    const machine = reboots.next((guest) => Machine.boot({ wasm: guestModule(), memoryMiB: MEMORY, ...guest }));
    if (isHeard) machine.on('transaction', () => {});
    const { main } = machine.spawn('A');
    main.version(main.open());
    return { head: machine.guest.raw.traceHead(), hash: machine.hash() };
  });
  const machine = Machine.boot({ wasm: guestModule(), memoryMiB: MEMORY });
  const { main } = machine.spawn('A');
  main.version(main.open());
  assert.equal(states, [
    { ...states[0], head: 2 },
    { head: 0, hash: machine.hash() },
  ]);
});

test.run();
