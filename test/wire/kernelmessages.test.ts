/** The lines of the kernel log: each has a text, whose places are all filled. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as klog from '../../assembly/abi/klog.ts';
import { BC_ACQUIRE } from '../../assembly/abi/protocol.ts';
import { kernelMessage } from '../../host/wire/kernelmessages.ts';
import { WordView } from '../../host/wire/wordview.ts';

const test = suite('kernel messages');
const LAYOUT = ['KLOG_SIZE', 'KLOG_FIRST', 'KLOG_CAPACITY'];
const LINES = Object.entries(klog).filter(([name]) => name.startsWith('KLOG_') && !LAYOUT.includes(name));

function record(line: number, values: readonly bigint[]): WordView {
  const memory = new WordView(new ArrayBuffer(klog.KLOG_SIZE));
  memory.i32.set([line, 1000, 1001]);
  for (const [index, value] of values.entries()) memory.view.setBigInt64(klog.KLOG_FIRST + 8 * index, value, true);
  return memory;
}

test('each line has a text, and words for every value that the driver gives it', () => {
  for (const [name, line] of LINES) {
    const first = name === 'KLOG_REFS_INVALID' ? BigInt(BC_ACQUIRE >>> 0) : 0n;
    for (const values of [
      [first, 1n, 0n, 1n],
      [first || 1n, 0n, 1n, 0n],
    ]) {
      const { text, advice } = kernelMessage(record(line, values), 0, -1) ?? { text: 'none', advice: null };
      assert.match(text, /^binder(_alloc)?: /, name);
      assert.not.match(`${text} ${advice}`, /\{[a-z]|undefined/, name);
    }
  }
});

test('arguments are shown as printf shows them', () => {
  const text = (line: number, values: readonly bigint[]) => kernelMessage(record(line, values), 0, -1)?.text;
  assert.is(text(klog.KLOG_UNKNOWN_COMMAND, [0xffff_ffffn]), 'binder: 1000:1001 unknown command 4294967295');
  assert.is(
    text(klog.KLOG_INVALID_HANDLE, [0xffff_ffffn]),
    'binder: 1000:1001 got transaction with invalid handle, -1',
  );
  assert.is(text(klog.KLOG_FREE_NO_MATCH, [-1n]), 'binder: 1000:1001 BC_FREE_BUFFER uffffffffffffffff no match');
  assert.is(text(klog.KLOG_UNDELIVERED_DEATH, [0x2an]), 'binder: undelivered death notification, 000000000000002a');
  assert.is(text(klog.KLOG_NO_SPACE, [-8n]), 'binder_alloc: 1000: binder_alloc_buf size -8 failed, no address space');
  const refs = [BigInt(BC_ACQUIRE >>> 0), 7n, -22n];
  assert.is(text(klog.KLOG_REFS_INVALID, refs), 'binder: 1000:1001 Acquire 1 refcount change on invalid ref 7 ret -22');
});

test('the mask switches a line off, except those that are always printed', () => {
  const isOn = (line: number, mask: number) => kernelMessage(record(line, []), 0, mask) !== null;
  assert.is(isOn(klog.KLOG_FREE_NO_MATCH, 1), true);
  assert.is(isOn(klog.KLOG_FREE_NO_MATCH, 6), false);
  assert.is(isOn(klog.KLOG_UNKNOWN_COMMAND, 0), true);
});

test.run();
