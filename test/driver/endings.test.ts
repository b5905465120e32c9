/** In which order the driver hears of the end of a process that had opened a device several times. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import { bc, Machine } from '../../host/index.ts';
import { debugModule, meet } from '../inspect/machines.ts';

/** A process with three binder files, each of which has sent the manager a node; `end` ends it. The nodes, the one that died first first. */
function deaths(end: (machine: Machine, fds: readonly number[]) => void): bigint[] {
  const { machine } = meet(Machine.boot({ wasm: debugModule, memoryMiB: 16 }));
  const main = machine.spawn('opener').main;
  const fds = [1, 2, 3].map((number) => {
    const fd = main.open();
    main.mmap(fd, 65536, 0x60000000 + number * 0x1000000);
    const node = { type: 'binder', ptr: number } as const;
    main.writeRead(fd, [bc.transaction({ handle: 0, flags: TF_ONE_WAY, objects: [node] })]);
    return fd;
  });
  end(machine, fds);
  machine.check();
  return machine.inspect.deadNodes().map(({ ptr }) => ptr);
}

const test = suite('endings');

test('the file whose descriptor is closed last is released first', () => {
  assert.equal(deaths((machine) => machine.process('opener').kill()).reverse(), [3n, 2n, 1n]);
});

test('one that was only mapped is released before all that are flushed', () => {
  const died = deaths((machine, [first]) => {
    machine.process('opener').main.close(first as number);
    machine.process('opener').kill();
  });
  assert.equal(died.reverse(), [1n, 3n, 2n]);
});

test('of those that were only mapped, the one with the lowest address goes first', () => {
  const died = deaths((machine, fds) => {
    for (const fd of fds) machine.process('opener').main.close(fd);
    machine.process('opener').kill();
  });
  assert.equal(died.reverse(), [1n, 2n, 3n]);
});

test.run();
