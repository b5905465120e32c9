/** Performs a step that a journal holds: reads its inputs, and makes the call that they describe. */
import { type DebugFile, type DebugFiles, isDebugFile, shownNodes } from './inspect/debugfs.ts';
import { addressOfHex, bytesOfHex } from './kernel/hex.ts';
import { type ArenaRange, type People, Process } from './kernel/process.ts';
import type { System } from './kernel/system.ts';
import type { DumpOutput, StepInput } from './trace/journal.ts';

/** The machine's parts that a step may need. */
export interface Stage {
  readonly system: System;
  readonly people: People;
  readonly arena: ArenaRange;
  readonly debugFiles: DebugFiles;
}

/** What a dump of a file answers that is not there. */
const MISSING: DumpOutput = { exists: false, text: null };
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** @throws BinderlabError when the step cannot be made: an unknown name, a thread that sleeps or has ended. */
export function performStep(stage: Stage, step: StepInput): void {
  const { people, system } = stage;
  switch (step.op) {
    case 'proc':
      Process.spawn(system, people, step.in.name, step.in.pid, step.in.uid, stage.arena);
      return;
    case 'kill':
      people.process(step.in.proc).kill();
      return;
    case 'signal':
      people.thread(step.in.thread).signal();
      return;
    case 'await':
      people.thread(step.in.thread).awaitTimeout(step.in.ms);
      return;
    case 'dump':
      if (isDebugFile(step.in.file)) dumpFile(stage, step.in.file);
      else system.read('dump', { file: step.in.file }, () => MISSING);
      return;
    case 'shrink':
      shrink(stage, step.in.pages);
      return;
    case 'note':
      system.act('note', null, step.in, () => {});
      return;
    default:
      performCall(people, step);
  }
}

/**
 * Reads a file of debugfs as somebody on the machine does: a step, for it may wake threads.
 *
 * @throws BinderlabError when the driver never has such a file.
 */
export function dumpFile({ debugFiles, system }: Stage, file: string): DebugFile {
  const shown = shownNodes(file);
  const { text } = system.read('dump', { file }, (): DumpOutput => {
    if (shown !== null) system.raw.debugfsRead(shown.pid, shown.asyncOnly ? 1 : 0);
    const read = debugFiles.read(file);
    return read.exists ? read : MISSING;
  });
  return { exists: text !== null, text: text ?? '' };
}

/** Lets the shrinker take pages that no buffer touches, the ones longest unused first. @returns How many it got. */
export function shrink({ system }: Stage, pages: number): number {
  return system.read('shrink', { pages }, () => ({ ret: system.raw.shrinkScan(pages) })).ret;
}

/** The steps that a thread makes. */
type CallInput = Extract<StepInput, { by: string }>;

function performCall(people: People, step: CallInput): void {
  const thread = people.thread(step.by);
  const { sys } = thread;
  switch (step.op) {
    case 'spawn':
      people.process(thread.home.name).thread(step.in.thread, { tid: step.in.tid, by: thread });
      return;
    case 'fork':
      people.process(thread.home.name).fork(step.in.name, { pid: step.in.pid, by: thread });
      return;
    case 'texit':
      thread.exit();
      return;
    case 'exit':
      thread.exitProcess();
      return;
    case 'setuid':
      sys.setUid(step.in.uid);
      return;
    case 'setcon':
      sys.setContext(bytesOfHex(step.in.context));
      return;
    case 'rlimit':
      sys.setRlimit(step.in.nofile);
      return;
    case 'poke':
      sys.poke(addressOfHex(step.in.addr), bytesOfHex(step.in.bytes));
      return;
    case 'fill':
      sys.fill(addressOfHex(step.in.addr), step.in.len, step.in.byte);
      return;
    case 'peek':
      sys.peek(addressOfHex(step.in.addr), step.in.len);
      return;
    case 'open':
      sys.open(step.in.flags, step.in.device);
      return;
    case 'close':
      sys.close(step.in.fd);
      return;
    case 'dup':
      sys.dup(step.in.fd, step.in.to);
      return;
    case 'fcntl':
      sys.fcntl(step.in.fd, step.in.cmd, step.in.arg);
      return;
    case 'mmap': {
      const { addr, len, prot, flags, fd, off } = step.in;
      sys.mmap(addressOfHex(addr), len, prot, addressOfHex(flags), fd, off);
      return;
    }
    case 'munmap':
      sys.munmap(addressOfHex(step.in.addr), step.in.len);
      return;
    case 'mprotect':
      sys.mprotect(addressOfHex(step.in.addr), step.in.len, step.in.prot);
      return;
    case 'poll':
      sys.poll(step.in.fd, step.in.events, step.in.timeout);
      return;
    case 'read':
      sys.read(step.in.fd, addressOfHex(step.in.addr), step.in.len);
      return;
    case 'write':
      sys.write(step.in.fd, addressOfHex(step.in.addr), bytesOfHex(step.in.poke), step.in.len);
      return;
    case 'ftruncate':
      sys.ftruncate(step.in.fd, step.in.len);
      return;
    case 'mkfd': {
      const { kind, fd, fd2 = -1, content } = step.in;
      sys.makeFile(kind, fd, fd2, content === undefined ? NO_BYTES : bytesOfHex(content));
      return;
    }
    case 'fdinfo':
      sys.fileInfo(step.in.fd);
      return;
    case 'ioctl': {
      const { fd, cmd, arg, poke, out_len } = step.in;
      sys.ioctl(fd, addressOfHex(cmd), addressOfHex(arg), bytesOfHex(poke), out_len);
      return;
    }
    case 'wr': {
      const { fd, arg, wbuf, poke, write_size, write_consumed, rbuf, read_size, read_consumed } = step.in;
      sys.writeRead({
        fd,
        arg: addressOfHex(arg),
        wbuf: addressOfHex(wbuf),
        poke: bytesOfHex(poke),
        writeSize: write_size,
        writeConsumed: write_consumed,
        rbuf: addressOfHex(rbuf),
        readSize: read_size,
        readConsumed: read_consumed,
      });
      return;
    }
  }
}
