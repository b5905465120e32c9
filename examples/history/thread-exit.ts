/**
 * CVE-2019-2215. An epoll instance watches the device by way of a thread's wait queue, which is a part of its binder_thread.
 * BINDER_THREAD_EXIT frees that.
 *
 *     sound: the driver takes the epoll instance out of the queue before it frees the queue
 *     with --bug CVE-2019-2215: the instance keeps a pointer to the freed queue, and writes there when the file leaves it
 */
import type { Machine } from 'binderlab';

export default (machine: Machine) => {
  const app = machine.spawn('app').main;
  const fd = app.open();
  app.mmap(fd);
  const epfd = app.epollCreate();
  app.epollCtl(epfd, 'add', fd);
  app.leaveBinder(fd);
  machine.check();
  console.log('the thread has left binder; the epoll instance watches its device still');

  app.epollCtl(epfd, 'delete', fd);
  machine.check();
  console.log('the device has left the epoll instance');
};
