/** The stage is what the page tables say, and a journey is what was copied; each strategy has its own picture. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { bc, History, Machine, type Strategy } from '../../host/index.ts';
import { entriesOf, type KnownEntries } from '../../host/picture/entries.ts';
import { eventsOf, Onlooker } from '../../host/picture/onlooker.ts';
import { sentenceOf } from '../../host/picture/sentence.ts';
import { lastPair, type Stage, stageOf } from '../../host/picture/stage.ts';
import { NEVER, Timeline } from '../../host/picture/timeline.ts';
import { RecordedSteps } from '../../host/recordedsteps.ts';
import type { Journal } from '../../host/trace/journal.ts';
import { recording } from '../conformance/recordings.ts';
import { SIZE, scene } from './scene.ts';

const test = suite('stage');

/** The stage after the call of the scene, and the machine. */
function staged(strategy: Strategy) {
  const { history, onlooker } = scene(strategy);
  const { position, machine } = history;
  history.goto(position - 1);
  const before = entriesOf(machine);
  const events = eventsOf(machine.guest, () => history.next());
  const last = { step: history.step, events, before, after: entriesOf(machine), wanted: new Set<number>() };
  const stage = stageOf(machine, lastPair(machine, events), last);
  return { stage, history, sentence: () => sentenceOf(onlooker.now()) };
}

const pagesOf = ({ sender, receiver, kernel }: Stage) =>
  [sender, receiver, kernel].flatMap((space) => space?.pages ?? []);

const sum = (stage: Stage, by: 'sender' | 'receiver') =>
  stage.journeys.filter((journey) => journey.by === by).reduce((bytes, { size }) => bytes + size, 0);

test('a line is an entry of a page table', () => {
  const { stage, history } = staged('vmalloc');
  const { inspect } = history.machine;
  assert.equal([stage.sender?.name, stage.receiver?.name], ['client', 'server']);
  const pages = pagesOf(stage);
  assert.ok(pages.length >= 6);
  for (const { side, pid, address, frame, descriptor, writable } of pages) {
    const walk = inspect.walk(side === 'kernel' ? 'kernel' : { pid }, address);
    assert.is(walk?.linear, frame);
    assert.is(walk?.descriptor, descriptor);
    assert.is(writable, side === 'kernel' || side === 'sender');
    assert.ok(stage.frames.some(({ linear }) => linear === frame));
  }
});

for (const name of ['mmap-fork', 'munmap-partial', 'kill-everything', 'pieces-of-a-mapping']) {
  test(`${name}: entries that are not read anew are those of the page tables`, () => {
    const journal = recording(name);
    for (const strategy of ['kmap', 'vmalloc', 'remap', 'huge'] as const) {
      const { machine, ...history } = walked(journal, strategy);
      const known: KnownEntries = new WeakMap();
      for (let hop = 0; hop < 80; hop++) {
        history.goto((hop * (hop < 40 ? 1 : 7919)) % journal.steps.length);
        assert.equal(entriesOf(machine, known), entriesOf(machine), `${strategy}, hop ${hop}`);
      }
    }
  });
}

function walked(journal: Journal, strategy: Strategy) {
  const boot = { wasm: guestModule(), memoryMiB: 16, strategy, journal: false } as const;
  const history = new History(journal, (header) => Machine.fromHeader(header, boot));
  return { machine: history.machine, goto: (position: number) => history.goto(position) };
}

test('a message fills its data, without the padding of its buffer', () => {
  const { machine, goto } = walked(recording('nested-callback'), 'kmap');
  goto(42);
  const after = entriesOf(machine);
  const last = { step: null, events: [], before: after, after, wanted: new Set<number>() };
  const messages = stageOf(machine, lastPair(machine), last).frames.flatMap((frame) => frame.messages);
  assert.equal(
    messages.map(({ from, to }) => [from, to]),
    [[0, 3]],
  );
});

test('under vmalloc and kmap a byte travels once, to a frame that the receiver reaches', () => {
  for (const strategy of ['vmalloc', 'kmap'] as const) {
    const { stage, sentence } = staged(strategy);
    assert.is(sum(stage, 'sender'), SIZE);
    assert.is(sum(stage, 'receiver'), 0);
    assert.is(stage.copied, SIZE);
    for (const { to } of stage.journeys) {
      const frame = stage.frames.find(({ linear }) => linear === to.frame);
      assert.equal(new Set(frame?.sides), new Set(['receiver', 'kernel']));
    }
    assert.equal(new Set(stage.kernel.pages.map(({ area }) => area)), new Set([strategy]));
    assert.match(
      sentence(),
      `client.0 calls server: the driver copies ${SIZE.toLocaleString('en')} bytes once, to 2 frames that are in server’s`,
    );
  }
});

test('under two-copy it stops in a frame that no process reaches', () => {
  const { stage, sentence } = staged('two-copy');
  assert.equal([sum(stage, 'sender'), sum(stage, 'receiver')], [SIZE, SIZE]);
  const [first] = stage.journeys;
  const second = stage.journeys.find(({ by }) => by === 'receiver');
  assert.is(second?.from?.frame, first?.to.frame);
  const stop = stage.frames.find(({ linear }) => linear === first?.to.frame);
  assert.equal(stop?.sides, ['kernel']);
  assert.match(sentence(), `${SIZE.toLocaleString('en')} bytes are copied to the kernel, and once more to server`);
});

