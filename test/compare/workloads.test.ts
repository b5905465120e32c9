/** What the other workloads cost follows from what they do: counts, for a few sizes and strategies. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PRESSURE } from '../../host/compare/call.ts';
import type { Row } from '../../host/compare/comparison.ts';
import { ECHO } from '../../host/compare/echo.ts';
import { ONEWAY, STREAM } from '../../host/compare/oneway.ts';
import type { Receive, Workload } from '../../host/compare/scene.ts';
import { SOCKETS } from '../../host/compare/socket.ts';
import { STRATEGIES } from '../../host/index.ts';
import { row } from './counts.ts';

const PAGE = 4096;
const P = 16 * PAGE;
const test = suite('workloads');

test('echo: both ways the same', () => {
  for (const strategy of ['kmap', 'vmalloc', 'prefault', 'huge', 'fault'] as const) {
    assert.is(row(strategy, P, { workload: ECHO }).perCall.bytesCopied, 2 * P);
  }
  assert.is(row('two-copy', P, { workload: ECHO }).perCall.bytesCopied, 4 * P);
  assert.is(row('remap', P, { workload: ECHO }).perCall.bytesCopied, 0);
});

test('oneway: the message and no reply', () => {
  const { perCall, systemCalls, framesResident } = row('kmap', P, { workload: ONEWAY });
  assert.is(perCall.bytesCopied, P);
  assert.is(systemCalls, 2);
  assert.is(framesResident, 16);
});

test('oneway: half of the mapping is enough, however long the message', () => {
  assert.is(row('kmap', 600_000, { workload: ONEWAY }).perCall.bytesCopied, 600_000);
});

test('stream: as many copies as messages, and few pages', () => {
  const { perCall, framesResident } = row('kmap', P, { workload: STREAM });
  assert.is(perCall.bytesCopied, P);
  assert.is(perCall.copies, P / 512);
  assert.ok(framesResident <= 3);
  const remapped = row('remap', P, { workload: STREAM });
  assert.is(remapped.perCall.bytesCopied, P, 'no message is a whole page');
});

test('pressure: what the shrinker took comes back, unless it cannot take it', () => {
  for (const strategy of ['kmap', 'vmalloc'] as const) {
    const { perCall } = row(strategy, P, { workload: PRESSURE });
    assert.is(perCall.framesZeroed, 17);
    assert.is(perCall.pteWrites.user, 2 * 17);
    assert.is(perCall.pteWrites.kernel, strategy === 'vmalloc' ? 2 * 17 : 0);
  }
  for (const strategy of ['prefault', 'huge'] as const) {
    const { perCall } = row(strategy, P, { workload: PRESSURE });
    assert.equal([perCall.framesZeroed, perCall.pteWrites.user], [0, 0]);
  }
});

test('sent by memfd only the message is copied, whatever the payload', () => {
  for (const strategy of STRATEGIES) {
    const small = row(strategy, PAGE, { send: 'memfd' }).perCall;
    const large = row(strategy, P, { send: 'memfd' }).perCall;
    assert.is(large.bytesCopied, small.bytesCopied);
    // An object and its offset, and the descriptor's number, written again when the receiver has it.
    assert.is(large.bytesCopied, strategy === 'two-copy' ? 2 * 32 + 4 : 32 + 4);
    assert.is(large.faults, 16);
    assert.is(large.pteWrites.user, 2 * 16);
  }
});

test('a memory file of one use counts its making: a frame and a fault for each page on the sender’s side', () => {
  for (const strategy of STRATEGIES) {
    const used = row(strategy, P, { send: 'memfd' });
    const fresh = row(strategy, P, { send: 'new-memfd' });
    assert.ok(fresh.perCall.framesZeroed >= used.perCall.framesZeroed + 16, 'and page tables');
    assert.is(fresh.perCall.faults, used.perCall.faults + 16);
    assert.is(fresh.perCall.bytesCopied, used.perCall.bytesCopied);
    assert.is(fresh.systemCalls, used.systemCalls + 5);
    assert.is(used.framesResident - fresh.framesResident, 16, 'it is gone afterwards');
  }
});

function socket(receive: Receive, payload: number): Row {
  return row(null, payload, { workload: SOCKETS.find((workload) => workload.receive === receive) as Workload });
}

/** Two headers of 8 bytes go in and out of the ring. */
const HEADERS = 2 * 2 * 8;

test('socket: two copies, in either way', () => {
  for (const receive of ['oversized', 'ask-first'] as const) {
    assert.is(socket(receive, P).perCall.bytesCopied, 2 * P + HEADERS);
    assert.is(socket(receive, 8 * P).perCall.bytesCopied, 16 * P + HEADERS);
    assert.is(socket(receive, P).kernelBytesReserved, 0);
  }
});

test('socket: who keeps a buffer has its memory from the start, who asks has more calls', () => {
  const oversized = socket('oversized', PAGE);
  const askFirst = socket('ask-first', PAGE);
  assert.is(oversized.setup.pteWrites.user, 254);
  assert.is(askFirst.setup.pteWrites.user, 0);
  assert.is(oversized.framesResident - askFirst.framesResident, 254);
  assert.is(oversized.systemCalls, 4);
  assert.is(askFirst.systemCalls, 7);
  assert.is(oversized.perCall.framesAllocated, 0);
  assert.ok(askFirst.perCall.framesAllocated > 0);
  assert.is(askFirst.perCall.faults, 1);
});

test('socket: a message larger than what libbinder maps has a larger buffer', () => {
  for (const receive of ['oversized', 'ask-first'] as const) {
    assert.is(socket(receive, 1 << 20).perCall.bytesCopied, 2 * (1 << 20) + HEADERS);
  }
});

test('nothing at all can be sent, too', () => {
  for (const workload of [ECHO, ONEWAY, PRESSURE]) assert.is(row('two-copy', 0, { workload }).perCall.bytesCopied, 0);
  for (const receive of ['oversized', 'ask-first'] as const) {
    assert.is(socket(receive, 0).perCall.bytesCopied, HEADERS);
  }
});

test.run();
