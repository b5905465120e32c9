/**
 * CVE-2024-26606. A server waits for its device in epoll_wait, as servicemanager does. It makes a call that the driver refuses, and
 * the refusal is work that the thread queues for itself.
 *
 *     sound: the driver wakes the thread's own wait queue, so that epoll_wait returns
 *     with --bug CVE-2024-26606: the epoll instance is not notified, and the thread sleeps on its own work
 */
import { bc, type Machine } from 'binderlab';

/** A handle that the server does not have. */
const NO_HANDLE = 7;

export default (machine: Machine) => {
  const server = machine.spawn('server').main;
  const fd = server.open();
  server.mmap(fd);
  server.writeRead(fd, [bc.enterLooper()], { readSize: 0 });
  const epfd = server.epollCreate();
  server.epollCtl(epfd, 'add', fd);
  server.epollWait(epfd, { timeoutMs: 0 });

  server.writeRead(fd, [bc.transaction({ handle: NO_HANDLE })], { readSize: 0 });
  const wait = server.epollWait(epfd);
  console.log(wait.done ? `${wait.events.length} descriptor is ready` : 'the server sleeps in epoll_wait');
  machine.check();

  console.log(`the server reads ${server.writeRead(fd, []).words.join(', ')}`);
};
