/**
 * Command streams: words of the protocol, each with the payload that its row in host/wire/words.ts names, or any bytes.
 *
 *     | commands, up to 512 bytes | what they point at, each at a multiple of 8 ...
 *     ^ wbuf                      ^ wbuf + 512
 */
import * as protocol from '../../assembly/abi/protocol.ts';
import type { Thread } from '../os/thread.ts';
import { type Payload, payloadSize, WORDS, type WordWith, words } from '../wire/words.ts';
import { Bytes } from './bytes.ts';
import { addObjects, type DrawnMessage, someHandle, someNode } from './objects.ts';
import { someBytes, someInt, someSize } from './values.ts';
import { type FuzzWorld, MAPPINGS } from './world.ts';

const COMMANDS_MAX = 512;
const COMMAND_MAX = 4 + 72;
const PLACES_MAX = 2048;
const DATA_MAX = 1024;
/** Cookies of notifications are few, so that an answer often names the right one. */
const COOKIE = 0xd000;

type Command = WordWith<'BC_', Payload>;
type Maker = (stream: CommandStream, word: number) => void;

const FLAGS: readonly number[] = [
  0,
  0,
  protocol.TF_ONE_WAY,
  protocol.TF_ONE_WAY,
  protocol.TF_ACCEPT_FDS,
  protocol.TF_ACCEPT_FDS,
  protocol.TF_ACCEPT_FDS | protocol.TF_CLEAR_BUF,
  protocol.TF_ONE_WAY | protocol.TF_UPDATE_TXN,
  protocol.TF_ONE_WAY | protocol.TF_ACCEPT_FDS,
];

/** How often a command is drawn: those without a number once. */
const WEIGHTS: Readonly<Partial<Record<Command, number>>> = {
  BC_TRANSACTION: 10,
  BC_TRANSACTION_SG: 6,
  BC_REPLY: 3,
  BC_REPLY_SG: 2,
  BC_FREE_BUFFER: 6,
  BC_ACQUIRE: 2,
  BC_RELEASE: 2,
  BC_INCREFS_DONE: 2,
  BC_ACQUIRE_DONE: 2,
  BC_DEAD_BINDER_DONE: 2,
};
const COMMANDS: readonly (readonly [word: number, name: Command])[] = words('BC_').flatMap((row) =>
  new Array<[number, Command]>(WEIGHTS[row[1]] ?? 1).fill(row),
);

export class CommandStream {
  readonly #commands = new Bytes(COMMANDS_MAX + PLACES_MAX);
  readonly #places = new Bytes(PLACES_MAX);
  readonly #message: DrawnMessage = { data: new Bytes(DATA_MAX), offsets: [], extra: 0 };
  readonly #offsets = new Bytes(DATA_MAX);
  /** Commands put into streams so far. */
  commands = 0;
  world!: FuzzWorld;
  thread!: Thread;
  #wbuf = 0;

  /** Draws a stream for a call of the thread. @returns The bytes at `wbuf`, and how many of them are commands. */
  draw(world: FuzzWorld, thread: Thread, wbuf: number): { poke: Uint8Array; size: number } {
    const { dice } = world;
    this.world = world;
    this.thread = thread;
    this.#wbuf = wbuf;
    this.#commands.clear();
    this.#places.clear();
    if (dice.below(40) === 0) {
      const poke = someBytes(world, 200);
      return { poke, size: poke.length };
    }
    for (let count = dice.of(COUNTS); count > 0 && this.#commands.length + COMMAND_MAX <= COMMANDS_MAX; count--) {
      this.#draw();
    }
    const size = this.#commands.length;
    if (this.#places.length > 0) this.#commands.upTo(COMMANDS_MAX).raw(this.#places.take());
    const poke = this.#commands.take();
    if (poke.length > 0 && dice.below(24) === 0) poke[dice.below(poke.length)] = dice.below(256);
    return { poke, size };
  }

  get bytes(): Bytes {
    return this.#commands;
  }

  #draw(): void {
    const { dice } = this.world;
    this.commands++;
    if (dice.below(60) === 0) {
      this.#commands.u32(dice.of(NO_WORDS)).u64(dice.below(9));
      return;
    }
    const [word, name] =
      this.world.isServing(this.thread) && dice.below(3) === 0 ? dice.of(REPLIES) : dice.of(COMMANDS);
    this.#commands.u32(word);
    const end = this.#commands.length + payloadSize(word);
    MAKERS[WORDS[name]](this, word);
    this.#commands.upTo(end);
  }

