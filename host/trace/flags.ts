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

const POLL_EVENTS: Names = [
  [machine.EPOLLIN, 'POLLIN'],
  [0x2, 'POLLPRI'],
  [machine.EPOLLOUT, 'POLLOUT'],
  [machine.EPOLLERR, 'POLLERR'],
  [machine.EPOLLHUP, 'POLLHUP'],
];
const EPOLL_EVENTS = namesOf(machine, /^EPOLL(?!NVAL|_)/).map(([bit, name]) => [bit | 0, name] as const);

/** The text of values by their kind in the table of operations. */
export const FLAG_TEXTS = {
  open_flags: (flags: number) => `O_RDWR|${flags & machine.O_NONBLOCK ? 'O_NONBLOCK|' : ''}O_CLOEXEC`,
  fcntl_cmd: nameIn(namesOf(machine, /^F_/)),
  prot: bitsIn(namesOf(machine, /^PROT_(READ|WRITE|EXEC)$/), 'PROT_NONE'),
  map_flags: bitsIn(namesOf(machine, /^MAP_(SHARED|PRIVATE|FIXED|ANONYMOUS|NORESERVE|FIXED_NOREPLACE)$/), ''),
  events: bitsIn(POLL_EVENTS),
  epoll_events: bitsIn(EPOLL_EVENTS),
  epoll_flags: bitsIn([[machine.O_CLOEXEC, 'EPOLL_CLOEXEC']]),
  epoll_cmd: nameIn(namesOf(machine, /^EPOLL_CTL_/)),
} as const;

function nameIn(names: Names): (value: number) => string {
  return (value) => names.find(([number]) => number === value)?.[1] ?? String(value);
}

function bitsIn(names: Names, none = '0'): (value: number | string) => string {
  return (value) => bits(Number(value), names) || none;
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
