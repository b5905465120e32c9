/** The flags of system calls by name, as strace prints them: `PROT_READ|PROT_WRITE`. Bits without a name are in hex. */
import * as machine from '../../assembly/abi/machine.ts';

/** Numbers with their names, lowest first. */
type Names = readonly (readonly [number: number, name: string])[];

/** The constants of a module whose names match. */
export function namesOf(constants: Readonly<Record<string, number>>, names: RegExp): Names {
  return Object.entries(constants)
    .filter(([name]) => names.test(name))
    .map(([name, number]) => [number, name] as const)
    .sort(([one], [other]) => one - other);
}

const FCNTL_COMMANDS = new Map(namesOf(machine, /^F_/));
const PROTECTIONS = namesOf(machine, /^PROT_(READ|WRITE|EXEC)$/);
const MAP_FLAGS = namesOf(machine, /^MAP_(SHARED|PRIVATE|FIXED|ANONYMOUS|NORESERVE|FIXED_NOREPLACE)$/);
const POLL_EVENTS: Names = [
  [machine.EPOLLIN, 'POLLIN'],
  [0x2, 'POLLPRI'],
  [machine.EPOLLOUT, 'POLLOUT'],
  [machine.EPOLLERR, 'POLLERR'],
  [machine.EPOLLHUP, 'POLLHUP'],
];

const EPOLL_EVENTS = namesOf(machine, /^EPOLL(?!NVAL|_)/).map(([bit, name]) => [bit | 0, name] as const);
const EPOLL_COMMANDS = new Map(namesOf(machine, /^EPOLL_CTL_/));

export function openFlags(flags: number): string {
  return ['O_RDWR', flags & machine.O_NONBLOCK ? 'O_NONBLOCK' : '', 'O_CLOEXEC']
    .filter((name) => name !== '')
    .join('|');
}

export function fcntlCommand(command: number): string {
  return FCNTL_COMMANDS.get(command) ?? String(command);
}

export function protection(prot: number): string {
  return bits(prot, PROTECTIONS) || 'PROT_NONE';
}

export function mapFlags(flags: string): string {
  return bits(Number(flags), MAP_FLAGS);
}

export function pollEvents(events: number): string {
  return bits(events, POLL_EVENTS) || '0';
}

export function epollEvents(events: number): string {
  return bits(events, EPOLL_EVENTS) || '0';
}

export function epollFlags(flags: number): string {
  return bits(flags, [[machine.O_CLOEXEC, 'EPOLL_CLOEXEC']]) || '0';
}

export function epollCommand(command: number): string {
  return EPOLL_COMMANDS.get(command) ?? String(command);
}

/** The names of the set bits, and the remaining bits as a number. */
export function bits(value: number, names: Names): string {
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
