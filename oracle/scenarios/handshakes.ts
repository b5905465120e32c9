/** The beginning of most scenarios: a context manager, a server whose object it knows, a client with a handle to it. */
import { TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import { bc, type Command, type TransactionFields } from '../commands.ts';
import { object, parcel } from '../objects.ts';
import { message } from '../outcome.ts';
import type { Script, ScriptProcess, StartOptions } from '../script.ts';

const CODE_REGISTER = 1;
const CODE_LOOKUP = 2;
/** Offset of the handle in a flat object. */
const HANDLE_AT = 8;
const OBJECT_SIZE = 24;

/** A context manager, parked in a read. */
export async function manager(s: Script, name = 'SM', options: StartOptions = {}): Promise<ScriptProcess> {
  const sm = await s.start(name, options);
  await sm.setContextMgr();
  await sm.loop();
  return sm;
}

export interface RegisterOptions {
  /** Flags of the object. */
  flags?: number;
  /** false: the owner owes BC_INCREFS_DONE and BC_ACQUIRE_DONE. */
  done?: boolean;
}

/** The owner registers an object with the manager. @returns the manager's handle */
export async function register(
  sm: ScriptProcess,
  owner: ScriptProcess,
  ptr: number,
  cookie: number,
  { flags = 0x100, done = true }: RegisterOptions = {},
): Promise<number> {
  await owner.rw([bc.transaction({ handle: 0, code: CODE_REGISTER, ...parcel(object.binder(ptr, cookie, flags)) })]);
  const call = message(sm.done());
  const { bytes } = await sm.peek(call.buffer, OBJECT_SIZE);
  const handle = bytes.readUInt32LE(HANDLE_AT);
  await sm.write(bc.acquire(handle), bc.freeBuffer(call.buffer), bc.reply());
  await sm.read();
  await sm.read();
  const reply = message(owner.done());
  const acknowledged = done ? [bc.increfsDone(ptr, cookie), bc.acquireDone(ptr, cookie)] : [];
  await owner.write(bc.freeBuffer(reply.buffer), ...acknowledged);
  return handle;
}

/** A client asks the manager for its handle. @returns the client's handle, acquired */
export async function lookup(sm: ScriptProcess, client: ScriptProcess, handle: number): Promise<number> {
  await client.rw([bc.transaction({ handle: 0, code: CODE_LOOKUP, data: Buffer.from('name') })]);
  const call = message(sm.done());
  await sm.write(bc.freeBuffer(call.buffer), bc.reply(parcel(object.handle(handle))));
  await sm.read();
  await sm.read();
  const reply = message(client.done());
  const { bytes } = await client.peek(reply.buffer, OBJECT_SIZE);
  const own = bytes.readUInt32LE(HANDLE_AT);
  await client.write(bc.acquire(own), bc.freeBuffer(reply.buffer));
  return own;
}

export interface TrioOptions {
  /** Flags of the server's object. */
  flags?: number;
  /** Bytes of the client's mapping, and of the server's. */
  map?: number;
  serverMap?: number;
  /** false: the server does not read yet. */
  park?: boolean;
}

export interface Trio {
  sm: ScriptProcess;
  /** The server; its object is 0x1000 with the cookie 0x1001. */
  a: ScriptProcess;
  /** The client. */
  b: ScriptProcess;
  /** The manager's handle, and the client's. */
  h: number;
  bh: number;
}

/** A manager, a server, and a client that holds a handle to the server's object. */
export async function trio(s: Script, { flags = 0x100, map, serverMap, park = true }: TrioOptions = {}): Promise<Trio> {
  const sm = await manager(s);
  const a = await s.start('A', { map: serverMap });
  const b = await s.start('B', { map });
  const h = await register(sm, a, 0x1000, 0x1001, { flags });
  const bh = await lookup(sm, b, h);
  if (park) await a.loop();
  return { sm, a, b, h, bh };
}

/** One more object, from its registration to the client's handle. */
export async function second(
  sm: ScriptProcess,
  owner: ScriptProcess,
  client: ScriptProcess,
  ptr: number,
  cookie: number,
  options: RegisterOptions = {},
): Promise<number> {
  return lookup(sm, client, await register(sm, owner, ptr, cookie, options));
}

/** A oneway call. */
export function oneway(handle: number, fields: TransactionFields = {}): Command {
  return bc.transaction({ handle, flags: TF_ONE_WAY, ...fields });
}
