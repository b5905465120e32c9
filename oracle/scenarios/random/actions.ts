/** The actions of a thread in a random program. Each makes a few calls, or none when it is impossible. */
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
} from '../../../assembly/abi/machine.ts';
import { TF_ONE_WAY, TF_STATUS_CODE } from '../../../assembly/abi/protocol.ts';
import { alignUp, u32 } from '../../bytes.ts';
import { DATA, MAP } from '../../calls.ts';
import { bc, type Command } from '../../commands.ts';
import { randomCall, randomContent, randomFrees } from './content.ts';
import { death, freeze, freezeNote } from './notifications.ts';
import type { ActionName } from './profiles.ts';
import { type Acting, readSize, send } from './sending.ts';

/** Actions that are a matter of the whole program. */
export type WholeAction = 'dump' | 'sig' | 'kill' | 'close' | 'newproc';
export type ThreadAction = Exclude<ActionName, WholeAction>;

const PEEK_MAX = 2048;
const PEEK_SIZES = [8, 24, 100] as const;
const THREADS_MAX = 5;
/** No command of any driver has a number so high. */
const UNKNOWN_WORD = 0x630c + 20;
const BAD_POINTER = 0x60000000;
const ODD_OFFSETS = [0, 2, 4, 8, 24] as const;
const BIG_SIZES = [20000, 40000, 70000, 600000] as const;
const EPOLLS_MAX = 3;
const EPOLL_EVENTS = [
  EPOLLIN,
  EPOLLIN,
  EPOLLIN | EPOLLET,
  EPOLLIN | EPOLLONESHOT,
  EPOLLIN | EPOLLOUT,
  EPOLLIN | EPOLLONESHOT | EPOLLET,
  EPOLLIN | EPOLLEXCLUSIVE,
  0,
] as const;
/** A descriptor that is free. */
const SPARE_FD = 40;

export async function read({ world, known, idle }: Acting): Promise<void> {
  const { draws } = world;
  if (idle <= 2 && known.expected === 0 && known.top !== 'out' && draws.chance(0.8)) return;
  const enters = !known.isLooper && draws.chance(0.5);
  if (enters) known.isLooper = true;
  known.expected = 0;
  await known.thread.wr({ write: enters ? [bc.enterLooper()] : [], read: readSize(world) });
}

async function call(acting: Acting): Promise<void> {
  const { world, known, process } = acting;
  if (known.top === 'out' && !world.draws.chance(0.05)) return;
  const handle = world.target(process);
  if (handle === null) return;
  const frees = world.draws.chance(0.15) ? randomFrees(world, process) : [];
  const commands = [...frees, randomCall(world, process, handle, 0)];
  known.target = handle;
  known.stack.push('out');
  const { ret } = await send(acting, commands, 0.85);
  if (ret < 0) known.stack.pop();
}

async function oneway(acting: Acting): Promise<void> {
  const { world, known, process } = acting;
  const handle = world.target(process);
  if (handle === null) return;
  known.target = handle;
  const commands = [randomCall(world, process, handle, TF_ONE_WAY)];
  while (world.draws.chance(0.3) && commands.length < 3) {
    commands.push(randomCall(world, process, world.target(process) ?? handle, TF_ONE_WAY));
  }
  await send(acting, commands, 0.6);
}

async function reply(acting: Acting): Promise<void> {
  const { world, known, process } = acting;
  const { draws } = world;
  if (known.top !== 'in' && !draws.chance(0.02)) return;
  if (known.top === 'in') known.stack.pop();
  const { fields, isScattered } = randomContent(world, process);
  const frees = draws.chance(0.4) ? randomFrees(world, process) : [];
  const make = isScattered ? bc.replySg : bc.reply;
  await send(acting, [...frees, make({ flags: draws.chance(0.1) ? TF_STATUS_CODE : 0, ...fields })], 0.7);
}

async function free(acting: Acting): Promise<void> {
  const commands = randomFrees(acting.world, acting.process);
  if (commands.length > 0) await send(acting, commands, 0.2);
}