  /** A transaction or reply with data, at a place of its own. */
  message(word: number, isReply: boolean): void {
    const { world, thread } = this;
    const { dice } = world;
    const message = this.#message;
    const { data, offsets } = message;
    data.clear();
    offsets.length = 0;
    message.extra = 0;
    if (isReply) world.replied(thread);
    const isSg = payloadSize(word) > PLAIN;
    if (dice.below(isSg ? 6 : 2) > 0) addObjects(world, thread, message, (size, first) => this.#place(size, first));
    else data.counting(dice.of(DATA_SIZES), dice.below(256));
    const large = dice.below(10) === 0;
    const address = large ? world.address() : this.#placed(data.take());
    const places = this.#offsets.clear();
    for (const offset of offsets) places.u64(offset);
    const size = large ? someSize(world) : data.length;
    const values = [size, places.length, address, places.length === 0 ? 0 : this.#placed(places.take()), message.extra];
    if (dice.below(8) === 0) this.#spoil(values);
    const [dataSize, offsetsSize, buffer, at, extra] = values as [number, number, number, number, number];
    this.#commands
      .u64(isReply ? 0 : someHandle(world))
      .u64(dice.below(3))
      .u32(dice.below(5))
      .u32(dice.below(30) === 0 ? dice.below(0x100) : dice.of(FLAGS))
      .u64(0)
      .u64(dataSize)
      .u64(offsetsSize)
      .u64(buffer)
      .u64(at);
    if (isSg) this.#commands.u64(extra);
  }

  /** Changes one of the sizes and pointers of a message. */
  #spoil(values: number[]): void {
    const { world } = this;
    const { dice } = world;
    const at = dice.below(values.length);
    const old = values[at] as number;
    const isPointer = at === 2 || at === 3;
    const near = old + dice.of([-24, -8, -4, -1, 1, 4, 8, 24, 4096]);
    values[at] = dice.below(2) === 0 ? Math.max(0, near) : isPointer ? world.address() : someSize(world);
  }

  #place(size: number, first: number): number {
    if (!this.#places.hasRoom(size + 8)) return this.world.address();
    const at = this.#aligned();
    if (first % 3 === 0) for (let i = 0; i + 4 <= size; i += 4) this.#places.u32(3 + (first % 7));
    else this.#places.counting(size, first);
    return at;
  }

  #placed(bytes: Uint8Array): number {
    if (!this.#places.hasRoom(bytes.length + 8)) return this.world.address();
    const at = this.#aligned();
    this.#places.raw(bytes);
    return at;
  }

  #aligned(): number {
    this.#places.upTo((this.#places.length + 7) & -8);
    return this.#wbuf + COMMANDS_MAX + this.#places.length;
  }
}

const PLAIN = payloadSize(protocol.BC_TRANSACTION);
const COUNTS: readonly number[] = [0, 1, 1, 1, 2, 2, 3, 5];
const DATA_SIZES: readonly number[] = [0, 4, 8, 13, 24, 100];
const REPLIES: readonly (readonly [word: number, name: Command])[] = COMMANDS.filter(([, name]) =>
  name.startsWith('BC_REPLY'),
);
/** Words that are no command, or of the wrong family. */
const NO_WORDS: readonly number[] = [0, 0x6320, 0x4004_6316, 0xffff_ffff, protocol.BR_NOOP, 0x4044_6301];

function addCookie({ world, bytes }: CommandStream): void {
  bytes.u64(world.dice.below(16) === 0 ? someInt(world) : COOKIE + world.dice.below(4));
}

/** What follows a word, by the name of its payload. */
const MAKERS: { readonly [P in (typeof WORDS)[Command]]: Maker } = {
  nothing: () => {},
  handle: ({ world, bytes }) => bytes.u32(someHandle(world)),
  handleCookie: (stream) => {
    stream.bytes.u32(someHandle(stream.world));
    addCookie(stream);
  },
  priorityHandle: ({ world, bytes }) => bytes.u32(someInt(world)).u32(someHandle(world)),
  node: ({ world, thread, bytes }) => {
    const { ptr, cookie } = someNode(world, thread);
    bytes.u64(ptr).u64(cookie);
  },
  buffer: ({ world, thread, bytes }) => {
    const known = world.dice.below(16) === 0 ? undefined : world.bufferOf(thread);
    if (known !== undefined) world.freed(thread, known);
    bytes.u64(known ?? world.dice.of(MAPPINGS) + 8 * world.dice.below(64));
  },
  done: addCookie,
  result: ({ world, bytes }) => bytes.u32(someInt(world)),
  transaction: (stream, word) => stream.message(word, word === protocol.BC_REPLY),
  transactionSg: (stream, word) => stream.message(word, word === protocol.BC_REPLY_SG),
};
