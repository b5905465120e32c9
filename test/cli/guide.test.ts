/** The guided first call: what it says is so, in words and as JSON. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WRITE_READ_SIZE } from '../../assembly/abi/wire.ts';
import type { CallFacts, Effect } from '../../host/cli/guide/facts.ts';
import type { Chapter, Story } from '../../host/cli/guide/story.ts';
import { Folder } from './binderlab.ts';

const test = suite('guide');
const folder = new Folder();
test.after(() => folder.remove());

interface Facts {
  strategy: string;
  chapters: Chapter[];
  compared: Omit<Story, 'chapters'>[];
}

function facts(...flags: string[]): Facts {
  const { code, stdout, stderr } = folder.run(['guide', '--json', ...flags]);
  assert.is(code, 0, stderr);
  assert.is(stderr, '');
  return JSON.parse(stdout) as Facts;
}

const told = facts();

function sideOf(strategy: string): Facts['compared'][number] {
  const side = told.compared.find((one) => one.strategy === strategy);
  if (side === undefined) throw new Error(`nothing is told of ${strategy}`);
  return side;
}

function callsOf({ chapters }: Facts, ...names: Chapter['name'][]): CallFacts[] {
  return chapters.filter(({ name }) => names.includes(name)).flatMap(({ calls }) => calls);
}

function effectsOf<K extends Effect['kind']>(calls: CallFacts[], kind: K): Extract<Effect, { kind: K }>[] {
  return calls.flatMap(({ effects }) => effects).filter((effect) => effect.kind === kind) as never;
}

/** 64 bits of a page-table entry: the physical address of its frame. */
const frameOf = (entry: string) => `0x${(BigInt(entry) & 0xfffffffff000n).toString(16)}`;

test('under vmalloc kernel and receiver reach the same page by addresses of their own', () => {
  const { kernel, receiver, sender, copiedTo, sameFrame, size } = sideOf('vmalloc').message;
  assert.ok(kernel);
  assert.ok(sameFrame);
  assert.is.not(kernel.address, receiver.address);
  assert.is(kernel.frame, receiver.frame);
  assert.is(kernel.physical, copiedTo);
  assert.is(receiver.physical, copiedTo);
  assert.is(frameOf(kernel.entry), kernel.frame);
  assert.is(frameOf(receiver.entry), receiver.frame);
  assert.ok(BigInt(kernel.address) >= 0xffffffc008000000n, 'an address of the vmalloc area');
  assert.is(kernel.bytes, receiver.bytes);
  assert.is(kernel.bytes, sender.bytes);
  assert.is(kernel.bytes.length, 2 * size);
  assert.equal([kernel.writable, kernel.user], [true, false]);
  assert.equal([receiver.writable, receiver.user], [false, true]);
});

test('the bytes are those of the message, and the sender keeps its own', () => {
  for (const { message } of told.compared) {
    assert.is(Buffer.from(message.receiver.bytes, 'hex').toString(), message.text);
    assert.is(message.sender.bytes, message.receiver.bytes);
    assert.is.not(message.sender.frame, message.receiver.frame);
  }
});

test('under kmap there is no twin', () => {
  const { message, counters } = sideOf('kmap');
  assert.is(message.kernel, null);
  assert.is(message.sameFrame, false);
  assert.is(message.copiedTo, message.receiver.physical);
  assert.is(counters.calls.kernelBytesReserved, 0);
  assert.is(counters.calls.pteWrites.kernel, 0);
  assert.ok(counters.calls.kmaps > 0);
});

test('the twin costs kernel addresses and page-table writes, and no kmap', () => {
  const { counters } = sideOf('vmalloc');
  assert.is(counters.open.kernelBytesReserved, 3 * (1040384 + 4096));
  assert.is(
    counters.calls.pteWrites.kernel,
    effectsOf(callsOf(facts('--strategy', 'vmalloc'), 'register', 'get', 'use'), 'install').length,
  );
  assert.is(counters.calls.kmaps, 0);
});

test('what is copied is what the counters say', () => {
  const calls = callsOf(told, 'register', 'get', 'use');
  const { counters, message } = sideOf('kmap');
  const copies = effectsOf(calls, 'copy');
  const sum = (list: { size: number }[]) => list.reduce((total, { size }) => total + size, 0);
  assert.is(counters.calls.copies, copies.length);
  assert.is(counters.calls.bytesCopied, sum(copies));
  assert.is(counters.onceMore.copies, 2);
  assert.is(counters.onceMore.bytesCopied, 2 * message.size);
  assert.equal(
    effectsOf(callsOf(told, 'use'), 'copy').map(({ size, from, to }) => [size, from?.process, to.process]),
    [
      [message.size, 'client', 'service'],
      [message.size, 'service', 'client'],
    ],
  );
});

