/** Walking a journal: a step is the same wherever one comes from, and however few snapshots there are. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { History, HistoryError, type HistoryOptions, START } from '../../host/history.ts';
import { Machine, type Strategy } from '../../host/machine.ts';
import { BinaryJournal } from '../../host/trace/binaryjournal.ts';
import type { Journal, JournalHeader, Step } from '../../host/trace/journal.ts';
import { MemoryFile } from '../../host/trace/memoryfile.ts';
import { bc } from '../../host/wire/commands.ts';
import { recording, recordingNames, sampled } from '../conformance/recordings.ts';

const wasm = guestModule();

function historyOf(journal: Journal, options?: HistoryOptions, strategy: Strategy = 'kmap'): History {
  const boot = (header: JournalHeader) => Machine.fromHeader(header, { wasm, strategy, memoryMiB: 8, journal: false });
  return new History(journal, boot, options);
}

/** Hash behind every step, the start first, by a machine that only ever goes forwards and takes no snapshot. */
function hashesForwards(journal: Journal, strategy: Strategy): string[] {
  const machine = Machine.fromHeader(journal.header, { wasm, strategy, memoryMiB: 8, journal: false });
  return [
    machine.hash(),
    ...journal.steps.map((step) => {
      machine.perform(step);
      return machine.hash();
    }),
  ];
}

for (const [set, strategy] of [
  ['hand', 'kmap'],
  ['hand', 'vmalloc'],
  ['random', 'kmap'],
] as const) {
  const test = suite(`there and back: ${set}, ${strategy}`);
  for (const name of sampled(recordingNames(set), set === 'random' ? 12 : strategy === 'kmap' ? 2 : 6)) {
    test(name, () => {
      const journal = recording(name, set);
      const hashes = hashesForwards(journal, strategy);
      const history = historyOf(journal, { every: 5 }, strategy);
      const check = () => assert.is(history.hash(), hashes[history.position - START], `at ${history.position}`);
      check();
      while (history.next()) check();
      assert.is(history.position, history.last);
      while (history.back()) check();
      assert.is(history.position, START);
      for (let hop = 0; hop < 20; hop++) {
        history.goto(((hop * 7919) % (journal.steps.length + 1)) + START);
        check();
      }
    });
  }
  test.run();
}

const test = suite('history');
const journal = recording('nested-callback');

test('what came of a step is the same again', () => {
  const history = historyOf(journal, { every: 4 });
  const first: (Step | null)[] = [];
  while (history.next()) first.push(history.step);
  for (const position of [3, 2, history.last, 7, 8, 4]) {
    history.goto(position);
    assert.equal(history.step, first[position]);
  }
  history.goto(START);
  assert.is(history.step, null);
});

test('snapshots stay few and small, and every step can still be reached', () => {
  const hashes = hashesForwards(journal, 'kmap');
  for (const options of [
    { every: 1, snapshotsMax: 3 },
    { every: 1, memoryMaxMiB: 1 },
  ]) {
    const history = historyOf(journal, options);
    history.goto(history.last);
    assert.ok(history.snapshotBytes <= 2 * 1024 * 1024, `${history.snapshotBytes} bytes`);
    for (let position = history.last; position >= START; position--) {
      history.goto(position);
      assert.is(history.hash(), hashes[position - START]);
    }
  }
});

test('numbers of steps may have gaps', () => {
  const steps = journal.steps.filter(({ op }) => op !== 'peek');
  const history = historyOf({ ...journal, steps });
  const last = steps.at(-1) as Step;
  assert.is(history.find(last.i), steps.length - 1);
  assert.is(history.find(last.i + 1), null);
  history.goto(history.last);
  assert.is(history.step?.i, last.i);
});

test('a dump of a file that is not there is a step like others', () => {
  const dump = { i: 0, op: 'dump', in: { file: 'no such file' } } as Step;
  const history = historyOf({ ...journal, steps: [dump, ...journal.steps] });
  history.goto(0);
  assert.equal(history.step, { ...dump, out: { exists: false, text: null } });
  assert.is(history.back(), true);
});

test('a step that cannot be performed stops the walk right before it', () => {
  const steps = [...journal.steps];
  const odd = { i: 999, op: 'open', by: 'nobody.0', in: { flags: 0 } } as Step;
  steps.splice(10, 0, odd);
  const history = historyOf({ ...journal, steps }, { every: 4 });
  history.goto(9);
  const hash = history.hash();
  history.goto(2);
  assert.throws(
    () => history.goto(20),
    (error: unknown) => error instanceof HistoryError && /step 999 \(open\).*nobody\.0/.test(error.message),
  );
  assert.is(history.position, 9);
  assert.is(history.hash(), hash);
  assert.throws(
    () => history.until(() => false),
    (error: unknown) => error instanceof HistoryError,
  );
  assert.is(history.position, 9);
  assert.is(history.upcoming?.i, 999);
});

test('a journal in the binary form is walked by its entries: the same steps, and the same hash back and forth', () => {
  const file = new MemoryFile();
  const machine = Machine.boot({ wasm, memoryMiB: 8, journal: { file } });
  const server = machine.spawn('server').main;
  const client = machine.spawn('client').main;
  const [serverFd, clientFd] = [server.open(), client.open()];
  server.mmap(serverFd);
  client.mmap(clientFd);
  server.becomeContextManager(serverFd);
  let reading = server.writeRead(serverFd, [bc.enterLooper()]);
  client.version(clientFd);
  for (let round = 0; round < 5; round++) {
    const call = client.writeRead(clientFd, [bc.transaction({ handle: 0, data: `question ${round}` })]);
    const { buffer } = reading.expect('BR_TRANSACTION');
    server.writeRead(serverFd, [bc.freeBuffer(buffer), bc.reply({ data: 'answer' })]);
    client.writeRead(clientFd, [bc.freeBuffer(call.expect('BR_REPLY').buffer)], { readSize: 0 });
    reading = server.writeRead(serverFd, []);
  }
  const { steps } = machine.journal;
  const hash = machine.hash();
  machine.keepJournal(false);
  const history = historyOf(new BinaryJournal(file, 'calls'), { every: 4 });
  assert.is(history.recorded.count, steps.length);
  const hashes: string[] = [];
  while (history.next()) {
    assert.equal(history.step, steps[history.position]);
    assert.equal(history.recorded.at(history.position), steps[history.position]);
    hashes.push(history.hash());
  }
  assert.is(history.hash(), hash);
  for (let position = history.last; position > START; position--) {
    history.goto(position);
    assert.is(history.hash(), hashes[position]);
    assert.equal(history.step, steps[position]);
  }
});

test('positions that do not exist are refused', () => {
  const history = historyOf(journal);
  for (const position of [START - 1, history.last + 1, 1.5, Number.NaN]) {
    assert.throws(
      () => history.goto(position),
      (error: unknown) => error instanceof RangeError,
    );
  }
  assert.is(history.back(), false);
});

test('until stops where something is so', () => {
  const history = historyOf(journal);
  assert.is(
    history.until((step) => step.op === 'wr' && step.parked === true),
    true,
  );
  assert.is(history.step?.parked, true);
  assert.is(
    history.until(() => false),
    false,
  );
  assert.is(history.position, history.last);
});

test.run();
