/** What a binder mapping lets its process read follows the rights of the area, for pages that come later as well. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ENOMEM } from '../../assembly/abi/errno.ts';
import { bc, Machine, type TransactionReturn } from '../../host/index.ts';
import { debugModule, meet } from '../inspect/machines.ts';

const MAP_ADDRESS = 0x70000000;
const PROT_NONE = 0;
const PROT_READ = 1;

for (const strategy of ['kmap', 'vmalloc'] as const) {
  const test = suite(`rights under ${strategy}`);

  test('a message that arrives in an area without rights cannot be read until it gets some', () => {
    const { machine, manager, managerFd, app, appFd } = meet(
      Machine.boot({ wasm: debugModule, strategy, memoryMiB: 16 }),
    );
    manager.signal(); // it sleeps in a read
    manager.mprotect(MAP_ADDRESS, 0x10000, PROT_NONE);
    app.writeRead(appFd, [bc.transaction({ handle: 0, code: 1, flags: 1, data: Uint8Array.of(5, 6, 7, 8) })]);
    machine.check();
    const { returns } = manager.writeRead(managerFd, []);
    const { buffer } = returns.find((entry) => entry.name === 'BR_TRANSACTION') as TransactionReturn;
    const { ret, signal, siCode } = manager.sys.peek(buffer, 4);
    assert.equal({ ret, signal, siCode }, { ret: 0, signal: 'SIGSEGV', siCode: 2 });

    manager.mprotect(MAP_ADDRESS, 0x10000, PROT_READ);
    assert.equal([...manager.sys.peek(buffer, 4).bytes], [5, 6, 7, 8]);
    machine.check();
  });

  test('mprotect of a piece leaves only that piece to new pages', () => {
    const { machine, manager, app, appFd } = meet(Machine.boot({ wasm: debugModule, strategy, memoryMiB: 16 }));
    const send = (length: number) => {
      const data = { address: 0x10400000, length };
      return app.writeRead(appFd, [bc.transaction({ handle: 0, flags: 1, data })]).returns.map(({ name }) => name);
    };
    manager.signal();
    manager.mprotect(MAP_ADDRESS + 0x1000, 0x1000, PROT_NONE);
    assert.equal(send(100), ['BR_NOOP', 'BR_FAILED_REPLY']);
    assert.is(app.extendedError(appFd).param, -ENOMEM);
    manager.mprotect(MAP_ADDRESS, 0x1000, PROT_NONE);
    assert.equal(send(100), ['BR_NOOP', 'BR_FAILED_REPLY']);
    machine.check();
  });

  test('a page that has been installed stays, whatever mprotect cuts', () => {
    const { machine, manager, app, appFd } = meet(Machine.boot({ wasm: debugModule, strategy, memoryMiB: 16 }));
    const send = (length: number) => {
      const data = { address: 0x10400000, length };
      return app.writeRead(appFd, [bc.transaction({ handle: 0, flags: 1, data })]).returns.map(({ name }) => name);
    };
    manager.signal();
    assert.equal(send(100), ['BR_NOOP', 'BR_TRANSACTION_COMPLETE']);
    manager.mprotect(MAP_ADDRESS + 0x1000, 0x2000, PROT_NONE);
    manager.mprotect(MAP_ADDRESS + 0x1000, 0x2000, PROT_READ);
    assert.equal(send(100), ['BR_NOOP', 'BR_TRANSACTION_COMPLETE']);
    assert.equal(send(0x2000), ['BR_NOOP', 'BR_TRANSACTION_COMPLETE']);
    assert.equal(send(0x1000), ['BR_NOOP', 'BR_FAILED_REPLY']);
    assert.is(app.extendedError(appFd).param, -ENOMEM);
    machine.check();
  });

  test.run();
}
