/** read(2) and write(2) between user memory and an open file. Both may sleep: at an empty stream, at a full one. */
import { NO_BYTES } from '../wire/endian.ts';
import { Call, type Caller, type CallState, type Result } from './call.ts';

export class ReadCall extends Call {
  /** @internal */ override get op(): 'read' {
    return 'read';
  }

  #bytes: Uint8Array = NO_BYTES;

  /** @internal */ constructor(
    caller: Caller,
    private readonly address: number,
  ) {
    super(caller);
  }

  /** The bytes read; none at the end of the file, and after an error. */
  get bytes(): Uint8Array {
    this.checkDone();
    return this.#bytes;
  }

  /** @internal */ protected override again(caller: Caller): ReadCall {
    return new ReadCall(caller, this.address);
  }

  /** @internal */ override output(): Result & { bytes?: Uint8Array } {
    const result = this.result();
    return result.ret < 0 ? result : { ...result, bytes: this.#bytes };
  }

  /** @internal */ override save(): CallState & { readonly bytes: Uint8Array } {
    return { ...super.save(), bytes: this.#bytes };
  }

  /** @internal */ override restore(state: CallState & { readonly bytes: Uint8Array }): void {
    super.restore(state);
    this.#bytes = state.bytes;
  }

  /** @internal */ protected override collect(ret: number): void {
    if (ret > 0) this.#bytes = this.caller.memory.load(this.address, ret);
  }
}

export class WriteCall extends Call {
  /** @internal */ override get op(): 'write' {
    return 'write';
  }

  /** @internal */ protected override again(caller: Caller): WriteCall {
    return new WriteCall(caller);
  }

  /** @internal */ override output(): Result {
    return this.result();
  }

  /** @internal */ protected override collect(): void {}
}
