/** Who changed something: the same step that comparing after every step finds, and in it the thread and the command. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { History, type StepChange } from '../../host/history.ts';
import { type Reading, type Watched, watched } from '../../host/inspect/watched.ts';
import { Machine } from '../../host/machine.ts';
import { Random } from '../../host/sim/random.ts';
import type { Journal, JournalHeader } from '../../host/trace/journal.ts';
import { bc } from '../../host/wire/commands.ts';
import { BinderlabError } from '../../host/wire/error.ts';
import { ALL_SETS, recording, sampleNames, tries } from '../conformance/recordings.ts';

const wasm = guestModule();
const boot = (header: JournalHeader) => Machine.fromHeader(header, { wasm, memoryMiB: 16, journal: false });
const QUESTIONS = tries(1000, 250);
const USER_END = 2 ** 39;

const test = suite('who wrote that');

/** Things of a machine at this moment, one of each kind that there is. */
function thingsOf({ inspect, guest }: Machine, random: Random): Watched[] {
  const pick = <T>(from: readonly T[], make: (one: T) => Watched): Watched[] =>
    from.length === 0 ? [] : [make(from[random.below(from.length)] as T)];
  const objects = inspect.rawObjects();
  const procs = inspect.procs();
  return [
    ...pick(inspect.processes(), (process) => {
      const [leaf] = pick(inspect.leaves(process, 0, USER_END), ({ address }) =>
        watched.user(process, Number(address) + random.below(4090), 1 + random.below(12)),
      );
      return leaf ?? watched.user(process, 0x10000000 + random.below(0x4000));
    }),
    ...pick(inspect.processes(), (process) => watched.descriptor(process, 0x10000000 + random.below(0x10000))),
    watched.linear(random.below(guest.raw.memoryTouched())),
    ...pick(objects, ({ address }) => watched.linear(address + random.below(64))),
    ...pick(objects, ({ type, address }) => watched.object(type, address)),
    ...pick(objects, ({ type, address, fields }) => {
      const names = Object.keys(fields);
      return watched.object(type, address, names[random.below(names.length)]);
    }),
    ...pick(
      procs.flatMap(({ nodes }) => nodes),
      ({ id }) => watched.node(id),
    ),
    ...pick(inspect.deadNodes(), ({ id }) => watched.node(id, 'tmpRefs')),
    ...pick(
      procs.flatMap(({ refs }) => refs),
      ({ pid, desc }) => watched.ref({ pid }, desc, 'strong'),
    ),
    ...pick(
      procs.flatMap((proc) => inspect.buffers(proc)),
      (buffer) => watched.buffer(buffer.free ? 0 : buffer.id),
    ),
    ...pick(
      procs.flatMap(({ loopers }) => loopers),
      ({ tid }) => watched.thread({ tid }, 'state'),
    ),
    ...pick(procs, ({ pid }) => watched.proc({ pid })),
    ...pick(
      procs.flatMap(({ loopers }) => loopers).flatMap(({ stack }) => stack),
      ({ transaction }) => watched.transaction(transaction.id),
    ),
  ];
}

/** Some things of each of three moments. */
function questionsAbout(journal: Journal, random: Random): Watched[] {
  const machine = boot(journal.header);
  const moments = new Set([0, 1, 2].map(() => random.below(journal.steps.length)));
  const things: Watched[] = [];
  for (const [position, step] of journal.steps.entries()) {
    machine.perform(step);
    if (moments.has(position)) things.push(...thingsOf(machine, random));
  }
  return [...new Map(things.map((thing) => [random.below(2 ** 30), thing])).entries()]
    .sort(([one], [other]) => one - other)
    .map(([, thing]) => thing)
    .slice(0, 8);
}

/** What each thing is at the start, and after every step. */
function readingsOf(journal: Journal, things: readonly Watched[]): Reading[][] {
  const machine = boot(journal.header);
  const look = () => things.map(({ read }) => read(machine.inspect));
  return [
    look(),
    ...journal.steps.map((step) => {
      machine.perform(step);
      return look();
    }),
  ];
}

