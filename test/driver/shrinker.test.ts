/** The shrinker takes what no buffer touches, oldest first, and nothing else; what it took comes back zeroed. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Machine } from '../../host/machine.ts';
import { bc } from '../../host/wire/commands.ts';
import { buildModule } from '../os/builds.ts';

const MAPPING = 0x70000000;
const test = suite('shrinker');

for (const strategy of ['kmap', 'vmalloc'] as const) {
  test(`under ${strategy}`, () => {
    const machine = Machine.boot({ wasm: buildModule('debug'), memoryMiB: 16, strategy, journal: true });
    const manager = machine.spawn('manager');
    const client = machine.spawn('client');
    for (const { main } of [manager, client]) {
      main.open();
      main.version(3);
      main.mmap(3);
    }
    manager.main.becomeContextManager(3);
    const send = (size: number) => {
      client.main.writeRead(3, [bc.transaction({ handle: 0, flags: 1, data: new Uint8Array(size).fill(7) })]);
      return manager.main.writeRead(3, []).expect('BR_TRANSACTION');
    };
    const free = (buffer: ReturnType<typeof send>) =>
      manager.main.writeRead(3, [bc.freeBuffer(buffer)], { readSize: 0 });

    const first = send(3 * 4096);
    assert.is(machine.shrink(100), 0);
    free(first);
    assert.is(machine.inspect.lru().length, 3);
    const frames = machine.freeFrames();
    assert.is(machine.shrink(2), 2);
    assert.is(machine.freeFrames(), frames + 2);
    assert.throws(() => manager.read(MAPPING, 1), /SIGBUS/);
    assert.is(manager.read(MAPPING + 2 * 4096, 1)[0], 7);
    machine.check();

    const again = send(16);
    assert.equal([...manager.read(again.buffer + 16, 8)], [0, 0, 0, 0, 0, 0, 0, 0]);
    assert.is(machine.shrink(100), 1);
    free(again);
    assert.is(machine.shrink(100), 1);
    machine.check();
    assert.equal(
      machine.journal.steps.filter(({ op }) => op === 'shrink').map((step) => step.out),
      [{ ret: 0 }, { ret: 2 }, { ret: 1 }, { ret: 1 }],
    );
  });
}

test.run();