/** Counts references up and down. */
async function refs(acting: Acting): Promise<void> {
  const { world, process } = acting;
  const { draws } = world;
  const commands: Command[] = [];
  do {
    const handle = draws.chance(0.06) ? 0 : world.someHandle(process);
    const make = draws.pick([bc.acquire, bc.increfs, bc.release, bc.release, bc.release, bc.decrefs]);
    if (make === bc.acquire) process.count(handle, 1);
    if (make === bc.release) process.count(handle, -1);
    commands.push(make(handle));
  } while (draws.chance(0.5) && commands.length < 4);
  await send(acting, commands, 0.12);
}

/** Acknowledges BR_INCREFS and BR_ACQUIRE. */
async function done(acting: Acting): Promise<void> {
  const { world, process } = acting;
  const { draws } = world;
  const commands: Command[] = [];
  while (process.owed.length > 0 && commands.length < 4 && (commands.length === 0 || draws.chance(0.7))) {
    const { isAcquire, ptr, cookie } = draws.take(process.owed, 0.8);
    const make = isAcquire ? bc.acquireDone : bc.increfsDone;
    commands.push(make(ptr, draws.chance(0.97) ? cookie : cookie + 1n));
  }
  if (commands.length === 0) {
    if (process.nodes.length === 0 || !draws.chance(0.15)) return;
    const node = draws.pick(process.nodes);
    const make = draws.pick([bc.increfsDone, bc.acquireDone]);
    if (node !== undefined) commands.push(make(node.ptr, node.cookie));
  }
  await send(acting, commands, 0.12);
}

/** Joins the thread pool, leaves it, or sets its size. */
async function pool(acting: Acting): Promise<void> {
  const { world, known, process } = acting;
  const { draws } = world;
  if (process.spawnsAsked > 0 && draws.chance(0.8)) {
    process.spawnsAsked--;
    known.isLooper = true;
    await send(acting, [bc.registerLooper()], 0.8);
    return;
  }
  const kind = draws.fraction();
  if (kind < 0.3) await known.thread.setMaxThreads(draws.below(5));
  else if (kind < 0.7) {
    known.isLooper = true;
    await send(acting, [bc.enterLooper()], 0.7);
  } else if (kind < 0.85) await send(acting, [bc.exitLooper()], 0.2);
  else await send(acting, [bc.registerLooper()], 0.3);
}

async function threadExit({ known }: Acting): Promise<void> {
  known.stack = [];
  known.isLooper = false;
  await known.thread.threadExit();
}

async function poll({ world: { draws }, known: { thread }, idle }: Acting): Promise<void> {
  await thread.poll(idle > 3 && draws.chance(0.25) ? -1 : 0);
}

/** Makes an epoll instance, changes what one watches, or waits for its events. */
async function epoll({ world: { draws }, known: { thread }, process, idle }: Acting): Promise<void> {
  const { epolls } = process;
  if (epolls.length === 0 || (epolls.length < EPOLLS_MAX && draws.chance(0.06))) {
    const { ret } = await thread.epollCreate();
    if (ret < 0) return;
    epolls.push(ret);
    await thread.epollAdd(ret, thread.fd, draws.pick(EPOLL_EVENTS));
    return;
  }
  const epfd = draws.pick(epolls) as number;
  const kind = draws.fraction();
  if (kind < 0.62) {
    const timeout = idle > 3 && draws.chance(0.35) ? -1 : 0;
    await thread.epollWait(epfd, { timeout, maxevents: 1 + draws.below(3) });
  } else if (kind < 0.97) {
    const fd = draws.chance(0.8) ? thread.fd : (draws.pick([...epolls, ...process.fds, SPARE_FD]) as number);
    const cmd = draws.pick([EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_MOD, EPOLL_CTL_DEL]);
    await thread.epollCtl(epfd, cmd, fd, draws.pick(EPOLL_EVENTS), fd);
  } else if (draws.chance(0.5)) {
    await thread.poll(0, EPOLLIN, epfd);
  } else {
    await thread.close(epfd);
    epolls.splice(epolls.indexOf(epfd), 1);
  }
}

async function info({ world, known: { thread }, process }: Acting): Promise<void> {
  const { draws } = world;
  if (!draws.chance(0.5)) {
    await thread.nodeInfoForRef(world.someHandle(process));
    return;
  }
  const node = process.nodes.length > 0 ? draws.pick(process.nodes) : undefined;
  await thread.nodeDebugInfo(node === undefined ? 0 : node.ptr - draws.below(2));
}

