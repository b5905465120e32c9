/** Parts of the driver alone: the allocator, one translation, one copy from user memory. They need build/bench.wasm. */
import type { GuestExports } from '../build/layout.ts';
import { Random } from '../host/sim/random.ts';
import { DATA, type GuestChoice, GuestScene, good } from './scene.ts';

/** The exports of bench/guest/probes.ts, added to the guest's own. */
interface Probes extends GuestExports {
  probeProc(thread: number, fd: number): number;
  probeReserve(proc: number, size: number): number;
  probeFree(proc: number, buffer: number): void;
  probeFrames(order: number): number;
  probeCopyFromUser(process: number, target: number, source: number, size: number): number;
  probeTranslateStart(thread: number, fd: number, target: number): number;
  probeTranslate(): number;
}

const PAGE_SHIFT = 12;
/** Sizes of buffers: some hundred bytes, so that a thousand buffers cover much of the mapping. */
const SIZE_MIN = 64;
const SIZE_RANGE = 1024;

function probesOf({ raw }: GuestScene): Probes {
  if (!('probeReserve' in raw)) throw new Error('this build of the guest has no probes');
  return raw as Probes;
}

/** Reserves one buffer and frees the newest one while `live` others exist. */
export function allocFreeNewest(choice: GuestChoice, live: number): () => void {
  const { probes, proc, sizes } = filled(choice, live - 1);
  let turn = 0;
  return () => {
    probes.probeFree(proc, probes.probeReserve(proc, sizes[turn] as number));
    turn = (turn + 1) % sizes.length;
  };
}

/** The same, but frees a random one. */
export function allocFreeAny(choice: GuestChoice, live: number): () => void {
  const { probes, proc, sizes, buffers, random } = filled(choice, live);
  const victims = sizes.map(() => random.below(live));
  let turn = 0;
  return () => {
    const victim = victims[turn] as number;
    probes.probeFree(proc, buffers[victim] as number);
    buffers[victim] = probes.probeReserve(proc, sizes[turn] as number);
    turn = (turn + 1) % sizes.length;
  };
}

/** The server's mapping with `live` buffers, and a thousand sizes for more. */
function filled(choice: GuestChoice, live: number) {
  const scene = new GuestScene(choice);
  const probes = probesOf(scene);
  const proc = probes.probeProc(scene.server.thread, scene.server.fd);
  const random = new Random(1);
  const size = () => SIZE_MIN + random.below(SIZE_RANGE);
  const buffers = Array.from({ length: live }, () => good(probes.probeReserve(proc, size())));
  return { probes, proc, buffers, random, sizes: Array.from({ length: 1000 }, size) };
}

/** Translates a binder that the receiver knows into its handle. */
export function translate(choice: GuestChoice): () => void {
  const scene = new GuestScene(choice);
  const probes = probesOf(scene);
  const { client, server } = scene;
  good(probes.probeTranslateStart(client.thread, client.fd, probes.probeProc(server.thread, server.fd)));
  return () => {
    probes.probeTranslate();
  };
}

/** copy_from_user of `size` bytes at the start of a page, into contiguous memory. */
export function copyFromUser(choice: GuestChoice, size: number): () => void {
  const scene = new GuestScene(choice);
  const probes = probesOf(scene);
  const { process } = scene.client;
  scene.client.store(DATA, new Uint8Array(size));
  let order = 0;
  while (1 << (order + PAGE_SHIFT) < size) order++;
  const target = probes.probeFrames(order);
  if (target === 0) throw new Error(`no memory for ${size} bytes in one piece`);
  if (probes.probeCopyFromUser(process, target, DATA, size) !== 0) throw new Error('the copy is not whole');
  return () => {
    probes.probeCopyFromUser(process, target, DATA, size);
  };
}