test('what passed through copy_from_user and copy_to_user is what the counters say', () => {
  const calls = callsOf(told, 'open', 'register', 'get', 'use');
  const returned = calls.flatMap((call) => call.returned);
  const taken = calls.reduce((total, { copiedFromUser }) => total + (copiedFromUser ?? 0), 0);
  const given = returned.reduce((total, { copiedToUser }) => total + copiedToUser, 0);
  // a call is counted when it is over: of those who still sleep the structure alone was taken
  const sleeping = calls.filter(({ copiedFromUser }) => copiedFromUser !== null).length - returned.length;
  assert.is(sleeping, 2);
  const { counters } = sideOf('kmap');
  const over = taken - WRITE_READ_SIZE * sleeping;
  assert.is(over + given, counters.open.commandBytes + counters.calls.commandBytes);
});

test('the protocol is told by the names of its words', () => {
  const wordsOf = (calls: CallFacts[]) =>
    calls
      .flatMap(({ words, returned }) => [...words, ...returned.flatMap((one) => one.words)])
      .map((word) => word.split(' ')[0]);
  const words = new Set(wordsOf(callsOf(told, 'open', 'register', 'get', 'use')));
  for (const word of [
    'BC_ENTER_LOOPER',
    'BC_TRANSACTION',
    'BC_REPLY',
    'BC_FREE_BUFFER',
    'BC_ACQUIRE',
    'BC_INCREFS_DONE',
    'BC_ACQUIRE_DONE',
    'BR_NOOP',
    'BR_TRANSACTION',
    'BR_REPLY',
    'BR_TRANSACTION_COMPLETE',
    'BR_INCREFS',
    'BR_ACQUIRE',
  ])
    assert.ok(words.has(word), word);
});

test('pages are installed once, and objects translated for each receiver', () => {
  const calls = callsOf(told, 'open', 'register', 'get', 'use');
  const installed = effectsOf(calls, 'install');
  assert.equal(
    installed.map(({ process, page, kernelAddress }) => [process, page, kernelAddress]),
    [
      ['servicemanager', 0, null],
      ['service', 0, null],
      ['client', 0, null],
    ],
  );
  assert.is(new Set(installed.map(({ frame }) => frame)).size, installed.length);
  assert.equal(
    effectsOf(calls, 'translate').map(({ from, to }) => `${from.process} ${from.name} -> ${to.process} ${to.name}`),
    ['service object 0xb1de -> servicemanager handle 1', 'servicemanager handle 1 -> client handle 1'],
  );
});

test('the same protocol under the other strategy', () => {
  const other = facts('--strategy', 'vmalloc');
  assert.is(other.strategy, 'vmalloc');
  const protocolOf = (one: Facts) =>
    callsOf(one, 'open', 'register', 'get', 'use').map(({ words, returned }) => [words, returned]);
  assert.equal(protocolOf(other), protocolOf(told));
  for (const { kernelAddress } of effectsOf(callsOf(other, 'register', 'get', 'use'), 'install'))
    assert.ok(kernelAddress);
});

test('as text it fits a terminal, has no colours in a pipe, and says what the facts say', () => {
  const { code, stdout, stderr } = folder.run(['guide']);
  assert.is(code, 0);
  assert.is(stderr, '');
  const lines = stdout.trimEnd().split('\n');
  for (const line of lines) assert.ok(line.length <= 96, line);
  assert.not.match(stdout, '\x1b');
  const { kernel, receiver } = sideOf('vmalloc').message;
  assert.match(stdout, `at ${kernel?.address}`);
  assert.match(stdout, kernel?.entry ?? '');
  assert.match(stdout, receiver.entry);
  assert.match(stdout, `the same: ${receiver.frame}`);
  assert.match(stdout, /BR_TRANSACTION ptr=0xb1de .*sender_pid=3000/);
});

test('it takes no arguments', () => {
  const { code, stderr } = folder.run(['guide', 'me']);
  assert.is(code, 2);
  assert.match(stderr, 'guide takes no argument "me"');
});

test.run();
