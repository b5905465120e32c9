/** The binary form of journals: the same content as JSON, bounded memory, and no harm from any bytes. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Machine } from '../../host/machine.ts';
import { replay } from '../../host/replay.ts';
import { BinaryJournal, BinaryWriter } from '../../host/trace/binaryjournal.ts';
import { ENTRY, EntryReader } from '../../host/trace/entries.ts';
import type { Journal } from '../../host/trace/journal.ts';
import { formatHeader, formatJournal, formatStep, JournalError, parseJournal } from '../../host/trace/journaltext.ts';
import { MemoryFile } from '../../host/trace/memoryfile.ts';
import type { Block } from '../../host/trace/stepreader.ts';
import { writeBinaryJournal } from '../../host/trace/stepwriter.ts';
import type { FileSink } from '../../host/wasm/filesink.ts';
import { bc } from '../../host/wire/commands.ts';
import {
  ALL_SETS,
  MEMORY_MIB,
  recording,
  recordingNames,
  recordingText,
  sampled,
  sampleNames,
} from '../conformance/recordings.ts';
import { buildModule } from '../os/builds.ts';
import { act, Rabble } from '../os/hostile.ts';

const test = suite('binary journal');
const wasm = buildModule('release');

function binaryOf(journal: Journal): Uint8Array {
  const file = new MemoryFile();
  writeBinaryJournal(journal, file);
  return file.read(0, file.size);
}

function read(bytes: Uint8Array): BinaryJournal {
  return BinaryJournal.of(bytes, 'test.journal');
}

/** What was written to a file. */
function written(file: FileSink): BinaryJournal {
  return read(file.read(0, file.size));
}

/** A server and a client, and a way to make a call. */
function pair(machine: Machine): () => void {
  const open = (name: string) => {
    const process = machine.spawn(name);
    const fd = process.main.open();
    process.main.mmap(fd, 128 * 1024);
    return [process.main, fd] as const;
  };
  const [server, serverFd] = open('server');
  const [client, clientFd] = open('client');
  server.becomeContextManager(serverFd);
  client.writeRead(clientFd, []);
  return () => {
    const call = client.writeRead(clientFd, [bc.transaction({ handle: 0, code: 1, data: 'ask' })]);
    const { buffer } = server.writeRead(serverFd, []).expect('BR_TRANSACTION');
    server.writeRead(serverFd, [bc.freeBuffer(buffer), bc.reply({ data: 'answer' })]);
    client.writeRead(clientFd, [bc.freeBuffer(call.expect('BR_REPLY').buffer)], { readSize: 0 });
  };
}

/** Whether journals can hold its numbers. */
const isJournaled = (one: object): boolean =>
  Object.entries(one).every(
    ([name, value]) => typeof value !== 'number' || (Number.isSafeInteger(value) && (value >= 0 || name === 'fd')),
  );

for (const set of ALL_SETS) {
  test(`${set}: JSON to binary to JSON gives the same bytes`, () => {
    let texts = 0;
    for (const name of sampleNames(set)) {
      const text = recordingText(name, set);
      const journal = read(binaryOf(parseJournal(text, name)));
      assert.is(journal.problem, null);
      assert.is(formatJournal(journal), text, name);
      for (const { entries } of journal.eachEntries([])) {
        const reader = new EntryReader(entries);
        while (reader.next()) if (reader.kind === ENTRY.TEXT) texts++;
      }
    }
    assert.ok(texts < 10, `${texts} steps are kept as text`);
  });
}

test('a recording in the binary form is replayed, entry by entry', () => {
  for (const name of sampled(recordingNames('hand'), 3)) {
    const journal = read(binaryOf(recording(name)));
    const result = replay(journal, (header) => Machine.fromHeader(header, { wasm, memoryMiB: MEMORY_MIB }));
    assert.is(result.equal, journal.header.steps, `${name}: ${result.text.join('\n')}`);
  }
});

test('a difference is shown as in JSON', () => {
  const journal = recording('nested-callback');
  const changed = journal.steps.map((step) =>
    step.op === 'wr' && step.out ? { ...step, out: { ...step.out, ret: -22 } } : step,
  );
  const boot = () => Machine.fromHeader(journal.header, { wasm, memoryMiB: MEMORY_MIB });
  const other = { header: journal.header, steps: changed } as Journal;
  assert.equal(replay(read(binaryOf(other)), boot), replay(other, boot));
});

