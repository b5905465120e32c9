/** Snapshots of a machine with one call between them: taking one, and restoring one. */
import { MemoryImage } from '../host/guest/image.ts';
import { type BootOptions, Machine } from '../host/machine.ts';

/** A step that changes a page, then a snapshot that shares the other pages with the previous one. */
export function takeSnapshot(options: BootOptions): () => void {
  const { machine, act } = started(options);
  return () => {
    act();
    machine.snapshot();
  };
}

/** A step that changes a page, then the restored state before it. */
export function restoreSnapshot(options: BootOptions): () => void {
  const { machine, act } = started(options);
  const snapshot = machine.snapshot();
  return () => {
    act();
    machine.restore(snapshot);
  };
}

/** The first image of a machine with 6 MiB of pages in use, which shares no page. */
export function wholeImage(options: BootOptions): () => void {
  const { guest } = filled(options);
  return () => void MemoryImage.take(guest, null);
}

/** A plain copy of the same memory. */
export function wholeCopy(options: BootOptions): () => void {
  const { guest } = filled(options);
  const touched = guest.raw.memoryTouched();
  return () => void guest.u8.slice(0, touched);
}

function filled(options: BootOptions): Machine {
  const { machine } = started(options);
  const process = machine.spawn('filled');
  const half = new Uint8Array(3 * 1024 * 1024);
  process.place(half);
  process.place(half);
  return machine;
}

function started(options: BootOptions) {
  const machine = Machine.boot({ ...options, journal: false });
  const process = machine.spawn('app');
  const fd = process.main.open();
  process.main.mmap(fd);
  machine.snapshot();
  return {
    machine,
    act: () => {
      process.main.version(fd);
    },
  };
}