function isSame(one: Reading | undefined, other: Reading | undefined): boolean {
  const text = (reading: Reading | undefined) =>
    JSON.stringify(reading, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
  return text(one) === text(other);
}

/** The last change among readings up to a position, or the first one after it. */
function changeAmong(readings: readonly Reading[], position: number, direction: -1 | 1): number | null {
  for (let at = direction < 0 ? position : position + 1; at >= 0 && at < readings.length - 1; at += direction) {
    if (!isSame(readings[at], readings[at + 1])) return at;
  }
  return null;
}

test(`${QUESTIONS} things at random: the step that brute force finds, before and after any position`, () => {
  const random = new Random(20);
  let asked = 0;
  let changed = 0;
  const names = ALL_SETS.flatMap((set) => sampleNames(set).map((name) => [set, name] as const));
  for (let index = random.below(names.length); asked < QUESTIONS; index += 7) {
    const [set, name] = names[index % names.length] as (typeof names)[number];
    const journal = recording(name, set);
    const things = questionsAbout(journal, random);
    const readings = readingsOf(journal, things);
    const history = new History(journal, boot, { every: 1 + random.below(12) });
    for (const [number, thing] of things.entries()) {
      const own = readings.map((all) => all[number] as Reading);
      const position = random.below(journal.steps.length + 1) - 1;
      history.goto(position);
      const [last, next] = [changeAmong(own, position, -1), changeAmong(own, position, 1)];
      const where = `${name}, ${thing.name}, at ${position}`;
      for (const [found, expected] of [
        [history.whoWrote(thing), last],
        [history.nextChange(thing), next],
      ] as [StepChange | null, number | null][]) {
        assert.is(found?.position ?? null, expected, where);
        assert.is(history.position, position);
        if (found === null) continue;
        assert.ok(!isSame(found.before, found.after), where);
        assert.ok(isSame(found.after, own[found.position + 1]), where);
        assert.is(found.step.i, journal.steps[found.position]?.i);
        changed++;
      }
      asked++;
    }
  }
  assert.ok(changed > QUESTIONS / 2, `${changed} changes`);
});

test('the history of a thing: every change up to here that brute force finds, and no later one', () => {
  const random = new Random(21);
  for (const name of ['nested-callback', 'oneway', 'death-notification'].filter((one) =>
    sampleNames('hand').includes(one),
  )) {
    const journal = recording(name);
    const things = questionsAbout(journal, random);
    const readings = readingsOf(journal, things);
    const history = new History(journal, boot);
    const position = journal.steps.length - 3;
    history.goto(position);
    for (const [number, thing] of things.entries()) {
      const own = readings.map((all) => all[number] as Reading);
      const expected = Array.from({ length: position + 1 }, (_, at) => at).filter(
        (at) => !isSame(own[at], own[at + 1]),
      );
      const found = history.changes(thing).map((change) => change.position);
      assert.equal(found, expected.slice(-100), `${name}, ${thing.name}`);
      assert.equal(history.changes(thing, 2).length, Math.min(2, expected.length));
      assert.is(history.position, position);
    }
  }
});

test('asking leaves the machine and the position as they were', () => {
  const journal = recording('nested-callback');
  const history = new History(journal, boot, { every: 4 });
  history.goto(20);
  const [hash, step] = [history.hash(), history.step];
  const thing = watched.proc(history.machine.process(journal.header.procs[0]?.name ?? ''));
  assert.ok(history.whoWrote(thing));
  assert.ok(history.nextChange(thing));
  assert.is(history.hash(), hash);
  assert.equal(history.step, step);
  history.next();
  assert.is(history.position, 21);
});

/** A call and its answer, then the client is killed. */
function called(): { history: History; server: { pid: number }; client: { pid: number }; tid: number } {
  const machine = Machine.boot({ wasm, journal: true, memoryMiB: 8 });
  const server = machine.spawn('server');
  const client = machine.spawn('client');
  const [serverFd, clientFd] = [server.main.open(), client.main.open()];
  server.main.mmap(serverFd);
  client.main.mmap(clientFd);
  server.main.becomeContextManager(serverFd);
  const reading = server.main.writeRead(serverFd, [bc.enterLooper()]);
  client.main.version(clientFd);
  client.main.writeRead(clientFd, [bc.increfs(0), bc.acquire(0), bc.transaction({ handle: 0, data: 'question' })]);
  const { buffer } = reading.expect('BR_TRANSACTION');
  server.main.writeRead(serverFd, [bc.freeBuffer(buffer), bc.reply({ data: 'answer' })]);
  client.kill();
  const history = new History(machine.journal, (header) => boot(header));
  history.goto(history.last);
  return { history, server, client, tid: client.main.tid };
}

test('in the step: the thread and the command', () => {
  const { history, server, client, tid } = called();
  const told = (thing: Watched) => {
    const change = history.whoWrote(thing);
    return change && [change.step.op, change.by, ...change.words];
  };
  assert.is(told(watched.buffer(99)), null);
  history.goto(history.last - 2);
  const call = history.machine.inspect.procs().flatMap(({ loopers }) => loopers.flatMap(({ stack }) => stack))[0]
    ?.transaction as {
    id: number;
  };
  const delivered = history.whoWrote(watched.buffer(call.id));
  assert.equal([delivered?.by, delivered?.words], ['server.0', ['BR_TRANSACTION']]);
  assert.equal([delivered?.before?.allowUserFree, delivered?.after?.allowUserFree], [false, true]);
  history.goto(history.last - 1);
  assert.equal(told(watched.user(server, 0x70000000)), ['wr', 'client.0', 'BC_TRANSACTION']);
  assert.equal(told(watched.ref(client, 0, 'weak')), ['wr', 'client.0', 'BC_INCREFS']);
  assert.equal(told(watched.ref(client, 0, 'strong')), ['wr', 'client.0', 'BC_ACQUIRE']);
  assert.equal(told(watched.node(1, 'localStrongRefs')), ['wr', 'server.0', 'BC_FREE_BUFFER']);
  assert.equal(told(watched.thread({ tid }, 'stack')), ['wr', 'server.0', 'BC_REPLY']);
  assert.equal(told(watched.thread({ tid }, 'waiter')), ['wr', 'client.0', 'BR_TRANSACTION_COMPLETE', 'BR_REPLY']);
  assert.equal(told(watched.transaction(call.id)), ['wr', 'server.0', 'BC_REPLY']);
  assert.equal(told(watched.buffer(call.id)), ['wr', 'server.0', 'BC_FREE_BUFFER']);
  assert.equal(told(watched.node(1, 'debugId')), ['ioctl', 'server.0']);
  const sent = history.recorded.at(history.last - 2);
  assert.is(sent.op, 'wr');
  const { arg, wbuf } = sent.in as { arg: string; wbuf: string };
  for (const address of [arg, wbuf]) assert.equal(told(watched.user(client, Number(address), 1)), ['wr', 'client.0']);
  history.goto(history.last);
  const killed = history.whoWrote(watched.proc(client, 'pid'));
  assert.equal([killed?.step.op, killed?.by, killed?.words], ['kill', null, []]);
  assert.equal([killed?.before, killed?.after], [{ pid: client.pid }, null]);
});

test('what cannot be asked about is told', () => {
  const process = { pid: 1000 };
  assert.throws(() => watched.node(1, 'colour'), /Node has no field "colour"; it has next, prev/);
  assert.throws(() => watched.object('River' as never, 0x10000), /no class "River"/);
  assert.throws(() => watched.user(process, -1), /-1 is no address/);
  assert.throws(() => watched.user(process, 0x10000000, 5000), /1 to 4096/);
  assert.throws(
    () => watched.linear(Number.NaN),
    (error: unknown) => error instanceof BinderlabError,
  );
});

test('what is no number, process or thread is told', () => {
  const told = (ask: () => unknown, text: string) =>
    assert.throws(ask, (error: unknown) => error instanceof BinderlabError && error.message.includes(text));
  told(() => watched.node('1' as never), 'the id of a node is "1"; it is to be a whole number');
  told(() => watched.buffer(-1), 'the id of a buffer is -1');
  told(() => watched.transaction(1.5), 'the id of a transaction is 1.5');
  for (const make of [watched.user, watched.descriptor, watched.proc, watched.ref] as ((none: never) => unknown)[]) {
    told(() => make(undefined as never), 'the pid of a process is missing');
  }
  told(() => watched.ref({ pid: 1000 }, undefined as never), 'a handle is missing');
  told(() => watched.thread({ pid: 1000 } as never), 'the tid of a thread is missing');
  const { history } = called();
  for (const ask of ['whoWrote', 'nextChange', 'changes'] as const) {
    told(() => history[ask]('node 1' as never), 'what is asked about is "node 1"; it is to be what "watched" makes');
  }
  assert.equal(history.changes(watched.node(1), 0), []);
});

test('anything that can be read may be asked about', () => {
  const { history } = called();
  const frames: Watched = { name: 'free frames', read: (inspect) => ({ free: inspect.frames().free ?? 0 }) };
  assert.is(history.whoWrote(frames)?.step.op, 'kill');
});

test.run();
