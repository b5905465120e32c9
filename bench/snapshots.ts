/** Snapshots of a machine with one call between them: taking one, and restoring one. */
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
