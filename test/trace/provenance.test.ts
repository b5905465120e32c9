/**
 * What a replay may differ in when pages are mapped in another way, and what not: bytes and pages of messages that were
 * not delivered, and nothing else. The journal is the emulator's own, under `kmap`, with a digit changed here and there.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import {
  ByteOrigins,
  bc,
  formatJournal,
  type Journal,
  type JournalHeader,
  Machine,
  parseJournal,
  replay,
  STRATEGIES,
  type Step,
  type StepInput,
  type Strategy,
} from '../../host/index.ts';
import { MAPPED, messageBytes, PAGE, Pair } from '../mapping/pair.ts';

const wasm = guestModule();
const MIB = 1024 * 1024;
const OTHERS = STRATEGIES.filter((strategy) => strategy !== 'kmap' && strategy !== 'vmalloc');
const test = suite('provenance');

/** Where the server looks in the course of the scenario. */
const LOOKS = [
  'on its way',
  'held',
  'never used',
  'not mapped',
  'freed',
  'given up',
  'short',
  'buffers',
  'cleared',
] as const;
type Look = (typeof LOOKS)[number];

/** What happens to messages, each at the start of the server's mapping, and what the server sees there. */
function scenario(): Journal {
  const pair = new Pair('kmap');
  const { machine, server, client, clientFd } = pair;
  const looks: Look[] = [];
  const look = (name: Look, at: number, length: number) => {
    looks.push(name);
    server.main.sys.peek(at, length);
  };
  const deliver = (command: ReturnType<typeof bc.transaction>) => {
    client.main.writeRead(clientFd, [command]);
    return pair.receive();
  };

  pair.send(pair.place(messageBytes(100, 1)));
  look('on its way', MAPPED, 200);
  machine.dump('stats');
  const message = pair.receive();
  look('held', MAPPED, 200);
  look('never used', MAPPED + 8 * PAGE, 4);
  look('not mapped', MAPPED - PAGE, 4);
  pair.free(message);
  look('freed', MAPPED, 200);

  // No object is at 40: the 40 bytes before it and the offset, behind 64 bytes of data, are in place by then.
  const data = pair.place(messageBytes(64, 2));
  client.main.writeRead(clientFd, [bc.transaction({ handle: 0, flags: 1, data, offsets: [40] })], { mayFail: true });
  look('given up', MAPPED, 200);
  pair.send(pair.place(Uint8Array.of(255, 254, 253, 252, 251)));
  const short = pair.receive();
  look('short', MAPPED, 50);
  pair.free(short);

  const buffers = [3, 20].map((length, seed) => pair.place(messageBytes(length, 3 + seed), 100 * seed));
  const objects = buffers.map((placed) => ({ type: 'ptr' as const, data: placed }));
  const scattered = deliver(bc.transactionSg({ handle: 0, flags: 1, objects }));
  look('buffers', MAPPED, 200);
  pair.free(scattered);

  const secret = pair.place(messageBytes(150, 5));
  pair.free(deliver(bc.transaction({ handle: 0, flags: 0x21, data: secret })));
  look('cleared', MAPPED, 200);

  assert.equal(looks, LOOKS);
  const journal = parseJournal(formatJournal(machine.journal), 'scenario');
  machine.end();
  return journal;
}

const journal = scenario();

function peekOf(steps: readonly Step[], look: Look) {
  const peeks = steps.filter((step) => step.op === 'peek' && Number(step.in.addr) >= MAPPED - PAGE);
  return peeks[LOOKS.indexOf(look)] as { out: { ret: number; bytes: string; signal?: string; si_code?: number } };
}

/** The journal with another answer to one of the looks. */
function edited(look: Look, edit: (out: ReturnType<typeof peekOf>['out']) => void): Journal {
  const copy = structuredClone(journal);
  edit(peekOf(copy.steps, look).out);
  return copy;
}

