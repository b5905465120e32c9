/**
 * Binder's first call in raw ioctls. servicemanager becomes the context manager. A service registers an object with it. A
 * client asks for that object by name and calls it.
 *
 *     service  --add "echo", [object]-->  servicemanager     (handle 0 is the context manager in every process)
 *     client   --get "echo"----------->   servicemanager
 *     client   --"hello"-------------->   service            (by the handle that the client received)
 */
import { assert, bc, type Machine } from 'binderlab';

const CODE_GET = 1;
const CODE_ADD = 3;
const CODE_ECHO = 1;
const OBJECT = { ptr: 0xb1, cookie: 0xc0 };

export default (machine: Machine) => {
  // Every process opens the device, asks for the protocol's version and maps the device: its messages will be in the mapping.
  const join = (name: string, uid: number) => {
    const process = machine.spawn(name, { uid });
    const fd = process.main.open();
    assert(process.main.version(fd) === 8, 'this is the 64-bit protocol');
    process.main.mmap(fd);
    return { process, thread: process.main, fd };
  };
  const manager = join('servicemanager', 1000);
  const service = join('service', 1001);
  const client = join('client', 10001);

  // From now on handle 0 is servicemanager. It finds nothing to read, and sleeps.
  manager.thread.becomeContextManager(manager.fd);
  let listening = manager.thread.writeRead(manager.fd, [bc.enterLooper()]);
  assert(listening.parked, 'servicemanager sleeps until a call arrives');

  // Register. The message holds the service's own name for its object; no other process ever sees that name.
  const adding = service.thread.writeRead(service.fd, [
    bc.transaction({ handle: 0, code: CODE_ADD, data: 'echo', objects: [{ type: 'binder', ...OBJECT }] }),
  ]);
  const add = listening.expect('BR_TRANSACTION');
  const known = manager.process.handleOf(add);
  assert(add.code === CODE_ADD && add.senderPid === service.process.pid, 'the driver names the sender of the message');
  assert(known === 1, 'servicemanager sees the object as its handle 1');

  manager.thread.writeRead(manager.fd, [bc.acquire(known), bc.freeBuffer(add), bc.reply()]);
  listening = manager.thread.wait(manager.fd);

  // With the reply the driver asks the service to keep the object alive, since another process holds it now.
  const serving = service.thread.writeRead(service.fd, [
    ...bc.acknowledge(adding.returns),
    bc.freeBuffer(adding.expect('BR_REPLY')),
    bc.enterLooper(),
  ]);

  // Get. The driver translates the handle in the reply: servicemanager's number becomes the client's own.
  const getting = client.thread.writeRead(client.fd, [bc.transaction({ handle: 0, code: CODE_GET, data: 'echo' })]);
  const get = listening.expect('BR_TRANSACTION');
  assert(manager.process.textOf(get) === 'echo', 'the client asks for "echo"');
  const answer = bc.reply({ objects: [{ type: 'handle', handle: known }] });
  manager.thread.writeRead(manager.fd, [bc.freeBuffer(get), answer]);
  listening = manager.thread.wait(manager.fd);
  const got = getting.expect('BR_REPLY');
  const echo = client.process.handleOf(got);
  client.thread.writeRead(client.fd, [bc.acquire(echo), bc.freeBuffer(got)], { readSize: 0 });

  // Use. The call goes directly to the service; servicemanager continues to sleep.
  const calling = client.thread.writeRead(client.fd, [
    bc.transaction({ handle: echo, code: CODE_ECHO, data: 'hello' }),
  ]);
  const call = serving.expect('BR_TRANSACTION');
  assert(call.ptr === BigInt(OBJECT.ptr), 'the driver translated the handle back into the name of the object');
  assert(call.senderEuid === 10001, 'the driver passes the caller’s uid to the service');
  const text = service.process.textOf(call);
  service.thread.writeRead(service.fd, [bc.freeBuffer(call), bc.reply({ data: text.toUpperCase() })]);
  const reply = calling.expect('BR_REPLY');
  const answered = client.process.textOf(reply);
  assert(answered === 'HELLO', 'the reply has come');
  client.thread.writeRead(client.fd, [bc.freeBuffer(reply)], { readSize: 0 });
  assert(listening.parked, 'servicemanager had no part in the last call');

  console.log(`the client's handle ${echo} is the service's object 0x${OBJECT.ptr.toString(16)}`);
  console.log(`"${text}" went there, "${answered}" came back`);
};