test('whatever programs do, a journal changes nothing, is the same in memory and in a file, and replays', () => {
  fc.assert(
    fc.property(fc.array(act.filter(isJournaled), { maxLength: 40, size: 'max' }), (acts) => {
      const file = new MemoryFile();
      const run = (journal: false | 'all' | { file: FileSink }) => {
        const machine = Machine.boot({ wasm, memoryMiB: 8, journal });
        const rabble = new Rabble(machine);
        for (const one of acts) rabble.perform(one);
        return machine;
      };
      const [plain, kept, streamed] = [run(false), run('all'), run({ file })];
      assert.is(kept.hash(), plain.hash());
      assert.is(streamed.hash(), plain.hash());
      const text = formatJournal(kept.journal);
      assert.is(formatJournal(streamed.journal), text);
      streamed.keepJournal(false);
      const journal = written(file);
      assert.is(formatJournal(journal), text);
      const again = Machine.fromHeader(journal.header, { wasm, memoryMiB: 8 });
      const result = replay(journal, () => again);
      assert.is(result.equal, result.steps, result.text.join('\n'));
      assert.is(again.hash(), plain.hash());
    }),
    { numRuns: 60, includeErrorInReport: true },
  );
});

test('of the last steps so many are kept, and no more than a block before them', () => {
  const machine = Machine.boot({ wasm, journal: { last: 10 } });
  const call = pair(machine);
  const seen: string[] = [];
  machine.on('step', (step) => seen.push(formatStep(step)));
  for (let i = 0; i < 2000; i++) call();
  assert.equal(machine.journal.steps.map(formatStep), seen.slice(-10));
});

test('of long steps no more bytes are kept than asked for, and each is what it was', () => {
  const bytes = 300_000;
  const machine = Machine.boot({ wasm, journal: { last: 1000, bytes } });
  const seen: string[] = [];
  machine.on('step', (step) => seen.push(formatStep(step)));
  const home = machine.spawn('writer');
  const { main } = home;
  const address = home.alloc(1 << 20);
  for (let i = 0; i < 20; i++) {
    const length = [70_000, 70_000, 90_000, 40, 64_000][i % 5] as number;
    home.write(address, new Uint8Array(length).fill(i));
    main.close(main.open());
    home.read(address, length);
    const kept = machine.journal.steps.map(formatStep);
    assert.ok(kept.join() === seen.slice(-kept.length).join(), `turn ${i}: ${kept.length} steps are not the last ones`);
    assert.ok(kept.length > 0 && kept.join('').length < 2 * (bytes + 200_000), `${kept.join('').length} digits`);
  }
  const few = Machine.boot({ wasm, journal: { last: 1000, bytes: 1 } });
  for (let i = 0; i < 10; i++) few.spawn(`p${i}`).write(0x1000_0000, new Uint8Array(100_000).fill(i));
  assert.is(few.journal.steps.at(-1)?.i, few.nextStep - 1, 'the last step is kept in any case');
});

test('a restored snapshot takes back what was written', () => {
  const file = new MemoryFile();
  const machines = ([true, { file }] as const).map((journal) => Machine.boot({ wasm, journal }));
  const texts = machines.map((machine) => {
    const call = pair(machine);
    for (let i = 0; i < 100; i++) call();
    const before = machine.snapshot();
    for (let i = 0; i < 300; i++) call();
    machine.spawn('late');
    machine.restore(before);
    for (let i = 0; i < 200; i++) call();
    machine.spawn('later').main.open();
    return formatJournal(machine.journal);
  });
  assert.is(texts[1], texts[0]);
  machines[1]?.keepJournal(false);
  assert.is(formatJournal(written(file)), texts[0]);
});

test('until the next step every read of the journal returns the same', () => {
  for (const journal of [true, { last: 5 }, { file: new MemoryFile() }] as const) {
    const machine = Machine.boot({ wasm, journal });
    const call = pair(machine);
    call();
    const first = machine.journal;
    const text = formatJournal(first);
    assert.is(machine.journal, first);
    machine.note('one more');
    assert.is(formatJournal(first), text, 'who has the old one keeps it');
    assert.is(machine.journal.steps.at(-1)?.op, 'note');
    const second = machine.journal;
    machine.keepJournal(true);
    assert.equal([second.steps.at(-1)?.op, machine.journal.steps], ['note', []]);
    assert.is(machine.journal.header.steps, 0);
  }
});

