/** What the fuzzer found, each as the shortest program that showed it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Machine } from '../../host/machine.ts';
import { MAP_ADDRESS } from '../../host/os/thread.ts';
import { hexOfAddress } from '../../host/wire/hex.ts';

const SHARED = 0x1040_0000;
const FIXED = 0x12;

const test = suite('found by the fuzzer');

for (const length of [0xffff_fff8, 0xffff_ffff, 0xffff_f001]) {
  test(`a write of ${length} bytes to a memory file is refused`, () => {
    const machine = Machine.boot({ memoryMiB: 16 });
    const { main } = machine.spawn('A');
    const fd = main.memfd();
    const { ret } = main.sys.write(fd, SHARED, new Uint8Array(30), length);
    assert.is(ret, -12); // ENOMEM
    assert.is(main.sys.call('ftruncate', { fd, len: length }), -12);
    machine.check();
  });
}

test('a memory file that is mapped at address 0 counts as mapped', () => {
  const machine = Machine.boot({ memoryMiB: 16 });
  const { main } = machine.spawn('A');
  const fd = main.memfd(Uint8Array.of(1, 2, 3));
  const free = { prot: 1, flags: FIXED, off: 0, len: 4096 };
  assert.is(main.sys.call('mmap', { ...free, addr: 0, fd }), 0, hexOfAddress(0));
  machine.check();
  main.close(fd);
  machine.check();
  assert.equal(main.sys.peek(0, 3).bytes, Uint8Array.of(1, 2, 3));
});

test('a piece of a mapping after the 4 MiB that count has no pages', () => {
  const machine = Machine.boot({ memoryMiB: 16 });
  const { main } = machine.spawn('A');
  const fd = main.open();
  assert.is(main.mmap(fd, 2 ** 31), MAP_ADDRESS);
  // what follows the array of its pages in memory is no page of it
  for (let other = 0; other < 20; other++) main.socketPair();
  main.munmap(MAP_ADDRESS + 0x100_1000, 4096);
  machine.check();
});

test.run();