/** The journal with one byte changed. */
function spoilt(look: Look, at: number): Journal {
  return edited(look, (out) => {
    assert.ok(out.bytes.length > 2 * at, `${look} has a byte ${at}`);
    out.bytes = `${out.bytes.slice(0, 2 * at)}ee${out.bytes.slice(2 * at + 2)}`;
  });
}

const origins = (header: JournalHeader) => new ByteOrigins(header, { wasm });

/** Fields that differ when the journal runs under a strategy. */
function differences(recorded: Journal, strategy: Strategy, options: { exact?: boolean } = {}): string[] {
  const boot = (header: JournalHeader) => Machine.fromHeader(header, { wasm, strategy });
  return replay(recorded, boot, options.exact ? {} : { origins }).different.map(({ field }) => field);
}

test('under the mapping that was recorded everything counts', () => {
  for (const strategy of ['kmap', 'vmalloc'] as const) {
    assert.equal(differences(journal, strategy, { exact: true }), []);
    assert.equal(differences(spoilt('on its way', 3), strategy, { exact: true }), ['bytes']);
    assert.equal(differences(spoilt('given up', 3), strategy, { exact: true }), ['bytes']);
  }
});

test('under another one it is the same, but not to the letter', () => {
  for (const strategy of OTHERS) assert.equal(differences(journal, strategy), [], strategy);
  assert.ok(differences(journal, 'two-copy', { exact: true }).includes('ret'), 'a page comes late');
  assert.ok(differences(journal, 'two-copy', { exact: true }).includes('bytes'), 'nothing of what was given up');
  assert.ok(differences(journal, 'prefault', { exact: true }).includes('ret'), 'a page is there always');
});

const COMPARED: readonly (readonly [Look, number, string])[] = [
  ['held', 3, 'a message'],
  ['held', 150, 'a page that is there, where no message ever was'],
  ['freed', 3, 'what a delivered message left'],
  ['freed', 150, 'what no message ever touched'],
  ['given up', 50, 'what a delivered message left, inside of one that was given up'],
  ['given up', 80, 'what a delivered message left, behind one that was given up'],
  ['short', 2, 'a message over one that was given up'],
  ['short', 45, 'what a delivered message left, behind that'],
  ['buffers', 60, 'objects'],
  ['buffers', 81, 'offsets'],
  ['buffers', 98, 'a buffer that came along'],
  ['buffers', 104, 'the next one'],
  ['cleared', 3, 'a message that was cleared'],
  ['cleared', 160, 'what no message ever touched'],
];

for (const [look, at, what] of COMPARED) {
  test(`counts: ${look}, byte ${at}: ${what}`, () => {
    for (const strategy of OTHERS) {
      const found = differences(spoilt(look, at), strategy);
      assert.equal(found, ['bytes'], strategy);
    }
  });
}

const EXCUSED: readonly (readonly [Look, number, string])[] = [
  ['on its way', 3, 'a message that has not arrived'],
  ['given up', 3, 'data of a message that will never arrive'],
  ['given up', 66, 'its offsets'],
  ['short', 6, 'padding'],
  ['buffers', 101, 'padding between buffers'],
  ['short', 30, 'what it left behind a shorter message'],
];

for (const [look, at, what] of EXCUSED) {
  test(`does not count: ${look}, byte ${at}: ${what}`, () => {
    for (const strategy of OTHERS) assert.equal(differences(spoilt(look, at), strategy), [], strategy);
  });
}

test('a page that is there too early does not count, but its bytes do where both have them', () => {
  const withPage = (bytes: string) =>
    edited('never used', (out) => {
      out.ret = 4;
      out.bytes = bytes;
      delete out.signal;
      delete out.si_code;
    });
  assert.is(peekOf(journal.steps, 'never used').out.signal, 'SIGBUS');
  for (const strategy of OTHERS) {
    assert.equal(differences(withPage('00000000'), strategy), [], strategy);
    const isThere = strategy === 'prefault' || strategy === 'huge';
    assert.equal(differences(withPage('000000ee'), strategy), isThere ? ['bytes'] : [], strategy);
  }
});

