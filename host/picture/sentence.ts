/** What a step did, in one sentence or two: who did what, which bytes went where, who sleeps and who wakes. */
import { callBegin, injectionText } from '../trace/call.ts';
import { eventsNamed, type TraceEvent } from '../trace/events.ts';
import type { Step, StepOf } from '../trace/journal.ts';
import type { Moment } from './moment.ts';
import { frameAt } from './translation.ts';

/** @param moment After the step. */
export function sentenceOf(moment: Moment): string {
  const { step } = moment;
  if (step === null) return 'The machine has booted. No process is there yet.';
  const parts = step.op === 'wr' ? callParts(step, moment) : [plainPart(step)];
  return [...parts, ...wakeParts(step)].join(' ');
}

function plainPart(step: Step): string {
  const error = errorOf(step);
  if (error !== null) return `${step.by ?? 'A step'} makes a call that fails: ${callBegin(step).begin}) is ${error}.`;
  switch (step.op) {
    case 'proc':
      return `Process ${step.in.name} begins, with pid ${step.in.pid}.`;
    case 'open':
      return `${step.by} opens the device: the driver now knows its process.`;
    case 'mmap':
      return `${step.by} maps ${Math.round(step.in.len / 1024)} KiB of the device: messages for its process will be there, read-only.`;
    case 'ioctl':
      return ioctlPart(step);
    case 'peek':
      return `${step.by} reads ${step.in.len} bytes at ${step.in.addr}, by itself: no call, no copy.`;
    case 'poke':
      return `${step.by} writes ${step.in.bytes.length / 2} bytes to its memory at ${step.in.addr}.`;
    case 'spawn':
      return `${step.by} starts thread ${step.in.thread}.`;
    case 'fork':
      return `${step.by} forks process ${step.in.name}.`;
    case 'exit':
      return `${step.by} ends its process: pages, handles and messages go with it.`;
    case 'texit':
      return `Thread ${step.by} ends.`;
    case 'kill':
      return `Process ${step.in.proc} is killed: pages, handles and messages go with it.`;
    case 'shrink':
      return `The shrinker takes back up to ${step.in.pages} unused pages of mappings.`;
    case 'inject':
      return `From now on: ${injectionText(step.in)}.`;
    case 'note':
      return `A note: ${step.in.text}.`;
    case 'signal':
      return `Thread ${step.in.thread} gets a signal.`;
    case 'await':
      return `Time passes, until the call of ${step.in.thread} times out.`;
    case 'dump':
      return `The file ${step.in.file} of debugfs is read.`;
    default:
      return `${step.by} calls ${callBegin(step).begin}).`;
  }
}

function ioctlPart(step: StepOf<'ioctl'>): string {
  const { by } = step;
  switch (step.in.name) {
    case 'BINDER_VERSION':
      return `${by} asks the driver for its version.`;
    case 'BINDER_SET_MAX_THREADS':
      return `${by} says how many threads the driver may ask for.`;
    case 'BINDER_SET_CONTEXT_MGR':
    case 'BINDER_SET_CONTEXT_MGR_EXT':
      return `${by} makes its process the context manager: handle 0 of every process leads there.`;
    case 'BINDER_FREEZE':
      return `${by} freezes or thaws a process.`;
    default:
      return `${by} calls ioctl ${step.in.name ?? step.in.cmd}.`;
  }
}

function callParts(step: StepOf<'wr'>, { names, events }: Moment): string[] {
  const error = errorOf(step);
  if (error !== null) return [`${step.by} calls BINDER_WRITE_READ, which fails with ${error}.`];
  const sent = eventsNamed(events, 'transaction').map(({ args }) => sendPart(step, args, names, events));
  const freed = (step.bc ?? []).filter((word) => word.startsWith('BC_FREE_BUFFER')).length;
  const parts = [...sent];
  if (freed > 0) {
    const frees = `${step.by} frees ${freed === 1 ? 'a buffer' : `${freed} buffers`}`;
    const [first] = parts;
    parts.splice(0, 1, first === undefined ? `${frees}.` : `${frees}, and ${first.slice(step.by.length + 1)}`);
  }
  const read = readPart(step.by, step.br);
  if (read !== null) parts.push(read);
  if (parts.length === 0 && !step.parked) parts.push(wordsPart(step));
  if (step.parked)
    parts.push(`${step.by} sleeps until there is ${sent.length > 0 && !isOneway(events) ? 'a reply' : 'work'}.`);
  return parts;
}

type Sent = ReturnType<typeof eventsNamed<'transaction'>>[number]['args'];

