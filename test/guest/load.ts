/**
 * One instance of build/test.wasm for a test file, and how to bring it back to its boot in between: that is a copy of
 * memory, far cheaper than an instance for each run of a property. Asserts of the guest arrive as exceptions.
 *
 * Addresses of virtual memory are bigint here, linear addresses (also those of records) numbers, 0 for none.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { instantiateSync } from '@assemblyscript/loader';
import { EBADF } from '../../assembly/abi/errno.ts';

export const PAGE = 4096;

/** What test/guest/assembly/exports.ts exports; a guest's bool is 0 or 1. */
export interface TestExports {
  boot(memoryBytes: number, vmallocBytes: number): void;

  bytesMove(target: number, source: number, size: number): void;
  bitmapTest(base: number, bit: number): number;
  bitmapSet(base: number, bit: number): void;
  bitmapClear(base: number, bit: number): void;
  bitmapFindZero(base: number, bits: number, from: number): number;

  digest(from: number, to: number): bigint;

  listInit(head: number): void;
  listEmpty(head: number): number;
  listLinked(link: number): number;
  listFirst(head: number): number;
  listBefore(link: number): number;
  listHang(link: number, end: number): number;
  listJoin(prev: number, next: number): void;
  listLift(link: number): number;
  listNext(link: number, head: number): number;
  listAddHead(link: number, head: number): void;
  listAddTail(link: number, head: number): void;
  listDel(link: number): void;
  listCheck(head: number): number;

  rbRoot(root: number): number;
  rbLeft(node: number): number;
  rbRight(node: number): number;
  rbFirst(root: number): number;
  rbNext(node: number): number;
  rbLeftSlot(node: number): number;
  rbRightSlot(node: number): number;
  rbLink(node: number, parent: number, slot: number): void;
  rbInsertColor(node: number, root: number): void;
  rbErase(node: number, root: number): void;

  slabInit(cache: number, size: number): void;
  slabAlloc(cache: number): number;
  slabFree(cache: number, object: number): number;
  slabGrow(cache: number, page: number): void;
  slabReap(cache: number): number;
  slabLive(cache: number): number;

  frameAlloc(order: number, kind: number, owner: number): number;
  frameAllocZero(order: number, kind: number, owner: number): number;
  frameGet(address: number): void;
  framePut(address: number): void;
  frameKind(address: number): number;
  frameOwner(address: number): number;
  frameRefcount(address: number): number;
  frameFlags(address: number): number;
  framesFree(): number;
  framesCount(): number;
  framesTouched(): number;
  framesCheck(): number;

  kmemAlloc(id: number): number;
  kmemFree(id: number, object: number): void;
  kmemReap(): void;
  kmemLive(id: number): number;
  kmemLiveTotal(): number;

  tableCreate(owner: number): number;
  tableFree(root: number): void;
  tableWalk(root: number, va: bigint): bigint;
  tableLookup(root: number, va: bigint): number;
  tableEnsure(root: number, va: bigint, owner: number): number;
  tableEnsureBlock(root: number, va: bigint, owner: number): number;
  tableNext(root: number, from: bigint, end: bigint): bigint;
  tablePrune(root: number, from: bigint, end: bigint): void;

  kernelSpace(): number;
  spaceCreate(owner: number): number;
  spaceDestroy(space: number): void;
  spaceFork(child: number, parent: number): number;
  spaceRoot(space: number): number;
  spaceCounters(space: number): number;
  spaceResident(space: number): number;
  spaceSetForeign(space: number): void;
  spaceHasOwner(space: number, owner: number): number;
  spaceVma(space: number, va: bigint): number;
  spaceFirstVma(space: number): number;
  spaceNextVma(space: number, vma: number): number;
  spaceTakeClosed(): number;
  spaceMap(
    space: number,
    addr: bigint,
    len: bigint,
    prot: number,
    flags: number,
    pages: number,
    pageOffset: number,
    owner: number,
  ): bigint;
  spaceUnmap(space: number, addr: bigint, len: bigint): number;
  spaceProtect(space: number, addr: bigint, len: bigint, prot: number): number;
  spaceFault(space: number, va: bigint, access: number): number;
  spaceInstall(space: number, va: bigint, frame: number, writable: number): number;
  spaceInstallRun(space: number, va: bigint, frame: number, pages: number, writable: number): number;
  spaceZap(space: number, va: bigint): number;
  spaceLend(space: number, va: bigint): number;
  vmaFree(vma: number): void;
  vmaStart(vma: number): bigint;
  vmaEnd(vma: number): bigint;
  vmaProt(vma: number): number;
  vmaOwner(vma: number): number;
  vmaSetMayWrite(vma: number, mayWrite: number): void;
  vmaSetDontCopy(vma: number, dontCopy: number): void;
  pageArrayInit(address: number, base: number, stride: number, count: number, installOnFault: number): void;

