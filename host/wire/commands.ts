/** Commands to the driver, as scripts write them. `bc` makes them. */
import * as protocol from '../../assembly/abi/protocol.ts';
import { Command } from './command.ts';
import { checkForm, checkLong } from './forms.ts';
import { align, BROUGHT_ALONG, type PayloadInput, payloadOf } from './payload.ts';
import type { Return } from './returns.ts';
import { StreamSize, storeCommands } from './stream.ts';
import { camelCase } from './text.ts';
import { WORDS, type WordWith, words } from './words.ts';
import { WordView } from './wordview.ts';

/** A call to the node of a handle. */
export interface TransactionInput extends PayloadInput {
  /** The caller's number for the node; 0 is the context manager. */
  handle: number;
  code?: number;
  /** TF_ flags, e.g. TF_ONE_WAY of `binderlab/protocol`. */
  flags?: number;
  cookie?: bigint | number;
}

/** The reply to the call that the thread received last. */
export interface ReplyInput extends Omit<TransactionInput, 'handle'> {
  /** 0 when absent. The driver ignores it: a reply goes back to the caller. */
  handle?: number;
}

/** A node of the caller's own, as in BR_INCREFS and BR_ACQUIRE. */
export interface NodeName {
  ptr: bigint | number;
  cookie: bigint | number;
}

type Long = bigint | number;

/** By payload, how a command of a word is made; `name` is what scripts call it. */
const MAKERS = {
  nothing: (word: number) => {
    const command = Command.plain(word);
    return (): Command => command;
  },
  handle: (word: number, name: string) => (handle: number) => Command.plain(word, given(name, 'handle', handle)),
  handleCookie: (word: number, name: string) => (handle: number, cookie: Long) =>
    Command.plain(word, given(name, 'handle', handle), given(name, 'cookie', cookie)),
  priorityHandle: (word: number, name: string) => (priority: number, handle: number) =>
    Command.plain(word, given(name, 'priority', priority), given(name, 'handle', handle)),
  node: (word: number, name: string) => (node: NodeName) =>
    Command.plain(word, given(name, 'ptr', node?.ptr), given(name, 'cookie', node?.cookie)),
  done: (word: number, name: string) => (cookie: Long) => Command.plain(word, given(name, 'cookie', cookie)),
  result: (word: number, name: string) => (result: number) => Command.plain(word, given(name, 'result', result)),
};

/** What a script gives for a number. @throws BinderlabError unless it is one. */
function given<T extends Long>(name: string, field: string, value: T): T {
  if (typeof value !== 'number' || Number.isNaN(value)) checkLong(`bc.${name}`, field, value);
  return value;
}

type PlainWord = WordWith<'BC_', keyof typeof MAKERS>;
type Camel<N> = N extends `${infer A}_${infer B}` ? `${Lowercase<A>}${Capitalize<Camel<B>>}` : Lowercase<string & N>;
type PlainMakers = {
  [W in PlainWord as W extends `BC_${infer N}` ? Camel<N> : never]: ReturnType<(typeof MAKERS)[(typeof WORDS)[W]]>;
};

/** BC_INCREFS_DONE is made by `increfsDone`. */
function plainMakers(): PlainMakers {
  const makers = words('BC_').flatMap(([word, name]) => {
    const payload = WORDS[name];
    if (!(payload in MAKERS)) return [];
    const maker = camelCase(name.slice('BC_'.length).toLowerCase());
    return [[maker, MAKERS[payload as keyof typeof MAKERS](word, maker)]];
  });
  return Object.fromEntries(makers) as PlainMakers;
}

/**
 * Makes commands: `bc.transaction({ handle: 0, code: 1 })`. Has all of the protocol, and raw bytes.
 *
 * `enterLooper` is for a thread that the process made of its own accord, `registerLooper` for one that the driver asked for by
 * BR_SPAWN_LOOPER. No driver ever implemented `attemptAcquire` and `acquireResult`: EINVAL.
 */
