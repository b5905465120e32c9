/** The memory of programs outside of the machine: the guest asks for exactly the bytes that no area has. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ACCESS_READ,
  ACCESS_WRITE,
  COUNTER_FAULTS,
  FRAME_BINDER,
  MAP_FIXED,
  MAP_PRIVATE,
  PROT_READ,
  PROT_WRITE,
} from '../../assembly/abi/machine.ts';
import { loadGuest, PAGE } from './load.ts';

const test = suite('foreign memory');
const { guest, client, boot, bytes, counter, data, scratch } = loadGuest();

const BASE = 0x7fff00000000n;
const SIZE = 3 * PAGE;
const AREA = 0x10000000n;
const SHORT = 100;

/** A program whose memory is [BASE, BASE + SIZE), and one area of the guest's, a page in the midst of other memory. */
function program(): { space: number; memory: Uint8Array; asked: string[] } {
  boot();
  const space = guest.spaceCreate(0);
  guest.spaceMap(space, AREA, BigInt(PAGE), PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE, 0, 0, 0);
  guest.spaceSetForeign(space);
  const memory = Uint8Array.from({ length: SIZE }, (_, index) => (index * 7) & 0xff);
  const asked: string[] = [];
  const within = (verb: string, of: number, va: number, size: number): [from: number, bytes: number] => {
    assert.is(of, space);
    asked.push(`${verb} ${va.toString(16)} ${size}`);
    if (BigInt(va) < BASE) return [0, BigInt(va) < 2n * AREA ? size : 0];
    const from = Number(BigInt(va) - BASE);
    return [from, Math.max(0, Math.min(size, SIZE - from))];
  };
  client.read = (of, target, va, size) => {
    const [from, count] = within('read', of, va, size);
    bytes.set(memory.subarray(from, from + count), target);
    return size - count;
  };
  client.write = (of, va, source, size) => {
    const [from, count] = within('write', of, va, size);
    memory.set(bytes.subarray(source, source + count), from);
    return size - count;
  };
  return { space, memory, asked };
}

test('a copy asks once for its bytes, also across pages, and stops where the program has none', () => {
  const { space, memory, asked } = program();
  const target = scratch(4);
  const from = PAGE - 8;
  assert.is(guest.copyFromUser(space, target, BASE + BigInt(from), PAGE + 16), 0);
  assert.equal(bytes.slice(target, target + PAGE + 16), memory.slice(from, from + PAGE + 16));
  assert.is(guest.copyFromUser(space, target, BASE + BigInt(SIZE - SHORT), SHORT + 50), 50);
  bytes.fill(0x5a, target, target + 300);
  assert.is(guest.copyToUser(space, BASE + BigInt(SIZE - SHORT), target, 300), 300 - SHORT);
  assert.ok(memory.subarray(SIZE - SHORT).every((byte) => byte === 0x5a));
  const at = (offset: number) => (BASE + BigInt(offset)).toString(16);
  assert.equal(asked, [
    `read ${at(from)} ${PAGE + 16}`,
    `read ${at(SIZE - SHORT)} ${SHORT + 50}`,
    `write ${at(SIZE - SHORT)} 300`,
  ]);
  assert.is(counter(space, COUNTER_FAULTS), 0, 'such a touch is no fault of the machine');
});

test('a range that meets an area is asked for up to it', () => {
  const { space, asked } = program();
  const target = scratch(4);
  const linear = guest.userWindow(space, AREA, 4, ACCESS_WRITE);
  data.setUint32(linear, 0xfeed, true);
  assert.is(guest.copyFromUser(space, target, AREA - 16n, 2 * PAGE), 0);
  assert.is(data.getUint32(target + 16, true), 0xfeed);
  const after = AREA + BigInt(PAGE);
  assert.equal(asked, [`read ${(AREA - 16n).toString(16)} 16`, `read ${after.toString(16)} ${PAGE - 16}`]);
});

test('a right that an area lacks is refused without asking', () => {
  const { space, asked } = program();
  guest.spaceProtect(space, AREA, BigInt(PAGE), PROT_READ);
  assert.is(guest.copyToUser(space, AREA + 8n, scratch(1), 8), 8);
  assert.is(guest.copyToUser(space, AREA + BigInt(PAGE) - 8n, scratch(1), 16), 16);
  assert.is(guest.putUser32(space, AREA, 1), 0);
  assert.equal(asked, []);
});

test('words, in a page or across two; windows and touches find nothing', () => {
  const { space, memory } = program();
  const word = (offset: number) => new DataView(memory.buffer).getUint32(offset, true);
  for (const offset of [8, PAGE - 2]) {
    assert.is(guest.putUser32(space, BASE + BigInt(offset), 0x12345678), 1);
    assert.is(word(offset), 0x12345678);
    assert.is(guest.getUser32(space, BASE + BigInt(offset)), 0x12345678n);
    assert.is(guest.putUser64(space, BASE + BigInt(offset), 0x1122334455667788n), 1);
    assert.is(word(offset + 4), 0x11223344);
  }
  assert.is(guest.putUser64(space, BASE + BigInt(SIZE), 1n), 0);
  assert.is(guest.getUser32(space, BASE - 4n), -1n);
  assert.is(guest.userWindow(space, BASE, 1, ACCESS_READ), 0);
  assert.ok(guest.userTouch(space, BASE, ACCESS_READ) < 0);
});

test('no address is too high to be refused, and only a foreign space asks', () => {
  const { space, asked } = program();
  for (const va of [1n << 48n, 2n ** 63n, 2n ** 64n - 1n]) {
    assert.is(guest.copyFromUser(space, scratch(1), va, 16), 16);
    assert.is(guest.copyToUser(space, va, scratch(1), 16), 16);
  }
  assert.is(guest.copyFromUser(guest.spaceCreate(0), scratch(1), BASE, 16), 16);
  assert.equal(asked, []);
  const child = guest.spaceCreate(0);
  assert.is(guest.spaceFork(child, space), 0);
  client.read = (of) => {
    assert.is(of, child);
    return 0;
  };
  assert.is(guest.copyFromUser(child, scratch(1), BASE, 16), 0, 'a forked child is as foreign');
});

test('what an area shows is passed on in contiguous pieces, without the pages that are missing', () => {
  const { space } = program();
  const frames = guest.frameAlloc(1, FRAME_BINDER, 0);
  const other = guest.frameAlloc(0, FRAME_BINDER, 0);
  const array = scratch(1);
  bytes.fill(0, array, array + PAGE);
  guest.pageArrayInit(array, array + 64, 4, 4, 1);
  for (const [index, frame] of [frames, frames + PAGE, 0, other].entries()) {
    data.setUint32(array + 64 + 4 * index, frame, true);
  }
  guest.spaceMap(space, 2n * AREA, BigInt(4 * PAGE), PROT_READ, MAP_FIXED | MAP_PRIVATE, array, 0, 1);
  const shown: [va: number, source: number, size: number][] = [];
  client.show = (_space, va, source, size) => shown.push([va, source, size]);
  guest.userShow(space, 2n * AREA + 40n, 4 * PAGE - 40 - 24);
  const start = Number(2n * AREA);
  assert.equal(shown, [
    [start + 40, frames + 40, 2 * PAGE - 40],
    [start + 3 * PAGE, other, PAGE - 24],
  ]);
});

test.run();
