/** Machines with something in them to look at. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { guestModule } from '../../host/cli/boot.ts';
import { type BootOptions, bc, Machine, type Thread } from '../../host/index.ts';

/** A build of the guest that checks its own assertions. */
export const debugModule = new WebAssembly.Module(readFileSync(join(import.meta.dirname, '../../../build/debug.wasm')));

export function boot(options: Partial<BootOptions> = {}): Machine {
  return Machine.boot({ wasm: guestModule(), memoryMiB: 16, journal: true, ...options });
}

export interface Met {
  machine: Machine;
  /** The context manager, with the descriptor it listens at. */
  manager: Thread;
  managerFd: number;
  app: Thread;
  appFd: number;
}

/** A context manager that waits for calls, and an app that is ready to make some. */
export function meet(machine: Machine): Met {
  const manager = machine.spawn('manager').main;
  const managerFd = manager.open();
  manager.mmap(managerFd);
  manager.becomeContextManager(managerFd);
  manager.writeRead(managerFd, [bc.enterLooper()]);
  const app = machine.spawn('app').main;
  const appFd = app.open();
  app.mmap(appFd);
  app.writeRead(appFd, [bc.enterLooper()]); // returns at once, as every thread's first read does
  return { machine, manager, managerFd, app, appFd };
}

/** Calls everything there is to look with. */
export function lookAtEverything(machine: Machine): unknown {
  const { inspect, debugFiles } = machine;
  const procs = inspect.procs();
  const processes = inspect.processes();
  return [
    processes.map((process) => [
      inspect.vmas(process),
      process.vmas.map(({ start, end }) => [inspect.leaves(process, start, end), inspect.walk(process, start)]),
    ]),
    [
      inspect.vmas('kernel'),
      inspect.leaves('kernel', 0n, (1n << 64n) - 1n),
      inspect.walk('kernel', 0xffffffc008000000n),
    ],
    inspect.contexts(),
    inspect.deadNodes(),
    procs.map((proc) => [inspect.buffers(proc), inspect.freeBuffers(proc), inspect.pages(proc), inspect.stats(proc)]),
    [inspect.lru(), inspect.stats(), inspect.transactionLog(), inspect.failedTransactionLog()],
    inspect.rawObjects().map(({ address }) => inspect.at(address)),
    [inspect.frames(), inspect.objects(), inspect.frame(0), inspect.frame(machine.guest.u8.length)],
    ['state', 'stats', 'transactions', 'transaction_log', 'failed_transaction_log', ...debugFiles.procFiles()].map(
      (file) => debugFiles.read(file),
    ),
  ];
}