test('what was written comes back, also when there was nothing to take back', () => {
  const { bytes, steps } = small();
  const [block] = read(bytes).blocks([]);
  const { header } = read(bytes);
  for (const to of [0, 3, steps.length]) {
    const file = new MemoryFile();
    const writer = new BinaryWriter(file, formatHeader(header));
    const back = [writer.save()];
    writer.write(block as Block, ['server.0', 'client.0']);
    back.push(writer.save());
    writer.rewind(to);
    for (const [at, count] of [
      [1, steps.length],
      [0, 0],
      [1, steps.length],
    ] as const) {
      back[at]?.();
      assert.equal(written(file).steps.map(formatStep), steps.slice(0, count));
    }
  }
});

test('a step that the host gave up never was', () => {
  const machine = Machine.boot({ wasm, journal: true, memoryMiB: 2 });
  assert.throws(() => {
    for (let i = 0; i < 1000; i++) machine.spawn(`p${i}`);
  }, /ENOMEM/);
  const { steps } = machine.journal;
  machine.note('after');
  assert.is(machine.journal.steps.length, steps.length + 1);
  assert.is(machine.journal.steps.at(-1)?.op, 'note');
});

test('large inputs and outputs need no room in the log', () => {
  const file = new MemoryFile();
  const machine = Machine.boot({ wasm, journal: { file } });
  const process = machine.spawn('A');
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
  const placed = process.place(bytes);
  assert.equal(process.read(placed.address, placed.length), bytes);
  const fd = process.main.open();
  process.main.writeRead(fd, [bc.transaction({ handle: 0, data: bytes.slice(0, 100_000) })], { readSize: 0 });
  machine.keepJournal(false);
  const journal = written(file);
  assert.is(journal.problem, null);
  const result = replay(journal, (header) => Machine.fromHeader(header, { wasm }));
  assert.is(result.equal, result.steps);
  assert.is(result.steps, machine.nextStep);
});

/** A small journal, and its steps as text. */
function small(): { bytes: Uint8Array; steps: string[] } {
  const file = new MemoryFile();
  const machine = Machine.boot({ wasm, journal: { file } });
  pair(machine)();
  machine.keepJournal(false);
  const bytes = file.read(0, file.size);
  return { bytes, steps: read(bytes).steps.map(formatStep) };
}

test('text is no journal in the binary form', () => {
  const text = new TextEncoder().encode(formatJournal(read(small().bytes)));
  assert.throws(() => read(text), /test.journal: is no journal in the binary form; parseJournal\(text, name\) reads/);
});

/** The steps of a damaged file: none after an error, otherwise the first ones, all right. */
function stepsBefore(bytes: Uint8Array, whole: readonly string[], what: string): void {
  let journal: BinaryJournal;
  try {
    journal = read(bytes);
  } catch (error) {
    assert.instance(error, JournalError, what);
    return;
  }
  assert.match(journal.problem ?? 'whole', /^byte \d+: /, what);
  const steps = journal.steps.map(formatStep);
  assert.equal(steps, whole.slice(0, steps.length), what);
}

test('cut at any byte, it says where, and the steps before are right', () => {
  const { bytes, steps } = small();
  for (let end = 20; end < bytes.length; end++) stepsBefore(bytes.subarray(0, end), steps, `cut at ${end}`);
});

test('with any byte changed, it says where, and the steps before are right', () => {
  const { bytes, steps } = small();
  for (let at = 20; at < bytes.length; at++) {
    for (const bits of [1, 0xff]) {
      const changed = bytes.slice();
      changed[at] = (changed[at] as number) ^ bits;
      stepsBefore(changed, steps, `byte ${at} changed`);
    }
  }
});

test('entries of any bytes under a right checksum are an error, or a replay without harm', () => {
  const { bytes } = small();
  const [block] = read(bytes).blocks([]);
  const entries = block?.entries as Uint8Array;
  const change = fc.record({ at: fc.nat(entries.length - 1), byte: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
      const changed = entries.slice();
      for (const { at, byte } of changes) changed[at] = byte;
      const file = new MemoryFile();
      const writer = new BinaryWriter(file, formatHeader(read(bytes).header));
      writer.write({ first: 0, steps: block?.steps ?? 0, entries: changed }, ['server.0', 'client.0']);
      writer.end(formatHeader(read(bytes).header));
      const machine = Machine.boot({ wasm, memoryMiB: 8 });
      try {
        replay(written(file), () => machine);
      } catch (error) {
        assert.instance(error, JournalError);
      }
      machine.check();
    }),
    { numRuns: 300, includeErrorInReport: true },
  );
});

test.run();
