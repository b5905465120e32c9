/**
 * A model of address spaces for property tests: every page with its rights and its one value, copied whole by fork.
 * It knows nothing of tables, frames or areas, so whatever these do, user space must not be able to tell.
 */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { EACCES, EEXIST, EINVAL, ENOMEM } from '../../assembly/abi/errno.ts';
import {
  ACCESS_READ,
  ACCESS_WRITE,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_PRIVATE,
  PROT_READ,
  PROT_WRITE,
  SEGV_ACCERR,
  SEGV_MAPERR,
  SIGSEGV,
} from '../../assembly/abi/machine.ts';
import type { TestGuest } from './load.ts';

export const PAGE = 4096n;
/** Pages of the playground; it lies across a border of level 1, so that tables of all levels come and go. */
export const PLAYGROUND_PAGES = 24;
export const PLAYGROUND = (1n << 30n) - 12n * PAGE;

const SEGV_UNMAPPED = -((SIGSEGV << 8) | SEGV_MAPERR);
const SEGV_FORBIDDEN = -((SIGSEGV << 8) | SEGV_ACCERR);

interface ModelPage {
  prot: number;
  owner: number;
  mayWrite: boolean;
  dontCopy: boolean;
  value: number;
  touched: boolean;
}

interface ModelSpace {
  address: number;
  pages: Map<number, ModelPage>;
}

/** One thing to do to one of the spaces that live; page numbers count from the playground's beginning. */
export interface Act {
  kind: 'map' | 'unmap' | 'protect' | 'write' | 'read' | 'fork' | 'destroy';
  space: number;
  page: number;
  pages: number;
  prot: number;
  flags: number;
  owner: number;
  mayWrite: boolean;
  dontCopy: boolean;
  value: number;
}

export const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.oneof(
    ...(['map', 'unmap', 'protect', 'write', 'read', 'fork', 'destroy'] as const).map((kind, index) => ({
      arbitrary: fc.constant(kind),
      weight: [6, 3, 4, 8, 4, 2, 1][index]!,
    })),
  ),
  space: fc.nat(3),
  page: fc.nat(PLAYGROUND_PAGES - 1),
  pages: fc.integer({ min: 1, max: 10 }),
  prot: fc.constantFrom(0, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE),
  flags: fc.constantFrom(MAP_FIXED, MAP_FIXED, MAP_FIXED_NOREPLACE),
  owner: fc.constantFrom(0, 0, 7, 8),
  mayWrite: fc.boolean(),
  dontCopy: fc.boolean(),
  value: fc.integer({ min: 1, max: 0xffff }),
});

export class Spaces {
  readonly #g: TestGuest;
  #live: ModelSpace[] = [];
  /** Pages of each owner that must turn up in closed areas, and that did. */
  readonly #closed = new Map<number, number>();

  constructor(guest: TestGuest) {
    this.#g = guest;
    this.#create();
  }

