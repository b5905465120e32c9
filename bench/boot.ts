/** Boot up to the first ioctl, and the engine's part of it: an instance of the same wasm. */
import { DEVICE_BINDER, MAP_ANONYMOUS, MAP_PRIVATE, O_RDWR, PROT_READ, PROT_WRITE } from '../assembly/abi/machine.ts';
import { BINDER_VERSION } from '../assembly/abi/protocol.ts';
import { Guest } from '../host/guest/guest.ts';
import { type GuestChoice, good } from './scene.ts';

const ARENA = 0x10000000;
const ARENA_SIZE = 8 * 1024 * 1024;

/** An instance with its memory and the host's views on it. */
export function instantiate({ wasm, memoryMiB }: GuestChoice): () => void {
  return () => {
    new Guest(wasm, memoryMiB);
  };
}

/** The same, with a boot and one process that opens the device and reads the version. */
export function boot({ wasm, strategy, memoryMiB }: GuestChoice): () => void {
  return () => {
    const { raw } = new Guest(wasm, memoryMiB);
    good(raw.boot(memoryMiB * 1024 * 1024, strategy, 128));
    const thread = raw.mainThread(good(raw.procCreate(1000, 0)));
    good(raw.sysMmap(thread, ARENA, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0));
    const fd = good(raw.sysOpen(thread, DEVICE_BINDER, O_RDWR));
    good(raw.sysIoctl(thread, fd, BINDER_VERSION | 0, ARENA));
  };
}
