/** What a replay under another mapping may differ in, and what not. The journal is the emulator's own, under `kmap`. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { type Journal, type JournalHeader, Machine, parseJournal, replay, type Strategy } from '../../host/index.ts';
import { formatJournal } from '../../host/trace/journaltext.ts';
import { MAPPED, messageBytes, PAGE, Pair } from '../mapping/pair.ts';

const wasm = guestModule();
const test = suite('shown');

/** A oneway with a buffer behind it waits, is peeked at, arrives, is peeked at, is freed; between them dumps. */
function scenario(): Journal {
  const { machine, server, client, serverFd, clientFd, ...pair } = new Pair('kmap');
  client.write(pair.room, messageBytes(100, 1));
  client.main.sys.writeRead({
    fd: clientFd,
    arg: 0x1003f000,
    wbuf: 0x10000000,
    poke: oneway(pair.room, 100),
    writeSize: 68,
    writeConsumed: 0,
    rbuf: 0x10020000,
    readSize: 256,
    readConsumed: 0,
  });
  server.main.sys.peek(MAPPED, 100); // under way
  machine.dump('stats');
  const read = server.main.writeRead(serverFd, []);
  assert.ok(read.done);
  server.main.sys.peek(MAPPED, 200); // delivered, and behind it
  server.main.sys.peek(MAPPED + 8 * PAGE, 4); // never used
  server.main.sys.peek(MAPPED - PAGE, 4); // not mapped
  return parseJournal(formatJournal(machine.journal), 'scenario');
}

/** BC_TRANSACTION of a oneway to handle 0. */
function oneway(address: number, length: number): Uint8Array {
  const bytes = new Uint8Array(68);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x40406300, true);
  view.setUint32(4 + 20, 1, true);
  view.setUint32(4 + 32, length, true);
  view.setUint32(4 + 48, address, true);
  return bytes;
}

function differences(journal: Journal, strategy: Strategy, otherMapping: boolean): string[] {
  const boot = (header: JournalHeader) => Machine.fromHeader(header, { wasm, strategy });
  return replay(journal, boot, { otherMapping }).different.map(({ field }) => field);
}

const journal = scenario();

/** The journal with one digit of a peek's bytes changed: peek number `peek`, byte `at`. */
function spoilt(peek: number, at: number): Journal {
  const copy = structuredClone(journal);
  const step = copy.steps.filter(({ op }) => op === 'peek')[peek] as { out: { bytes: string } };
  const { bytes } = step.out;
  step.out.bytes = `${bytes.slice(0, 2 * at)}ee${bytes.slice(2 * at + 2)}`;
  return copy;
}

test('under its own mapping everything counts', () => {
  assert.equal(differences(journal, 'kmap', false), []);
  assert.equal(differences(spoilt(0, 3), 'kmap', false), ['bytes']);
  assert.equal(differences(spoilt(1, 150), 'kmap', false), ['bytes']);
});

test('messages under way, pages that are not installed, and counts of pages may differ', () => {
  for (const strategy of ['two-copy', 'prefault', 'huge', 'remap', 'fault'] as const) {
    assert.equal(differences(journal, strategy, true), [], strategy);
  }
  assert.ok(differences(journal, 'two-copy', false).includes('ret'));
  assert.ok(differences(journal, 'prefault', false).includes('ret'));
  assert.equal(differences(spoilt(0, 3), 'two-copy', true), []);
  assert.equal(differences(spoilt(1, 150), 'two-copy', true), []);
});

test('a message that was delivered counts, byte for byte', () => {
  assert.equal(differences(spoilt(1, 3), 'two-copy', true), ['bytes']);
  assert.equal(differences(spoilt(1, 99), 'remap', true), ['bytes']);
});

test('addresses that are no mapping count', () => {
  const copy = structuredClone(journal);
  const step = copy.steps.filter(({ op }) => op === 'peek')[3] as { out: { signal?: string } };
  assert.is(step.out.signal, 'SIGSEGV');
  step.out.signal = 'SIGBUS';
  assert.equal(differences(copy, 'two-copy', true), ['signal']);
});

test.run();
