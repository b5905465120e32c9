/** Copies of memory: what comes of ranges that overlap is what the processor's loop makes of them, eight bytes at a time. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadGuest } from './load.ts';

const test = suite('bytes');
const { guest, boot, bytes, scratch } = loadGuest();

const ROOM = 1024;

/** The order of Linux's copies on x86-64: the first word, then the target's aligned words, then single bytes. */
function model(memory: Uint8Array, target: number, source: number, size: number): void {
  const move = (at: number, length: number) => memory.set(memory.slice(source + at, source + at + length), target + at);
  let at = 0;
  if (size >= 64) {
    move(0, 8);
    at = 8 - (target % 8);
  }
  for (; at + 8 <= size; at += 8) move(at, 8);
  for (; at < size; at++) move(at, 1);
}

test('overlapping bytes move in rising order', () => {
  boot();
  const base = scratch(1);
  const place = fc.nat(200);
  fc.assert(
    fc.property(place, place, fc.nat(600), (target, source, size) => {
      const image = Uint8Array.from({ length: ROOM }, (_, index) => (index * 37 + (index >> 3)) & 0xff);
      bytes.set(image, base);
      guest.bytesMove(base + target, base + source, size);
      model(image, target, source, size);
      assert.equal(bytes.slice(base, base + ROOM), image);
    }),
  );
});

test('a copy of what lies one word before repeats that word', () => {
  boot();
  const base = scratch(1);
  bytes.set(
    Uint8Array.from({ length: 80 }, (_, index) => index),
    base,
  );
  guest.bytesMove(base + 8, base, 72);
  assert.equal(
    [...bytes.slice(base + 8, base + 80)],
    [...Array(72).keys()].map((index) => index % 8),
  );
});

test.run();
