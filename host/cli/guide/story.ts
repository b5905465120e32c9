/**
 * The guided first call itself: three processes register, get and use an object on one machine. Owns the processes, the
 * order of calls, and the views of one message after the driver has copied it.
 */
import { PAGE_SIZE } from '../../../assembly/abi/machine.ts';
import type { Inspector, SpaceOwner } from '../../inspect/inspector.ts';
import { type BootOptions, Machine } from '../../machine.ts';
import type { Process } from '../../os/process.ts';
import type { WriteReadCall } from '../../os/writeread.ts';
import { accessOf } from '../../picture/translation.ts';
import { eventsNamed } from '../../trace/events.ts';
import type { Command } from '../../wire/command.ts';
import { bc, type TransactionInput } from '../../wire/commands.ts';
import type { Counters } from '../../wire/counters.ts';
import { hexOfAddress, hexOfBytes } from '../../wire/hex.ts';
import type { TransactionReturn } from '../../wire/returns.ts';
import { type CallFacts, FactBook } from './facts.ts';

/** The message of the call, and its answer. */
const MESSAGE = 'Hello, Binder!';
/** The callee defines codes; these two are those of Android's servicemanager. */
const GET_SERVICE = 1;
const ADD_SERVICE = 3;
const NAME = 'greeter';
/** The service's names for its object: usually addresses in its own memory. */
const OBJECT = { ptr: 0xb1de, cookie: 0xc00c };

export interface Chapter {
  name: 'open' | 'register' | 'get' | 'use';
  calls: CallFacts[];
}

/** The bytes of the message through one address space. */
export interface View {
  address: string;
  /** The page-table entry of their page. */
  entry: string;
  /** Physical addresses: of the page, and of the first byte. */
  frame: string;
  physical: string;
  user: boolean;
  writable: boolean;
  bytes: string;
}

/** The message of chapter `use`, inspected while the service has it. */
export interface GuideMessage {
  text: string;
  size: number;
  /** The source of the copy, in the client's own memory. */
  sender: View;
  /** Physical address to which the driver copied them. */
  copiedTo: string;
  /** The kernel's own address of the copy; null when it has none. */
  kernel: View | null;
  receiver: View;
  /** Whether kernel and receiver map the same frame; false when the kernel has no address. */
  sameFrame: boolean;
}

/** The counters of the memory model in one part of the story. */
export interface Counted extends Counters {
  /** Bytes of reserved kernel address space at the end of the part. */
  kernelBytesReserved: number;
}

export interface Story {
  strategy: string;
  chapters: Chapter[];
  message: GuideMessage;
  /** The opening, the three calls, and the repeated call of the service. */
  counters: { open: Counted; calls: Counted; onceMore: Counted };
}

interface Actor {
  process: Process;
  fd: number;
}

/** Boots a machine and runs the whole story on it. */
export function playStory(options: BootOptions): Story {
  const machine = Machine.boot(options);
  const book = new FactBook(machine);
  const tally = new Tally(machine);

  const manager = join(machine, 'servicemanager', 1000);
  const service = join(machine, 'service', 1001);
  const client = join(machine, 'client', 10001);
  manager.process.main.becomeContextManager(manager.fd);
  let listening = say(manager, bc.enterLooper());
  const open: Chapter = { name: 'open', calls: book.take() };
  const counted = { open: tally.take() };

  const adding = call(service, {
    handle: 0,
    code: ADD_SERVICE,
    data: NAME,
    objects: [{ type: 'binder', ...OBJECT }],
  });
  const add = listening.expect('BR_TRANSACTION');
  const known = manager.process.handleOf(add);
  say(manager, bc.acquire(known), bc.freeBuffer(add), bc.reply());
  listening = manager.process.main.wait(manager.fd);
  const added = adding.expect('BR_REPLY');
  let serving = say(service, ...bc.acknowledge(adding.returns), bc.freeBuffer(added), bc.enterLooper());
  const register: Chapter = { name: 'register', calls: book.take() };

  const getting = call(client, { handle: 0, code: GET_SERVICE, data: NAME });
  const get = listening.expect('BR_TRANSACTION');
  say(manager, bc.freeBuffer(get), bc.reply({ objects: [{ type: 'handle', handle: known }] }));
  manager.process.main.wait(manager.fd);
  const got = getting.expect('BR_REPLY');
  const handle = client.process.handleOf(got);
  send(client, bc.acquire(handle), bc.freeBuffer(got));
  const getChapter: Chapter = { name: 'get', calls: book.take() };

  const greet = (look: (received: TransactionReturn) => void) => {
    const greeting = call(client, { handle, code: 1, data: MESSAGE });
    const received = serving.expect('BR_TRANSACTION');
    look(received);
    say(service, bc.freeBuffer(received), bc.reply({ data: service.process.textOf(received).toUpperCase() }));
    serving = service.process.main.wait(service.fd);
    send(client, bc.freeBuffer(greeting.expect('BR_REPLY')));
  };
  let message: GuideMessage | undefined;
  greet((received) => {
    message = messageOf(machine, book, client.process, service.process, received);
  });
  const use: Chapter = { name: 'use', calls: book.take() };
  const calls = tally.take();
  greet(() => {});
  const counters = { ...counted, calls, onceMore: tally.take() };
  machine.end();
  return {
    strategy: machine.strategy,
    chapters: [open, register, getChapter, use],
    message: message as unknown as GuideMessage,
    counters,
  };
}

