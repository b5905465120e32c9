/** The flags of system calls by name, as strace prints them: `PROT_READ|PROT_WRITE`. Bits without a name are in hex. */
import {
  EPOLLERR,
  EPOLLIN,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  O_NONBLOCK,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from '../../assembly/abi/machine.ts';

export function openFlags(flags: number): string {
  return ['O_RDWR', flags & O_NONBLOCK ? 'O_NONBLOCK' : '', 'O_CLOEXEC'].filter((name) => name !== '').join('|');
}

const FCNTL_COMMANDS: Readonly<Record<number, string>> = {
  [F_DUPFD]: 'F_DUPFD',
  [F_GETFD]: 'F_GETFD',
  [F_SETFD]: 'F_SETFD',
  [F_GETFL]: 'F_GETFL',
  [F_SETFL]: 'F_SETFL',
  [F_DUPFD_CLOEXEC]: 'F_DUPFD_CLOEXEC',
};

export function fcntlCommand(command: number): string {
  return FCNTL_COMMANDS[command] ?? String(command);
}

export function protection(prot: number): string {
  return (
    bits(prot, [
      [PROT_READ, 'PROT_READ'],
      [PROT_WRITE, 'PROT_WRITE'],
      [PROT_EXEC, 'PROT_EXEC'],
    ]) || 'PROT_NONE'
  );
}

export function mapFlags(flags: string): string {
  return bits(Number(flags), [
    [MAP_SHARED, 'MAP_SHARED'],
    [MAP_PRIVATE, 'MAP_PRIVATE'],
    [MAP_FIXED, 'MAP_FIXED'],
    [MAP_ANONYMOUS, 'MAP_ANONYMOUS'],
    [MAP_NORESERVE, 'MAP_NORESERVE'],
    [MAP_FIXED_NOREPLACE, 'MAP_FIXED_NOREPLACE'],
  ]);
}

export function pollEvents(events: number): string {
  return (
    bits(events, [
      [EPOLLIN, 'POLLIN'],
      [0x2, 'POLLPRI'],
      [0x4, 'POLLOUT'],
      [EPOLLERR, 'POLLERR'],
      [0x10, 'POLLHUP'],
    ]) || '0'
  );
}

/** The names of the set bits, and the remaining bits as a number. */
export function bits(value: number, names: readonly (readonly [number, string])[]): string {
  const list: string[] = [];
  let rest = value;
  for (const [bit, name] of names) {
    if ((value & bit) === 0) continue;
    list.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) list.push(`0x${(rest >>> 0).toString(16)}`);
  return list.join('|');
}