  copyFromUser(space: number, dst: number, src: bigint, len: number): number;
  copyToUser(space: number, dst: bigint, src: number, len: number): number;
  userWindow(space: number, va: bigint, len: number, access: number): number;
  userShow(space: number, va: bigint, len: number): void;
  userTouch(space: number, va: bigint, access: number): number;
  copyFromUserOn(space: number, dst: number, va: bigint, len: number, window: number, read: number): number;
  getUser32(space: number, va: bigint): bigint;
  putUser32(space: number, va: bigint, value: number): number;
  putUser64(space: number, va: bigint, value: bigint): number;

  vmallocReserve(pages: number): bigint;
  vmallocRelease(va: bigint, pages: number): void;
  kernelInstall(va: bigint, frame: number): number;
  kernelZap(va: bigint): void;
  kernelAddress(va: bigint): number;
  kernelReservedBytes(): bigint;
}

/** What the guest imports: the memory of programs outside of the machine (assembly/mem/client.ts). */
export interface ForeignBytes {
  read(space: number, target: number, va: number, size: number): number;
  write(space: number, va: number, source: number, size: number): number;
  show(space: number, va: number, source: number, size: number): void;
}

export interface TestGuest {
  guest: TestExports;
  /** A test may answer for the program. */
  client: ForeignBytes;
  data: DataView;
  bytes: Uint8Array;
  /** Boots afresh. */
  boot(): void;
  /** A counter (COUNTER_*) of a space. */
  counter(space: number, index: number): number;
  /** A linear address with `pages` pages of scratch memory; boot() takes it back. */
  scratch(pages: number): number;
}

/** What scratch memory counts as. */
const FRAME_ARRAY = 6;

/** A booted guest with so much memory and vmalloc area. */
export function loadGuest(memoryBytes = 8 << 20, vmallocBytes = 1 << 20): TestGuest {
  const memory = new WebAssembly.Memory({ initial: memoryBytes >>> 16 });
  const wasm = readFileSync(join(import.meta.dirname, '../../../build/test.wasm'));
  const client: ForeignBytes = {
    read: (_space, _target, _va, size) => size,
    write: (_space, _va, _source, size) => size,
    show: () => {},
  };
  const imports = {
    read: (space: number, target: number, va: number, size: number) => client.read(space, target, va, size),
    write: (space: number, va: number, source: number, size: number) => client.write(space, va, source, size),
    show: (space: number, va: number, source: number, size: number) => client.show(space, va, source, size),
  };
  const files = { take: () => -EBADF, give: () => -EBADF, shut() {}, drop() {} };
  const { instance } = instantiateSync(wasm, { env: { memory }, client: { ...imports, ...files } });
  const guest = instance.exports as unknown as TestExports;
  const data = new DataView(memory.buffer);
  const bytes = new Uint8Array(memory.buffer);
  const pristine = bytes.slice();
  const boot = () => {
    bytes.set(pristine);
    guest.boot(memoryBytes, vmallocBytes);
  };
  boot();
  return {
    guest,
    client,
    data,
    bytes,
    boot,
    counter: (space, index) => Number(data.getBigUint64(guest.spaceCounters(space) + 8 * index, true)),
    scratch: (pages) => guest.frameAlloc(Math.ceil(Math.log2(pages)), FRAME_ARRAY, 0),
  };
}