/** The calls of every process before its first message. */
function join(machine: Machine, name: string, uid: number): Actor {
  const process = machine.spawn(name, { uid });
  const fd = process.main.open();
  process.main.version(fd);
  process.main.mmap(fd);
  return { process, fd };
}

/** Commands, then a read. */
function say({ process, fd }: Actor, ...commands: Command[]): WriteReadCall {
  return process.main.writeRead(fd, commands);
}

/** Commands alone. */
function send({ process, fd }: Actor, ...commands: Command[]): void {
  process.main.writeRead(fd, commands, { readSize: 0 });
}

function call(actor: Actor, transaction: TransactionInput): WriteReadCall {
  return say(actor, bc.transaction(transaction));
}

/** Finds the message by its copy event, and views it in three address spaces. Changes nothing. */
function messageOf(
  machine: Machine,
  book: FactBook,
  client: Process,
  service: Process,
  received: TransactionReturn,
): GuideMessage {
  const copy = eventsNamed(book.events, 'copy').findLast(({ args }) => args.proc === service.pid);
  if (copy === undefined) throw new Error('the driver copied nothing to the service');
  const { target, source, size } = copy.args;
  const view = (owner: SpaceOwner, address: bigint) => viewOf(machine, owner, address, size);
  const receiver = view(service, BigInt(received.buffer));
  const kernelAddress = kernelAddressOf(machine.inspect, target);
  const kernel = kernelAddress === null ? null : view('kernel', kernelAddress);
  return {
    text: MESSAGE,
    size,
    sender: view(client, source),
    copiedTo: hexOfAddress(target),
    kernel,
    receiver,
    sameFrame: kernel !== null && kernel.frame === receiver.frame,
  };
}

/** The kernel's own address of a byte of memory, found by a search of its whole page table; or null. */
function kernelAddressOf(inspect: Inspector, physical: number): bigint | null {
  for (const { start, end } of inspect.vmas('kernel')) {
    for (const { address, linear } of inspect.leaves('kernel', start, end)) {
      const offset = linear === null ? -1 : physical - linear;
      if (offset >= 0 && offset < PAGE_SIZE) return address + BigInt(offset);
    }
  }
  return null;
}

function viewOf({ inspect, guest }: Machine, owner: SpaceOwner, address: bigint, size: number): View {
  const walk = inspect.walk(owner, address);
  if (walk === null || walk.linear === null)
    throw new Error(`no page at 0x${address.toString(16)}, where the message is`);
  const { linear, descriptor } = walk;
  return {
    address: `0x${address.toString(16)}`,
    entry: `0x${descriptor.toString(16).padStart(16, '0')}`,
    frame: hexOfAddress(linear - (linear % PAGE_SIZE)),
    physical: hexOfAddress(linear),
    ...accessOf(descriptor),
    bytes: hexOfBytes(guest.u8.subarray(linear, linear + size)),
  };
}

/** Counters since the last reading. */
class Tally {
  #last: Counters;

  constructor(private readonly machine: Machine) {
    this.#last = machine.counters();
  }

  take(): Counted {
    const last = this.#last;
    const now = this.machine.counters();
    this.#last = now;
    const since: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(now)) {
      const before = last[name as keyof Counters];
      since[name] =
        typeof value === 'number'
          ? value - (before as number)
          : {
              user: value.user - (before as Counters['pteWrites']).user,
              kernel: value.kernel - (before as Counters['pteWrites']).kernel,
            };
    }
    const kernelBytesReserved = this.machine.guest.raw.kernelReserved();
    return { ...(since as unknown as Counters), kernelBytesReserved };
  }
}