async function spawn({ world, known: { thread } }: Acting): Promise<void> {
  if (thread.proc.threads.length >= THREADS_MAX) return;
  const made = await thread.spawn();
  if (world.draws.chance(0.5)) await made.version();
}

/** Reads a message, and takes references to the handles in it; or inspects a received descriptor. */
async function peek(acting: Acting): Promise<void> {
  const { world, known, process } = acting;
  const message = process.unread.shift();
  if (message === undefined) {
    const fd = process.fdsTold.shift();
    if (fd !== undefined) await known.thread.fdinfo(fd);
    return;
  }
  const size = Math.min(PEEK_MAX, alignUp(message.dataSize, 8) + message.offsetsSize);
  const { bytes } = await known.thread.peek(message.buffer, size);
  const got = process.learn(message, bytes);
  if (got.length === 0 || !world.draws.chance(0.8)) return;
  for (const [handle, isStrong] of got) if (isStrong) process.count(handle, 1);
  const commands = got.map(([handle, isStrong]) => (isStrong ? bc.acquire(handle) : bc.increfs(handle)));
  await send(acting, commands, 0.05);
}

/** Actions that no sane process makes. */
async function bogus(acting: Acting): Promise<void> {
  const { world, known, process } = acting;
  const { draws } = world;
  switch (draws.below(7)) {
    case 0:
      await send(acting, [bc.freeBuffer(draws.pick([0, MAP, MAP + 8 * draws.below(64), ...process.freed.slice(-3)]))]);
      break;
    case 1:
      await send(acting, [bc.raw(u32(UNKNOWN_WORD + draws.below(50)))]);
      break;
    case 2: {
      const handle = world.target(process) ?? 1;
      const flags = draws.below(2);
      await send(acting, [
        bc.transaction({ handle, flags, data: Buffer.alloc(24), offsets: [draws.pick(ODD_OFFSETS)] }),
      ]);
      break;
    }
    case 3: {
      const handle = world.target(process) ?? 1;
      await send(acting, [bc.transaction({ handle, flags: TF_ONE_WAY, buffer: BAD_POINTER, data_size: 8 })]);
      break;
    }
    case 4: {
      const handle = () => draws.below(20);
      await send(acting, [bc.acquire(handle()), bc.release(handle()), bc.increfs(handle()), bc.decrefs(handle())]);
      break;
    }
    case 5:
      await known.thread.wr({ write: [bc.enterLooper()], wsize: draws.below(6), read: 0 });
      break;
    default:
      await send(acting, [bc.deadBinderDone(1), bc.clearDeath(world.someHandle(process), 1)]);
  }
}

async function big(acting: Acting): Promise<void> {
  const { world, process } = acting;
  const handle = world.target(process) ?? 1;
  const flags = world.draws.below(2);
  const fields = { handle, flags, buffer: DATA, data_size: world.draws.pick(BIG_SIZES) };
  await send(acting, [bc.transaction(fields)]);
}

/** Closes a duplicate of the descriptor, which flushes. */
async function flush({ known: { thread } }: Acting): Promise<void> {
  const { ret } = await thread.dup(thread.fd, SPARE_FD);
  if (ret === SPARE_FD) await thread.close(SPARE_FD);
}

export const ACTIONS: Readonly<Record<ThreadAction, (acting: Acting) => Promise<unknown>>> = {
  read,
  call,
  oneway,
  reply,
  free,
  refs,
  done,
  death,
  freeze,
  freezeNote,
  pool,
  threadExit,
  poll,
  epoll,
  nonblock: ({ world: { draws }, known: { thread } }) => thread.nonblock(draws.chance(0.5)),
  peekmap: ({ world: { draws }, known: { thread } }) =>
    thread.peek(MAP + 8 * draws.below(1200), draws.pick(PEEK_SIZES)),
  ee: ({ known: { thread } }) => thread.extendedError(),
  info,
  spawn,
  peek,
  bogus,
  big,
  flush,
  spam: ({ world: { draws }, known: { thread } }) => thread.spamDetection(draws.below(2)),
};