  /** Does it to the guest and to the model, and compares what can be seen. */
  perform(act: Act): void {
    if (this.#live.length === 0) this.#create();
    const space = this.#live[act.space % this.#live.length]!;
    this[act.kind](space, act);
    this.#drainClosed();
    this.#compareAreas(space);
    for (const { address, pages } of this.#live) {
      assert.is(this.#g.guest.spaceResident(address), [...pages.values()].filter((page) => page.touched).length);
    }
  }

  /** Ends all spaces. */
  end(): void {
    while (this.#live.length > 0) this.destroy(this.#live[0]!);
    this.#drainClosed();
  }

  map(space: ModelSpace, act: Act): void {
    const { guest } = this.#g;
    const isTaken = numbers(act).some((number) => space.pages.has(number));
    const flags = act.flags | MAP_PRIVATE;
    const result = guest.spaceMap(space.address, va(act), bytes(act), act.prot, flags, 0, 0, act.owner);
    if (isTaken && act.flags === MAP_FIXED_NOREPLACE) {
      assert.is(result, BigInt(-EEXIST));
      return;
    }
    assert.is(result, va(act));
    this.#drop(space, act);
    const { prot, owner } = act;
    // owned areas are never joined with others, so the rights to be set belong to this one alone
    const mayWrite = owner === 0 || act.mayWrite;
    const dontCopy = owner !== 0 && act.dontCopy;
    const vma = guest.spaceVma(space.address, va(act));
    if (owner !== 0) {
      guest.vmaSetMayWrite(vma, Number(mayWrite));
      guest.vmaSetDontCopy(vma, Number(dontCopy));
    }
    for (const number of numbers(act)) {
      space.pages.set(number, { prot, owner, mayWrite, dontCopy, value: 0, touched: false });
    }
  }

  unmap(space: ModelSpace, act: Act): void {
    assert.is(this.#g.guest.spaceUnmap(space.address, va(act), bytes(act)), 0);
    this.#drop(space, act);
  }

  protect(space: ModelSpace, act: Act): void {
    let expected = 0;
    for (const number of numbers(act)) {
      const page = space.pages.get(number);
      if (page === undefined) expected = -ENOMEM;
      else if ((act.prot & PROT_WRITE) !== 0 && !page.mayWrite) expected = -EACCES;
      else page.prot = act.prot;
      if (expected !== 0) break;
    }
    assert.is(this.#g.guest.spaceProtect(space.address, va(act), bytes(act), act.prot), expected);
  }

  write(space: ModelSpace, act: Act): void {
    const { guest, data } = this.#g;
    const page = space.pages.get(act.page);
    const address = guest.userTouch(space.address, va(act) + 8n, ACCESS_WRITE);
    if (page === undefined) assert.is(address, SEGV_UNMAPPED);
    else if ((page.prot & PROT_WRITE) === 0) assert.is(address, SEGV_FORBIDDEN);
    else {
      assert.ok(address > 0);
      data.setUint32(address, act.value, true);
      page.value = act.value;
      page.touched = true;
    }
  }

  read(space: ModelSpace, act: Act): void {
    const { guest, data } = this.#g;
    const page = space.pages.get(act.page);
    const address = guest.userTouch(space.address, va(act) + 8n, ACCESS_READ);
    if (page === undefined) assert.is(address, SEGV_UNMAPPED);
    else if (page.prot === 0) assert.is(address, SEGV_FORBIDDEN);
    else {
      assert.is(data.getUint32(address, true), page.value);
      page.touched = true;
    }
  }

  fork(space: ModelSpace): void {
    if (this.#live.length > 3) return;
    const child = this.#create();
    assert.is(this.#g.guest.spaceFork(child.address, space.address), 0);
    for (const [number, page] of space.pages) {
      if (!page.dontCopy) child.pages.set(number, { ...page });
    }
    this.#compareAreas(child);
  }

  destroy(space: ModelSpace): void {
    for (const page of space.pages.values()) this.#expectClosed(page.owner);
    this.#g.guest.spaceDestroy(space.address);
    this.#live = this.#live.filter((other) => other !== space);
  }

  #create(): ModelSpace {
    const space = { address: this.#g.guest.spaceCreate(0), pages: new Map() };
    assert.is.not(space.address, 0);
    this.#live.push(space);
    return space;
  }

  #drop(space: ModelSpace, act: Act): void {
    for (const number of numbers(act)) {
      const page = space.pages.get(number);
      if (page !== undefined) this.#expectClosed(page.owner);
      space.pages.delete(number);
    }
  }

  #expectClosed(owner: number): void {
    if (owner !== 0) this.#closed.set(owner, (this.#closed.get(owner) ?? 0) + 1);
  }

  #drainClosed(): void {
    const { guest } = this.#g;
    for (let vma = guest.spaceTakeClosed(); vma !== 0; vma = guest.spaceTakeClosed()) {
      const pages = Number((guest.vmaEnd(vma) - guest.vmaStart(vma)) / PAGE);
      const owner = guest.vmaOwner(vma);
      this.#closed.set(owner, (this.#closed.get(owner) ?? 0) - pages);
      guest.vmaFree(vma);
    }
    for (const [owner, pages] of this.#closed) assert.is(pages, 0, `pages of owner ${owner} that were not reported`);
  }

  #compareAreas(space: ModelSpace): void {
    if (!this.#live.includes(space)) return;
    const { guest } = this.#g;
    const seen = new Map<number, string>();
    let last = 0n;
    for (let vma = guest.spaceFirstVma(space.address); vma !== 0; vma = guest.spaceNextVma(space.address, vma)) {
      assert.ok(
        guest.vmaStart(vma) >= last && guest.vmaEnd(vma) > guest.vmaStart(vma),
        'areas are sorted and disjoint',
      );
      last = guest.vmaEnd(vma);
      for (let at = guest.vmaStart(vma); at < last; at += PAGE) {
        seen.set(Number((at - PLAYGROUND) / PAGE), `${guest.vmaProt(vma)} ${guest.vmaOwner(vma)}`);
      }
    }
    assert.is(seen.size, space.pages.size);
    for (const [number, { prot, owner }] of space.pages) assert.is(seen.get(number), `${prot} ${owner}`);
    const owners = new Set([...space.pages.values()].map((page) => page.owner));
    for (const owner of [7, 8]) assert.is(guest.spaceHasOwner(space.address, owner), owners.has(owner) ? 1 : 0);
  }
}

/** Does it to the guest alone, whatever comes of it: errors are fine, traps are not. */
export function attempt({ guest }: TestGuest, spaces: number[], act: Act): void {
  const space = spaces[act.space % spaces.length];
  if (space === undefined || act.kind === 'fork') {
    const child = guest.spaceCreate(0);
    if (child !== 0) spaces.push(child);
    if (child !== 0 && space !== undefined) guest.spaceFork(child, space);
  } else if (act.kind === 'map') {
    guest.spaceMap(space, va(act), bytes(act), act.prot, act.flags | MAP_PRIVATE, 0, 0, act.owner);
  } else if (act.kind === 'unmap') guest.spaceUnmap(space, va(act), bytes(act));
  else if (act.kind === 'protect') guest.spaceProtect(space, va(act), bytes(act), act.prot);
  else if (act.kind === 'write') guest.putUser32(space, va(act), act.value);
  else if (act.kind === 'read') guest.getUser32(space, va(act));
  else {
    guest.spaceDestroy(space);
    spaces.splice(spaces.indexOf(space), 1);
  }
  for (let vma = guest.spaceTakeClosed(); vma !== 0; vma = guest.spaceTakeClosed()) guest.vmaFree(vma);
}

/** The errors of munmap and mmap that need no model: [addr, len, expected] of calls on an empty space. */
export const refusals = {
  unmap: [
    [1n, PAGE, -EINVAL],
    [0n, 0n, -EINVAL],
    [0n, (1n << 39n) + 1n, -EINVAL],
    [1n << 40n, PAGE, -EINVAL],
    [0n, (1n << 64n) - 1n, -EINVAL],
    [0n, 1n << 39n, 0],
    [PAGE, 1n, 0],
  ],
  map: [
    [0n, 0n, -EINVAL],
    [1n, PAGE, -EINVAL],
    [1n << 39n, PAGE, -ENOMEM],
    [(1n << 39n) - PAGE, PAGE + 1n, -ENOMEM],
    [0n, (1n << 64n) - 1n, -ENOMEM],
    [PAGE, (1n << 39n) + PAGE, -ENOMEM],
  ],
} as const;

function va({ page }: Act): bigint {
  return PLAYGROUND + BigInt(page) * PAGE;
}

function bytes({ pages }: Act): bigint {
  return BigInt(pages) * PAGE;
}

function numbers({ page, pages }: Act): number[] {
  return Array.from({ length: pages }, (_, index) => page + index);
}
