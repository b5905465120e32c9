/** Converts the recorder's answer for a finished call into a journal's output. */
import { WRITE_READ_READ_CONSUMED, WRITE_READ_WRITE_CONSUMED } from '../assembly/abi/wire.ts';
import type {
  IoctlOutput,
  Output,
  PeekOutput,
  ResultOutput,
  StepInput,
  StoreOutput,
  WriteReadOutput,
} from '../host/trace/journal.ts';
import { errnoName } from '../host/wire/errno.ts';
import type { SignalName } from '../host/wire/kinds.ts';
import { address } from './bytes.ts';
import type { Completion } from './qemu.ts';

/** Names the open files of a scenario by their identity: file1, file2, ... in order of first appearance. */
export class FileNames {
  readonly #names = new Map<string, string>();

  /** @param identity Device and inode, as the recorder tells them. */
  nameOf(identity: string): string {
    const key = identity.slice(0, 32);
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = `file${this.#names.size + 1}`;
    this.#names.set(key, name);
    return name;
  }
}

const SIGNALS: Readonly<Record<number, SignalName>> = { 7: 'SIGBUS', 11: 'SIGSEGV' };
/** Block 'i' of fdinfo: device, inode, mode, and the flags of the descriptor. */
const DESCRIPTOR_FLAGS_AT = 20;

/** The output of the call that a step made. */
export function outputOf(step: StepInput, done: Completion, files: FileNames): Output {
  switch (step.op) {
    case 'mmap':
      return done.ret < 0 ? resultOf(done) : { ret: address(done.ret) };
    case 'poke':
    case 'fill':
      return storeOf(done);
    case 'peek':
      return { ...storeOf(done), bytes: block(done, 'd') ?? '' } satisfies PeekOutput;
    case 'ioctl':
      return { ...resultOf(done), ...(step.in.out_len > 0 ? { bytes: block(done, 'a') ?? '' } : {}) } as IoctlOutput;
    case 'wr':
      return writeReadOf(done, step.in.read_size);
    case 'poll': {
      const revents = block(done, 'v');
      return {
        ...resultOf(done),
        ...(revents === undefined ? {} : { revents: Buffer.from(revents, 'hex').readUInt16LE() }),
      };
    }
    case 'read':
    case 'epoll_wait':
      return { ...resultOf(done), ...(done.ret < 0 ? {} : { bytes: block(done, 'd') ?? '' }) };
    case 'mkfd': {
      const identity = block(done, 'i');
      return { ...resultOf(done), ...(identity === undefined ? {} : { file: files.nameOf(identity) }) };
    }
    case 'fdinfo':
      return fileInfoOf(done, files);
    default:
      return resultOf(done);
  }
}

function block(done: Completion, name: string): string | undefined {
  return done[name] as string | undefined;
}

function resultOf({ ret }: Completion): ResultOutput {
  return ret < 0 ? { ret, errno: errnoName(-ret) } : { ret };
}

/** Block 's': the number of the signal, and its code above that; all zero for none. */
function storeOf(done: Completion): StoreOutput {
  const told = Buffer.from(block(done, 's') ?? '0000000000000000', 'hex').readUInt32LE();
  const signal = SIGNALS[told & 0xff];
  return { ret: done.ret, ...(signal === undefined ? {} : { signal, si_code: told >>> 8 }) };
}

function fileInfoOf(done: Completion, files: FileNames): Output {
  const identity = block(done, 'i');
  if (identity === undefined) return resultOf(done);
  const cloexec = Buffer.from(identity, 'hex').readUInt32LE(DESCRIPTOR_FLAGS_AT) & 1;
  const content = block(done, 'd');
  return { ...resultOf(done), file: files.nameOf(identity), cloexec, ...(content === undefined ? {} : { content }) };
}

/** Block 'a' is struct binder_write_read after the call; 'r' is memory at rbuf up to the last byte that is known to be new. */
function writeReadOf(done: Completion, readSize: number): WriteReadOutput {
  const argument = block(done, 'a');
  const after = argument === undefined ? null : Buffer.from(argument, 'hex');
  const read_consumed = after === null ? null : Number(after.readBigInt64LE(WRITE_READ_READ_CONSUMED));
  const output: WriteReadOutput = {
    ...resultOf(done),
    write_consumed: after === null ? null : Number(after.readBigInt64LE(WRITE_READ_WRITE_CONSUMED)),
    read_consumed,
  };
  if (readSize <= 0) return output;
  const memory = block(done, 'r') ?? '';
  const end = 2 * Math.min(read_consumed ?? 0, memory.length / 2);
  output.read = memory.slice(0, end);
  if (memory.length > end) output.read_over = memory.slice(end);
  return output;
}