test('under remap an entry is made instead: both reach one frame', () => {
  const { stage, sentence } = staged('remap');
  const lent = stage.frames.filter(({ sides }) => sides.includes('sender') && sides.includes('receiver'));
  assert.is(lent.length, 1, 'one of the pages is whole');
  assert.ok(stage.receiver?.pages.some(({ frame, isNew }) => isNew && frame === lent[0]?.linear));
  assert.ok(sum(stage, 'sender') < SIZE);
  assert.match(sentence(), 'client.0 calls server');
});

test('an arrow leads from the sender of a message, also when it waited in a queue', () => {
  const machine = Machine.boot({ wasm: guestModule(), memoryMiB: 16, journal: true });
  const joined = (name: string) => {
    const { main } = machine.spawn(name);
    const fd = main.open();
    main.mmap(fd);
    main.writeRead(fd, []); // returns at once, as every first read does
    return { main, fd };
  };
  const server = joined('server');
  server.main.becomeContextManager(server.fd);
  const [one, other] = [joined('one'), joined('other')];
  const send = ({ main, fd }: typeof one, data: string, handle = 0) =>
    main.writeRead(fd, [bc.transaction({ handle, data })]);
  send(other, 'nobody has this handle', 9).expect('BR_FAILED_REPLY');
  send(one, 'four');
  send(other, 'eighteen');
  const first = server.main.writeRead(server.fd, []).expect('BR_TRANSACTION');
  server.main.writeRead(server.fd, [bc.freeBuffer(first.buffer), bc.reply({ data: 'same' })]);
  const second = server.main.writeRead(server.fd, []).expect('BR_TRANSACTION');
  server.main.writeRead(server.fd, [bc.freeBuffer(second.buffer), bc.reply({ data: 'same' })]);
  const { journal } = machine;
  const timeline = new Timeline(new RecordedSteps(journal), journal.header);
  const arrows = timeline.arrows(0, timeline.count).map(({ from, to, kind }) => {
    return `${kind}: ${timeline.rows[from.row]} to ${timeline.rows[to.row]}`;
  });
  assert.equal(arrows, [
    'call: one.0 to server.0',
    'reply: server.0 to one.0',
    'call: other.0 to server.0',
    'reply: server.0 to other.0',
  ]);
});

test('the timeline has every step, and what slept until when', () => {
  const { history } = scene('kmap');
  const timeline = new Timeline(history.recorded, history.header);
  assert.equal(timeline.rows, ['server.0', 'client.0']);
  const call = history.position;
  assert.is(timeline.row[call], timeline.rowOf('client.0'));
  const [wake] = timeline.wakes(call);
  assert.is(wake?.row, timeline.rowOf('server.0'));
  assert.is(timeline.end[wake?.call as number], call);
  assert.is(timeline.sleepOf(timeline.rowOf('client.0'), call), call);
  const kinds = timeline.arrows(0, timeline.count).map(({ kind }) => kind);
  assert.equal(kinds, ['call', 'reply']);
  for (let position = 0; position < timeline.count; position++) {
    const { parked, by } = history.recorded.at(position);
    assert.is(timeline.rows[timeline.row[position] as number], by);
    if (!parked) assert.is(timeline.end[position], position);
    else assert.ok(timeline.end[position] === NEVER || (timeline.end[position] as number) > position);
  }
});

test('a call of a process that is killed ends there', () => {
  const machine = Machine.boot({ wasm: guestModule(), memoryMiB: 16, journal: true });
  const victim = machine.spawn('victim').main;
  const fd = victim.open();
  victim.version(fd);
  victim.mmap(fd);
  const asleep = machine.nextStep;
  assert.ok(victim.writeRead(fd, [bc.enterLooper()]).parked);
  machine.process('victim').kill();
  const timeline = new Timeline(new RecordedSteps(machine.journal), machine.journal.header);
  assert.is(timeline.end[asleep], asleep + 1);
});

test('a call that finds no space is refused, and says so', () => {
  const machine = Machine.boot({ wasm: guestModule(), memoryMiB: 16, journal: true });
  const server = machine.spawn('server').main;
  const fd = server.open();
  server.mmap(fd, 4096);
  server.becomeContextManager(fd);
  const client = machine.spawn('client').main;
  client.version(client.open());
  client.mmap(fd);
  client.writeRead(fd, [bc.transaction({ handle: 0, code: 1, data: new Uint8Array(8192) })]);
  const history = new History(machine.journal, (header) =>
    Machine.fromHeader(header, { wasm: guestModule(), memoryMiB: 16, journal: false }),
  );
  history.goto(history.last);
  const sentence = sentenceOf(new Onlooker(history).now());
  assert.is(
    sentence,
    'client.0 calls server, and the driver refuses it. client.0 gets BR_FAILED_REPLY instead of a reply.',
  );
});

test('every step of the scene has a sentence', () => {
  const { history, onlooker } = scene('kmap');
  for (let position = -1; position <= history.last; position++) {
    history.goto(position);
    assert.match(sentenceOf(onlooker.now()), /^[\w.]+ .*[.]$/);
  }
});

test.run();
