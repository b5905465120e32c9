/**
 * CVE-2025-68260. The release of a node moves the deaths that others asked for to a list of its own, lets go of its lock, and walks
 * that list. A process that gives a death up in between takes it out of a list without knowing which is the first entry.
 *
 *     app has the device open twice: 3 watches the node of 4. When app is killed, the driver releases 4, and then 3.
 *
 *     sound: the walk is over before 3 is released, and the client gets its death
 *     with --bug CVE-2025-68260: 3 is released in the middle of it, and the walk begins with a death that is free
 */
import { bc, type Machine, type Thread } from 'binderlab';

const watch = (thread: Thread, fd: number) =>
  thread.writeRead(fd, [bc.increfs(0), bc.acquire(0), bc.requestDeathNotification(0, 7)], { readSize: 0 });

export default (machine: Machine) => {
  const process = machine.spawn('app');
  const app = process.main;
  const watching = app.open();
  const owning = app.open();
  app.mmap(watching);
  const client = machine.spawn('client').main;
  const fd = client.open();
  client.mmap(fd);
  app.becomeContextManager(owning);
  watch(client, fd);
  watch(app, watching);

  process.kill();
  machine.check();
  console.log(`the client reads ${client.writeRead(fd, []).words.join(', ')}`);
};