test('a page that a delivered message was on has to be there, on both sides', () => {
  const missing = { ret: 0, bytes: '', signal: 'SIGBUS', si_code: 2 } as const;
  for (const look of ['held', 'freed', 'given up', 'cleared'] as const) {
    const recorded = edited(look, (out) => Object.assign(out, missing));
    assert.equal(differences(recorded, 'fault'), ['ret'], look);

    const boot = (header: JournalHeader) => {
      const machine = Machine.fromHeader(header, { wasm, strategy: 'fault' });
      const answers = new Map(journal.steps.map((step, index) => [index, step]));
      const perform = (input: StepInput) => {
        const step = machine.perform(input);
        return answers.get(step.i) === peekOf(journal.steps, look) ? ({ ...step, out: missing } as Step) : step;
      };
      return { perform };
    };
    const { different } = replay(journal, boot, { origins });
    assert.equal(
      different.map(({ field }) => field),
      ['ret'],
      look,
    );
  }
});

test('addresses that are no mapping count', () => {
  const recorded = edited('not mapped', (out) => {
    assert.is(out.signal, 'SIGSEGV');
    out.signal = 'SIGBUS';
  });
  for (const strategy of OTHERS) assert.equal(differences(recorded, strategy), ['signal'], strategy);
});

test('lines of dumps count, unless they count pages', () => {
  const withStats = (from: RegExp, to: string) => {
    const copy = structuredClone(journal);
    const step = copy.steps.find(({ op }) => op === 'dump') as { out: { text: string } };
    assert.match(step.out.text, from);
    step.out.text = step.out.text.replace(from, to);
    return copy;
  };
  assert.equal(differences(withStats(/ pages: \d+:\d+:\d+/, ' pages: 9:9:9'), 'remap'), []);
  assert.equal(differences(withStats(/pages high watermark: \d+/, 'pages high watermark: 9'), 'remap'), []);
  assert.equal(differences(withStats(/free async space \d+/, 'free async space 1'), 'remap'), ['text']);
});

test('a mapping with a strategy of its own counts as the others do', () => {
  const machine = Machine.boot({ wasm, journal: true });
  const server = machine.spawn('server').main;
  const serverFd = server.open();
  server.mmap(serverFd, 16 * PAGE, MAPPED, { strategy: 'two-copy' });
  server.becomeContextManager(serverFd);
  const client = machine.spawn('client').main;
  const clientFd = client.open();
  client.mmap(clientFd);
  client.writeRead(clientFd, [bc.transaction({ handle: 0, flags: 1, data: messageBytes(100, 1) })]);
  server.writeRead(serverFd, [bc.enterLooper()]);
  server.sys.peek(MAPPED, 100);
  const recorded = parseJournal(formatJournal(machine.journal), 'mixed');
  assert.equal(differences(recorded, 'fault'), []);
  const step = recorded.steps.find(({ op }) => op === 'peek') as { out: { bytes: string } };
  assert.is(step.out.bytes.length, 200);
  step.out.bytes = `ee${step.out.bytes.slice(2)}`;
  assert.equal(differences(recorded, 'fault'), ['bytes']);
});

test('a step with more events than can be known is no step that is equal', () => {
  const pair = new Pair('kmap', { length: 4 * MIB, memoryMiB: 32 });
  const { client } = pair;
  const length = 4 * MIB;
  const address = client.alloc(length, PAGE);
  client.main.sys.fill(address, length, 1);
  client.main.writeRead(pair.clientFd, [bc.transaction({ handle: 0, data: { address, length } })]);
  const { different, steps, equal } = replay(
    pair.machine.journal,
    (header) => Machine.fromHeader(header, { wasm, strategy: 'two-copy' }),
    { origins },
  );
  assert.is(different.length, 1);
  assert.is(different[0]?.field, 'error');
  assert.match(`${different[0]?.actual}`, /the ring holds 2048/);
  assert.ok(equal < steps);
});

test.run();
