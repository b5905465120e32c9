/** What is counted, and for whom: the whole machine, and each process by itself. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bc, type Counters, STRATEGIES } from '../../host/index.ts';
import { messageBytes, PAGE, Pair } from './pair.ts';

const test = suite('counters');
const PAGES = 3;

function flat({ pteWrites: { user, kernel }, ...rest }: Counters): Record<string, number> {
  return { ...rest, pteUser: user, pteKernel: kernel };
}

for (const strategy of STRATEGIES) {
  test(`${strategy}: each process has its own, and the machine all of them`, () => {
    const pair = new Pair(strategy);
    const { machine, server, client } = pair;
    const look = () => [machine.counters(), machine.counters(server), machine.counters(client)].map(flat);
    const before = look();
    pair.send(pair.place(messageBytes(PAGES * PAGE, 1)));
    const message = pair.receive();
    server.dataOf(message);
    pair.free(message);
    const [all, ofServer, ofClient] = look().map((counts, index) => {
      const names = Object.keys(counts);
      return Object.fromEntries(names.map((name) => [name, (counts[name] ?? 0) - (before[index]?.[name] ?? 0)]));
    }) as [Record<string, number>, Record<string, number>, Record<string, number>];

    const copied = strategy === 'remap' ? 0 : (strategy === 'two-copy' ? 2 : 1) * PAGES * PAGE;
    assert.is(ofServer.bytesCopied, copied, 'a message is copied into its receiver’s mapping');
    assert.is(ofClient.bytesCopied, 0);
    for (const name of ['bytesCopied', 'copies', 'commandBytes', 'pteUser', 'tlbFlushes', 'faults', 'kmaps']) {
      assert.is(all[name], (ofServer[name] ?? 0) + (ofClient[name] ?? 0), name);
    }
    assert.is(all.pteKernel, strategy === 'vmalloc' ? PAGES : 0, 'the kernel’s table is nobody’s');
    assert.is((ofServer.pteKernel ?? 0) + (ofClient.pteKernel ?? 0), 0);
    for (const name of ['framesAllocated', 'framesZeroed', 'walks']) {
      assert.ok((all[name] ?? 0) >= (ofServer[name] ?? 0) + (ofClient[name] ?? 0), name);
    }
    assert.ok((ofServer.commandBytes ?? 0) > 0);
    assert.ok((ofClient.commandBytes ?? 0) > 0);
    assert.is(machine.framesResident(client), strategy === 'prefault' || strategy === 'huge' ? 254 : 0);
    pair.machine.end();
  });
}

for (const strategy of STRATEGIES) {
  test(`${strategy}: what nobody traces leaves no event`, () => {
    const { machine, client, clientFd, server, serverFd } = new Pair(strategy);
    const head = () => machine.guest.raw.traceHead();
    const before = head();
    const data = messageBytes(2 * PAGE, 1);
    const node = { type: 'binder', ptr: 0x1000 } as const;
    client.main.writeRead(clientFd, [bc.transaction({ handle: 0, data, objects: [node] })]);
    const { buffer } = server.main.writeRead(serverFd, []).expect('BR_TRANSACTION');
    server.main.writeRead(serverFd, [bc.freeBuffer(buffer), bc.reply({ data: 'answer' })]);
    assert.is(head(), before);
    machine.end();
  });
}

test.run();
