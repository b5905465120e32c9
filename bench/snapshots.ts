/** Snapshots of a machine between whose moments one call was made: taking one, and going back to it. */
import { type BootOptions, Machine } from '../host/machine.ts';

/** A step that changes a page, then a snapshot that shares the rest with the one before. */
export function takeSnapshot(options: BootOptions): () => void {
  const { machine, act } = started(options);
  return () => {
    act();
    machine.snapshot();
  };
}

/** A step that changes a page, then back to before it. */
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
