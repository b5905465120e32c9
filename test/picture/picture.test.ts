/** Pictures are of what is there: each is compared with the machine's own page tables, journal and dumps. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PAGE_SIZE } from '../../assembly/abi/machine.ts';
import { type AreaMessage, areaPictures } from '../../host/picture/area.ts';
import { callBytes } from '../../host/picture/callbytes.ts';
import { callPicture } from '../../host/picture/calls.ts';
import { framesPicture } from '../../host/picture/frames.ts';
import { nodePictures } from '../../host/picture/graph.ts';
import { sharedPages } from '../../host/picture/sharedpages.ts';
import { processPictures } from '../../host/picture/tasks.ts';
import type { Step } from '../../host/trace/journal.ts';
import { DATA, type Scene, SIZE, scene } from './scene.ts';

const test = suite('pictures');
function messageOf({ onlooker }: Scene) {
  const moment = onlooker.now();
  const area = areaPictures(moment).find(({ process }) => process === 'server');
  const message = area?.parts.find((part): part is AreaMessage => part.kind !== 'hole');
  if (area === undefined || message === undefined) throw new Error('no message is in the area');
  return { moment, area, message, pages: sharedPages(moment, area, message) };
}

test('under vmalloc kernel and receiver share the frame that was written; the sender has another', () => {
  const { pages } = messageOf(scene('vmalloc'));
  assert.is(pages.sender, 'client');
  assert.is(pages.receiver, 'server');
  for (const { sender, receiver, kernel, written, isOneCopy, isLent } of pages.pieces) {
    assert.type(receiver?.frame, 'number');
    assert.is(kernel?.frame, receiver?.frame);
    assert.is(written, receiver?.frame);
    assert.is.not(sender?.frame, receiver?.frame);
    assert.equal([isOneCopy, isLent], [true, false]);
    assert.is(receiver?.access, 'user, read-only');
    assert.is(kernel?.access, 'kernel, writable');
  }
});

test('under kmap the kernel has no address, and wrote the frame of the receiver', () => {
  const { pages } = messageOf(scene('kmap'));
  for (const { receiver, kernel, written, isOneCopy } of pages.pieces) {
    assert.is(kernel, null);
    assert.is(written, receiver?.frame);
    assert.is(isOneCopy, true);
  }
});

test('under two-copy the kernel wrote a frame that the receiver does not have', () => {
  const { pages } = messageOf(scene('two-copy'));
  for (const { receiver, written, isOneCopy } of pages.pieces) {
    assert.type(written, 'number');
    assert.type(receiver?.frame, 'number');
    assert.is.not(written, receiver?.frame);
    assert.is(isOneCopy, false);
  }
});

test('under remap whole pages are lent, and the rest is copied', () => {
  const { pages } = messageOf(scene('remap'));
  assert.ok(
    pages.pieces.some(
      ({ isLent, written, sender }) => isLent && written === null && sender?.access === 'user, read-only',
    ),
  );
});

test('the pieces are the message: on both sides the same bytes, and all of them', () => {
  const made = scene('kmap');
  const { u8 } = made.history.machine.guest;
  const { pages } = messageOf(made);
  const bytesOf = (frame: number, address: bigint, size: number) => {
    const from = frame + Number(address % BigInt(PAGE_SIZE));
    return [...u8.subarray(from, from + size)];
  };
  const found = pages.pieces.map(({ size, sender, receiver }) => {
    const [one, other] = [sender, receiver].map((side) => bytesOf(side?.frame ?? 0, side?.address ?? 0n, size));
    assert.equal(one, other);
    return other as number[];
  });
  assert.equal(found.flat(), [...DATA]);
  assert.is(pages.size, SIZE);
});

test('an area is its messages and holes, and knows how old a message is when the history has moved on', () => {
  const made = scene('kmap');
  const at = made.history.position;
  const { area, message } = messageOf(made);
  let end = 0;
  for (const { offset, size } of area.parts) {
    assert.is(offset, end);
    end += size;
  }
  assert.is(end, area.size);
  assert.equal([message.kind, message.sender, message.dataSize, message.state], ['call', 'client', SIZE, 'served']);
  assert.equal(message.sent, { step: at, age: 0 });

  const later = scene('kmap');
  later.history.goto(at + 1);
  assert.equal(messageOf(later).message.sent, { step: at, age: 1 });
  assert.is(later.history.position, at + 1);
  later.history.goto(later.history.last);
  const [server] = areaPictures(later.onlooker.now());
  assert.ok(server?.parts.every(({ kind }) => kind === 'hole'));
});

test('the bytes of a call are those of its stream, and the fields are the commands as text', () => {
  const made = scene('kmap');
  const step = made.history.step as Step & { op: 'wr' };
  const { structures } = callBytes(step, made.onlooker.now().names);
  const names = structures.map(({ name, thread }) => `${thread} ${name}`);
  assert.equal(names, [
    'client.0 struct binder_write_read',
    'client.0 BC_TRANSACTION',
    'server.0 BR_NOOP',
    'server.0 BR_TRANSACTION',
  ]);
  const [writeRead, command] = structures;
  assert.equal(writeRead?.fields[0], { name: 'write_size', offset: 0, bytes: '4400000000000000', meaning: '68' });
  const spread = new Array(68).fill('00');
  for (const { offset, bytes } of command?.fields ?? []) {
    for (const [index, byte] of (bytes.match(/../g) ?? []).entries()) spread[offset + index] = byte;
  }
  assert.is(spread.join(''), step.in.poke.slice(0, 2 * 68));
  const meanings = Object.fromEntries(structures.flatMap(({ fields }) => fields.map((one) => [one.name, one.meaning])));
  assert.is(meanings.sender_pid, '2000: client');
  assert.is(meanings.data_size, `${SIZE} bytes`);
  assert.is(meanings.code, '7');
  const { commands, woken } = callPicture(step);
  assert.equal(
    commands.map(({ name }) => name),
    ['BC_TRANSACTION'],
  );
  const klog = ['binder: 1000 RLIMIT_NICE not set', 'binder: 1000:1000 has no such handle'];
  assert.equal(callPicture({ ...step, klog }).kernelLog, klog.slice(1));
  const [server] = woken;
  assert.equal([server?.by, server?.returns.map(({ name }) => name)], ['server.0', ['BR_NOOP', 'BR_TRANSACTION']]);
});

test('threads have their stacks, nodes their refs', () => {
  const { onlooker } = scene('kmap');
  const moment = onlooker.now();
  const threads = processPictures(moment).flatMap((process) => process.threads);
  const shown = threads.map(({ name, parked, acted, stack }) => [name, parked, acted, stack.length]);
  assert.equal(shown, [
    ['server.0', false, true, 1],
    ['client.0', true, true, 1],
  ]);
  assert.match(threads[0]?.stack[0] ?? '', /^serves \d+ of client\.0$/);
  const nodes = nodePictures(moment);
  assert.equal(
    nodes.map(({ owner, isManager, refs }) => [
      owner?.process,
      isManager,
      refs.map(({ process, desc }) => [process, desc]),
    ]),
    [['server', true, [['client', 0]]]],
  );
});

test('the grid has every frame once, and knows whose mapping a frame is in', () => {
  const made = scene('kmap');
  const { count, counts, runs } = framesPicture(made.onlooker.now());
  assert.is(count, (16 * 1024 * 1024) / PAGE_SIZE);
  let end = 0;
  for (const run of runs) {
    assert.is(run.address, end);
    end += run.count * PAGE_SIZE;
  }
  assert.is(end, count * PAGE_SIZE);
  const binder = runs.filter(({ kind }) => kind === 'binder');
  const total = binder.reduce((sum, run) => sum + run.count, 0);
  assert.is(total, counts.binder);
  assert.ok(binder.every(({ process }) => process === 'server'));
});

test.run();
