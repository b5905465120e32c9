/** struct epoll_event as epoll_wait(2) stores it. */
import { EPOLL_EVENT_DATA, EPOLL_EVENT_SIZE } from '../../assembly/abi/machine.ts';
import { bigAt, u32At } from './endian.ts';

/** Events of one descriptor. */
export interface EpollEvent {
  /** EPOLL*. */
  readonly events: number;
  /** The number that was given with the descriptor. */
  readonly data: bigint;
}

export function epollEventsOf(bytes: Uint8Array): EpollEvent[] {
  const events: EpollEvent[] = [];
  for (let at = 0; at + EPOLL_EVENT_SIZE <= bytes.length; at += EPOLL_EVENT_SIZE) {
    events.push({ events: u32At(bytes, at), data: bigAt(bytes, at + EPOLL_EVENT_DATA) });
  }
  return events;
}
