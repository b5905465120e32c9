/** A call to look at: a client calls a server with data of two pages. */
import { PAGE_SIZE } from '../../assembly/abi/machine.ts';
import { guestModule } from '../../host/cli/boot.ts';
import { History } from '../../host/history.ts';
import { bc, Machine, type Strategy } from '../../host/index.ts';
import { Onlooker } from '../../host/picture/onlooker.ts';

export const SIZE = 5000;
export const DATA = Uint8Array.from({ length: SIZE }, (_, at) => at % 251);

export interface Scene {
  history: History;
  onlooker: Onlooker;
}

/** A client calls a server; the server reads, and later frees the buffer and replies. The history is after the call. */
export function scene(strategy: Strategy): Scene {
  const machine = Machine.boot({ wasm: guestModule(), memoryMiB: 16, journal: true, strategy });
  const server = machine.spawn('server').main;
  const serverFd = server.open();
  server.mmap(serverFd);
  server.becomeContextManager(serverFd);
  const reading = server.writeRead(serverFd, [bc.enterLooper()]);
  const clientProcess = machine.spawn('client');
  const client = clientProcess.main;
  const clientFd = client.open();
  client.mmap(clientFd);
  client.writeRead(clientFd, [bc.enterLooper(), bc.acquire(0)]); // returns at once, as every first read does
  const data = clientProcess.place(DATA, PAGE_SIZE);
  client.writeRead(clientFd, [bc.transaction({ handle: 0, code: 7, data })]);
  const called = machine.nextStep - 1;
  machine.note('nothing');
  server.writeRead(serverFd, [bc.freeBuffer(reading.expect('BR_TRANSACTION')), bc.reply({ data: 'fine' })]);
  const history = new History(machine.journal, (header) =>
    Machine.fromHeader(header, { wasm: guestModule(), memoryMiB: 16, strategy, journal: false }),
  );
  history.goto(called);
  return { history, onlooker: new Onlooker(history) };
}
