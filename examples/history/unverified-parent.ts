/**
 * CVE-2020-0041. A buffer object may say that its pointer is also stored inside another buffer, its parent: an object that came
 * before it in the message, by its number in the list of offsets. Here the number is behind the list, where the
 * bytes of an earlier message are.
 *
 *     offsets   0: root │ 1: child, whose parent is 2 │ bytes of buffers: the first eight look like entry 2
 *
 *     sound: the call fails with BR_FAILED_REPLY
 *     with --bug CVE-2020-0041: the driver takes those bytes as an offset, and the call is made
 */
import { bc, type Machine } from 'binderlab';

export default (machine: Machine) => {
  const join = (name: string) => {
    const process = machine.spawn(name);
    const fd = process.main.open();
    process.main.mmap(fd);
    return { process, thread: process.main, fd };
  };
  const server = join('server');
  const client = join('client');
  server.thread.becomeContextManager(server.fd);
  server.thread.writeRead(server.fd, [bc.enterLooper()], { readSize: 0 });

  const data = client.process.place(new Uint8Array(new BigUint64Array([8n, 0n, 0n, 0n]).buffer));
  const send = (parent: number): string => {
    const root = { type: 'ptr', data, at: 8 } as const;
    const child = { type: 'ptr', data, parent, parentOffset: 8, at: 48 } as const;
    const call = bc.transactionSg({ handle: 0, flags: 1, objects: [root, child], buffersSize: 64 });
    return client.thread.writeRead(client.fd, [call]).words.join(', ');
  };

  console.log(`the parent is object 0: ${send(0)}`);
  const message = server.thread.writeRead(server.fd, []).expect('BR_TRANSACTION');
  server.thread.writeRead(server.fd, [bc.freeBuffer(message)], { readSize: 0 });

  console.log(`the parent is object 2 of 2, counted from 0: ${send(2)}`);
  machine.check();
};
