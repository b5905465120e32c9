/** epoll_wait(2), which may sleep until one of the watched descriptors is ready. */
import { EPOLL_EVENT_SIZE } from '../../assembly/abi/machine.ts';
import { NO_BYTES } from '../wire/endian.ts';
import { type EpollEvent, epollEventsOf } from '../wire/epoll.ts';
import { Call, type Caller, type CallState, type Result } from './call.ts';

export class EpollCall extends Call {
  /** @internal */ override get op(): 'epoll_wait' {
    return 'epoll_wait';
  }

  #bytes: Uint8Array = NO_BYTES;

  /** @internal */ constructor(
    caller: Caller,
    private readonly address: number,
  ) {
    super(caller);
  }

  /** The events that are ready, at most as many as were asked for; none after a timeout or an error. */
  get events(): readonly EpollEvent[] {
    this.checkDone();
    return epollEventsOf(this.#bytes);
  }

  /** @internal */ protected override again(caller: Caller): EpollCall {
    return new EpollCall(caller, this.address);
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
    if (ret > 0) this.#bytes = this.caller.memory.load(this.address, ret * EPOLL_EVENT_SIZE);
  }
}