export const bc = {
  ...plainMakers(),
  transaction: (input: TransactionInput): Command => transaction(protocol.BC_TRANSACTION, input),
  reply: (input: ReplyInput = {}): Command => transaction(protocol.BC_REPLY, input),
  /** Scatter-gather: `ptr` objects carry buffers of their own. */
  transactionSg: (input: TransactionInput): Command => transaction(protocol.BC_TRANSACTION_SG, input),
  replySg: (input: ReplyInput = {}): Command => transaction(protocol.BC_REPLY_SG, input),

  /** Frees a received buffer: takes the BR_TRANSACTION or BR_REPLY that named it, or its address. */
  freeBuffer: (received: { readonly buffer: number } | number): Command =>
    Command.plain(
      protocol.BC_FREE_BUFFER,
      given('freeBuffer', 'buffer', typeof received === 'number' ? received : received?.buffer),
    ),

  /** Acknowledges BR_INCREFS and BR_ACQUIRE: makes a BC_*_DONE for each of them among the returns. */
  acknowledge: (returns: readonly Return[]): Command[] =>
    returns.flatMap((one) => {
      if (one.name === 'BR_INCREFS') return bc.increfsDone(one);
      return one.name === 'BR_ACQUIRE' ? bc.acquireDone(one) : [];
    }),

  /** Raw bytes of the stream, valid or not. */
  raw: (bytes: Uint8Array): Command => {
    checkForm('bc.raw', { bytes });
    return Command.raw(bytes);
  },

  /**
   * The bytes of a list of commands: the stream, then the payloads.
   *
   * @param address User address of the first byte: pointers in the stream are relative to it.
   */
  bytes: (commands: readonly Command[], address = 0): Uint8Array => {
    const { size, stream } = new StreamSize(commands);
    const memory = new WordView(new ArrayBuffer(align(size, 8)));
    storeCommands(memory, 0, address, commands, stream);
    return memory.u8.subarray(0, size);
  },
};

/** The fast path: most messages are plain bytes. Kept small, so that the engine inlines it. */
function transaction(word: number, input: ReplyInput): Command {
  const { handle = 0, code = 0, flags = 0, cookie = 0, data } = input;
  for (const name in input) if (!isField(name)) checkMessage(word, input);
  const isBare = input.objects === undefined && input.offsets === undefined && input.buffersSize === undefined;
  const isPlain = typeof handle === 'number' && isWord(handle) && isWord(code) && isWord(flags) && cookie === 0;
  if (isBare && isPlain && data instanceof Uint8Array) {
    return new Command(word, handle, cookie, code, flags, data, BROUGHT_ALONG, data.length, null);
  }
  if (!isPlain || !isPayload(input) || (input.handle === undefined && !isReply(word))) checkMessage(word, input);
  const { bytes, placedAt, dataSize, attached } = payloadOf(input);
  return new Command(word, handle, cookie, code, flags, bytes, placedAt, dataSize, attached);
}

const isReply = (word: number) => word === protocol.BC_REPLY || word === protocol.BC_REPLY_SG;

/** Quick, and false for what only the rule of a field knows: negative numbers, more than 32 bits. */
const isWord = (value: number) => value >>> 0 === value;

/** Whether messages have such a field. A switch: a set would take as long as the rest of the command. */
function isField(name: string): boolean {
  switch (name) {
    case 'handle':
    case 'code':
    case 'flags':
    case 'cookie':
    case 'data':
    case 'objects':
    case 'offsets':
    case 'buffersSize':
      return true;
    default:
      return false;
  }
}

function checkMessage(word: number, input: ReplyInput): void {
  const { handle, code, flags, cookie, data, objects, offsets, buffersSize, ...others } = input;
  const fields = { handle, code, flags, cookie, data, objects, offsets, buffersSize };
  checkForm(isReply(word) ? 'bc.reply' : 'bc.transaction', fields, others);
}

/** A cheap check of a payload's kind. */
function isPayload({ data, objects, offsets, buffersSize }: ReplyInput): boolean {
  if (objects !== undefined && !Array.isArray(objects)) return false;
  if (offsets !== undefined && !Array.isArray(offsets)) return false;
  if (buffersSize !== undefined && typeof buffersSize !== 'number') return false;
  if (data === undefined || typeof data === 'string' || ArrayBuffer.isView(data)) return true;
  return data !== null && typeof data.address === 'number' && typeof data.length === 'number';
}
