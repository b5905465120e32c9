/**
 * Workload `socket`: the same call over a stream socket pair. A message is 8 bytes of length, then its bytes; the reply has
 * none. The receiver does not know a message's length beforehand, and has two ways to receive it:
 *
 *     oversized   its buffer holds any message and is at least as large as libbinder's mapping; it reads into that
 *     ask-first   it reads the length, maps exactly that much memory, reads into it, and unmaps it
 *
 * Either way each byte is copied twice, into the kernel's ring buffer and out of it, in parts of at most 64 KiB.
 */
import { MAP_ANONYMOUS, MAP_PRIVATE, PAGE_SIZE, PROT_READ, PROT_WRITE } from '../../assembly/abi/machine.ts';
import type { Machine } from '../machine.ts';
import type { ReadCall, WriteCall } from '../os/call.ts';
import type { Process } from '../os/process.ts';
import { MAP_LENGTH } from '../os/thread.ts';
import { NO_BYTES, u64At } from '../wire/endian.ts';
import { BinderlabError } from '../wire/error.ts';
import { align } from '../wire/payload.ts';
import { ScenePayload } from './payload.ts';
import type { Receive, Scene, SceneChoice, Workload } from './scene.ts';

/** Bytes of the length field. */
const HEADER = 8;
/** Descriptor numbers of the two ends, apart from others. */
const CLIENT_FD = 100;
const SERVER_FD = 101;

const WHAT: Readonly<Record<Receive, string>> = {
  oversized:
    'No Binder: the call over a stream socket pair; the server keeps a buffer that holds any message, and reads into it.',
  'ask-first':
    'No Binder: the call over a stream socket pair; the server reads the length, maps so much memory, reads, and unmaps it.',
};

export const SOCKETS: readonly Workload[] = (['oversized', 'ask-first'] as const).map((receive) => ({
  name: 'socket',
  what: WHAT[receive],
  usesBinder: false,
  receive,
  sends: ['inline'] as const,
  jumps: { every: PAGE_SIZE, header: HEADER },
  open: (machine: Machine, choice: SceneChoice) => new SocketScene(machine, choice, receive),
}));

class SocketScene implements Scene {
  readonly #client: Process;
  readonly #server: Process;
  readonly #payload: ScenePayload;
  /** Address of the client's header, right before the payload; and where each side reads one. */
  readonly #message: number;
  readonly #clientHeader: number;
  readonly #serverHeader: number;
  /** The server's buffer for any message; 0 with `ask-first`. */
  #buffer = 0;
  /** The server's pending read, and the address of its bytes. */
  #waiting: ReadCall | null = null;
  #received: Uint8Array = NO_BYTES;

  constructor(
    machine: Machine,
    { payload }: SceneChoice,
    private readonly receive: Receive,
  ) {
    this.#client = machine.spawn('client');
    const { main } = this.#client;
    main.sys.makeFile('socketpair', CLIENT_FD, SERVER_FD, NO_BYTES);
    this.#server = this.#client.fork('server');
    main.close(SERVER_FD);
    this.#server.main.close(CLIENT_FD);
    this.#message = this.#client.alloc(PAGE_SIZE + payload, PAGE_SIZE) + PAGE_SIZE - HEADER;
    this.#payload = new ScenePayload(this.#client, payload, this.#message + HEADER);
    this.#client.write(this.#message, headerOf(payload));
    this.#clientHeader = headerRoom(this.#client);
    this.#serverHeader = headerRoom(this.#server);
  }

  /** Bytes of an oversized buffer. */
  get #room(): number {
    return Math.max(MAP_LENGTH, align(HEADER + this.#payload.placed.length, PAGE_SIZE));
  }

  /** Maps nothing for messages; an oversized buffer exists from the start. */
  map(): void {
    if (this.receive !== 'oversized') return;
    this.#buffer = this.#server.alloc(this.#room, PAGE_SIZE);
    this.#server.main.sys.fill(this.#buffer, this.#room, 0);
  }

  write(): void {
    this.#payload.write();
  }

  call(): void {
    this.#waiting ??= this.#begin();
    const total = HEADER + this.#payload.placed.length;
    let writing = this.#client.main.sys.write(CLIENT_FD, this.#message, NO_BYTES, total);
    let sent = 0;
    /** The client continues after its write. */
    const goOn = () => {
      while (writing.done && sent + bytesOf(writing) < total) {
        sent += bytesOf(writing);
        writing = this.#client.main.sys.write(CLIENT_FD, this.#message + sent, NO_BYTES, total - sent);
      }
    };
    this.#received = this.receive === 'oversized' ? this.#readAll(goOn) : this.#askAndRead(goOn);
    this.#server.main.sys.write(SERVER_FD, this.#serverHeader, headerOf(0));
    if (bytesOf(this.#client.main.sys.read(CLIENT_FD, this.#clientHeader, HEADER)) !== HEADER) {
      throw new BinderlabError('the reply did not arrive whole');
    }
    this.#waiting = this.#begin();
  }

  check(): void {
    this.#payload.check(this.#received);
  }

  /** The server starts to wait for a message. */
  #begin(): ReadCall {
    const { sys } = this.#server.main;
    return this.receive === 'oversized'
      ? sys.read(SERVER_FD, this.#buffer, this.#room)
      : sys.read(SERVER_FD, this.#serverHeader, HEADER);
  }

  #readAll(goOn: () => void): Uint8Array {
    let got = bytesOf(this.#waiting as ReadCall);
    const length = u64At(this.#server.read(this.#buffer, HEADER), 0);
    while (got < HEADER + length) {
      goOn();
      got += bytesOf(this.#server.main.sys.read(SERVER_FD, this.#buffer + got, this.#room - got));
    }
    return length === 0 ? NO_BYTES : this.#server.read(this.#buffer + HEADER, length);
  }

  #askAndRead(goOn: () => void): Uint8Array {
    const { sys } = this.#server.main;
    bytesOf(this.#waiting as ReadCall);
    const length = u64At(this.#server.read(this.#serverHeader, HEADER), 0);
    if (length === 0) return NO_BYTES;
    const at = sys.call('mmap', {
      addr: 0,
      len: length,
      prot: PROT_READ | PROT_WRITE,
      flags: MAP_PRIVATE | MAP_ANONYMOUS,
      fd: -1,
      off: 0,
    });
    for (let got = 0; got < length; ) {
      goOn();
      got += bytesOf(sys.read(SERVER_FD, at + got, length - got));
    }
    const bytes = this.#server.read(at, length);
    sys.call('munmap', { addr: at, len: length });
    return bytes;
  }
}

/** Allocates memory for a header, and faults its page in. */
function headerRoom(process: Process): number {
  const address = process.alloc(HEADER, HEADER);
  process.write(address, headerOf(0));
  return address;
}

function headerOf(length: number): Uint8Array {
  const bytes = new Uint8Array(HEADER);
  new DataView(bytes.buffer).setUint32(0, length, true);
  return bytes;
}

/** @returns Bytes moved by a transfer. @throws BinderlabError when it parked or failed. */
function bytesOf(call: ReadCall | WriteCall): number {
  if (!call.done || (call.ret as number) <= 0) {
    throw new BinderlabError(`a transfer over the socket came to ${call.done ? call.ret : 'a standstill'}`);
  }
  return call.ret as number;
}