function sendPart({ by }: Step, sent: Sent, names: Moment['names'], events: readonly TraceEvent[]): string {
  const to = names.process(sent.dest_proc);
  const what = sent.reply ? `replies to ${to}` : `calls ${to}${isOnewayFlag(sent.flags) ? ' oneway' : ''}`;
  const size = sizeOf(sent.transaction, events);
  if (size === null) return `${by} ${what}, and the driver refuses it.`;
  const isTaken = eventsNamed(events, 'transaction_received').some(({ args }) => args.transaction === sent.transaction);
  const queued = isTaken ? '' : ` The message waits in ${to}’s queue.`;
  return `${by} ${what}${wayPart(sent, to, size, events)}${queued}`;
}

const NUMBERS = new Intl.NumberFormat('en');

/** "1,040,384". */
function countOf(value: number): string {
  return NUMBERS.format(value);
}

/** The way of the bytes, after "app.0 calls greeter". */
function wayPart(sent: Sent, to: string, size: number, events: readonly TraceEvent[]): string {
  const copies = eventsNamed(events, 'copy').filter(({ args }) => args.proc === sent.dest_proc);
  const first = copies.filter(({ args }) => args.source !== 0n).reduce((sum, { args }) => sum + args.size, 0);
  const written = new Set(copies.filter(({ args }) => args.source !== 0n).map(({ args }) => frameAt(args.target)));
  const isAgain = copies.some(({ args }) => args.source === 0n && !written.has(frameAt(args.target)));
  if (size === 0) return ' without data: nothing is copied.';
  if (first === 0) return `: no byte is copied. ${countOf(size)} bytes are lent, by entries in ${to}’s page table.`;
  if (isAgain) return `: ${countOf(first)} bytes are copied to the kernel, and once more to ${to}.`;
  const where = written.size > 1 ? `${written.size} frames that are` : 'a frame that is';
  return `: the driver copies ${countOf(first)} bytes once, to ${where} in ${to}’s mapping.`;
}

/** Bytes of a message; null when it failed. */
function sizeOf(transaction: number, events: readonly TraceEvent[]): number | null {
  const isIt = ({ args }: { args: { transaction: number } }) => args.transaction === transaction;
  const placed = eventsNamed(events, 'transaction_alloc_buf').find(isIt);
  if (placed === undefined || eventsNamed(events, 'transaction_failed_buffer_release').some(isIt)) return null;
  const { data_size, offsets_size, extra_buffers_size } = placed.args;
  return data_size + offsets_size + extra_buffers_size;
}

const TF_ONE_WAY = 1;

function isOnewayFlag(flags: number): boolean {
  return (flags & TF_ONE_WAY) !== 0;
}

function isOneway(events: readonly TraceEvent[]): boolean {
  return eventsNamed(events, 'transaction').every(({ args }) => args.reply !== 0 || isOnewayFlag(args.flags));
}

function wakeParts(step: Step): string[] {
  return (step.woken ?? []).map(({ by, br, out }) => {
    const read = readPart(by, br);
    if (read !== null) return read.replace(by, `${by} wakes: it`);
    return 'errno' in out && typeof out.errno === 'string' ? `${by} wakes with ${out.errno}.` : `${by} wakes.`;
  });
}

/** The most telling of what a thread read. */
function readPart(by: string, words: readonly string[] = []): string | null {
  const has = (pattern: RegExp) => words.some((word) => pattern.test(word));
  if (has(/^BR_TRANSACTION\b|^BR_TRANSACTION_SEC_CTX/))
    return `${by} gets the address of the message in its own mapping.`;
  if (has(/^BR_REPLY/)) return `${by} gets the address of the reply in its own mapping.`;
  if (has(/^BR_DEAD_BINDER/)) return `${by} gets notice of a death.`;
  if (has(/^BR_FROZEN_BINDER/)) return `${by} gets notice that a process was frozen or thawed.`;
  if (has(/^BR_SPAWN_LOOPER/)) return `${by} is asked to start another thread.`;
  const failed = words.find((word) => /^BR_(DEAD|FAILED|FROZEN)_REPLY/.test(word));
  return failed === undefined ? null : `${by} gets ${failed.split(' ', 1)[0]} instead of a reply.`;
}

function wordsPart({ by, bc = [], br = [] }: StepOf<'wr'>): string {
  const names = (words: readonly string[]) => [...new Set(words.map((word) => word.split(' ', 1)[0]))].join(', ');
  if (bc.length > 0) return `${by} gives the driver ${names(bc)}.`;
  return br.length > 0 ? `${by} reads ${names(br)}.` : `${by} gives the driver no command, and reads nothing.`;
}

function errorOf({ out }: Step): string | null {
  return out !== undefined && 'errno' in out && typeof out.errno === 'string' ? out.errno : null;
}
