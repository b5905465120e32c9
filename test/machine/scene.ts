/** A server that is context manager and waits for a call, and a client. */
import { Machine } from '../../host/machine.ts';
import { bc } from '../../host/wire/commands.ts';
import { buildModule } from '../os/builds.ts';

const wasm = buildModule('debug');

export function scene() {
  const machine = Machine.boot({ wasm, memoryMiB: 8 });
  const open = (name: string) => {
    const { main } = machine.spawn(name);
    const fd = main.open();
    main.version(fd); // a thread's first ioctl may return early
    main.mmap(fd);
    return { main, fd };
  };
  const server = open('server');
  server.main.becomeContextManager(server.fd);
  const waiting = server.main.writeRead(server.fd, [bc.enterLooper()]);
  return { machine, server, client: open('client'), waiting };
}
