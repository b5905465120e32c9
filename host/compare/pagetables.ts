/**
 * The page tables of both sides at three moments of a call of a few pages: before it, while the server holds the message, and
 * after the server has freed it.
 */
import { PAGE_SIZE, VMALLOC_START_HI, VMALLOC_START_LO } from '../../assembly/abi/machine.ts';
import type { SpaceOwner } from '../inspect/inspector.ts';
import type { WalkView } from '../inspect/memory.ts';
import { type BootOptions, Machine } from '../machine.ts';
import { MAP_ADDRESS, MAP_LENGTH } from '../os/thread.ts';
import { bc } from '../wire/commands.ts';
import type { Strategy } from '../wire/strategy.ts';
import { ScenePayload } from './payload.ts';
import { messageOf, Peers } from './peers.ts';

/** Pages of the message. */
const PAGES = 4;

/** Contiguous leaves that map contiguous frames with equal rights. */
export interface Stretch {
  address: bigint;
  /** Pages of 4 KiB; 512 of them in each block. */
  pages: number;
  /** Number of the first frame. */
  frame: number;
  /** "r", "rw", and other bits of the descriptor. */
  rights: string;
}

interface Tables {
  /** The client's memory with the payload. */
  client: Stretch[];
  /** The server's mapping. */
  server: Stretch[];
  /** The kernel's vmalloc area. */
  kernel: Stretch[];
}

/** The tables at the three moments. */
export interface Moments {
  before: Tables;
  held: Tables;
  after: Tables;
}

// bits of a descriptor; assembly/mem/pte.ts draws them
const READ_ONLY = 1n << 7n;
const CONTIGUOUS = 1n << 52n;
const COPY_ON_WRITE = 1n << 55n;
const LENT = 1n << 57n;
const FRAME_SHIFT = 12n;
const FRAME_MASK = (1n << 36n) - 1n;
const BLOCK_PAGES = 512;

export function tablesAroundCall(strategy: Strategy, boot: BootOptions): Moments {
  const machine = Machine.boot({ ...boot, strategy, journal: false });
  const peers = new Peers(machine);
  const payload = new ScenePayload(peers.client, PAGES * PAGE_SIZE);
  peers.map();
  const look = () => tables(machine, peers, payload);
  const before = look();
  const sent = peers.ask([bc.transaction({ handle: 0, data: payload.placed })]);
  const message = peers.arrived();
  peers.server.dataOf(message);
  const held = look();
  peers.answer([bc.freeBuffer(message.buffer), bc.reply()]);
  peers.ask([bc.freeBuffer(messageOf(sent).buffer)], 0);
  const after = look();
  machine.end();
  return { before, held, after };
}

function tables({ inspect }: Machine, { client, server }: Peers, { placed }: ScenePayload): Tables {
  const stretches = (owner: SpaceOwner, from: bigint, length: number) =>
    join(inspect.leaves(owner, from, from + BigInt(length)));
  const vmalloc = (BigInt(VMALLOC_START_HI >>> 0) << 32n) | BigInt(VMALLOC_START_LO >>> 0);
  return {
    client: stretches(client, BigInt(placed.address), placed.length),
    server: stretches(server, BigInt(MAP_ADDRESS), MAP_LENGTH),
    kernel: stretches('kernel', vmalloc, 4 * MAP_LENGTH),
  };
}

function join(leaves: readonly WalkView[]): Stretch[] {
  const found: Stretch[] = [];
  for (const { address, level, descriptor } of leaves) {
    const pages = level === 2 ? BLOCK_PAGES : 1;
    const frame = Number((descriptor >> FRAME_SHIFT) & FRAME_MASK);
    const rights = rightsOf(descriptor, level);
    const last = found[found.length - 1];
    const goesOn =
      last !== undefined &&
      last.rights === rights &&
      last.frame + last.pages === frame &&
      last.address + BigInt(last.pages * PAGE_SIZE) === address;
    if (goesOn) last.pages += pages;
    else found.push({ address, pages, frame, rights });
  }
  return found;
}

function rightsOf(descriptor: bigint, level: number): string {
  const words = [(descriptor & READ_ONLY) === 0n ? 'rw' : 'r'];
  if (level === 2) words.push('block');
  if ((descriptor & CONTIGUOUS) !== 0n) words.push('contiguous');
  if ((descriptor & LENT) !== 0n) words.push('lent');
  else if ((descriptor & COPY_ON_WRITE) !== 0n) words.push('copy on write');
  return words.join(', ');
}
