/** Intrusive lists against arrays: the same links in the same order after any sequence of calls. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadGuest } from './load.ts';

const test = suite('list');
const { guest, boot, bytes, scratch } = loadGuest();
const LINKS = 12;

/** The links of a list, by address, as the guest walks them. */
function linksOf(head: number): number[] {
  const links: number[] = [];
  for (let link = guest.listFirst(head); link !== 0; link = guest.listNext(link, head)) links.push(link);
  return links;
}

const step = fc.record({
  act: fc.constantFrom('addHead', 'addTail', 'addBefore', 'del', 'lift'),
  link: fc.nat(LINKS - 1),
  list: fc.nat(1),
});

test('any sequence of calls leaves the order that arrays have', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      boot();
      const base = scratch(1);
      bytes.fill(0, base, base + 4096);
      const heads = [base, base + 8];
      const model: number[][] = [[], []];
      for (const head of heads) guest.listInit(head);
      for (const { act, link: number, list } of steps) {
        const link = base + 16 + 8 * number;
        const head = heads[list]!;
        const own = model.find((links) => links.includes(link));
        if (act === 'lift') {
          if (own === undefined) continue;
          const run = own.splice(own.indexOf(link), 3);
          const before = guest.listBefore(link);
          const behind = run.map((each) => guest.listLift(each)).pop()!;
          guest.listJoin(before, behind);
          const end = run.reduce((tail, each) => guest.listHang(each, tail), guest.listBefore(head));
          guest.listJoin(end, head);
          model[list]!.push(...run);
        } else if (act === 'del') {
          if (own === undefined) continue;
          guest.listDel(link);
          own.splice(own.indexOf(link), 1);
        } else if (own === undefined) {
          const target = model[list]!;
          if (act === 'addHead') {
            guest.listAddHead(link, head);
            target.unshift(link);
          } else {
            const before = act === 'addBefore' ? target[0] : undefined;
            guest.listAddTail(link, before ?? head);
            target.splice(before === undefined ? target.length : 0, 0, link);
          }
        }
        heads.forEach((address, index) => {
          assert.equal(linksOf(address), model[index]);
          assert.is(guest.listCheck(address), 1);
          assert.is(guest.listEmpty(address), model[index]!.length === 0 ? 1 : 0);
        });
        assert.is(guest.listLinked(link), model.some((links) => links.includes(link)) ? 1 : 0);
      }
    }),
  );
});

test('a link cannot be taken off or put on twice', () => {
  boot();
  const base = scratch(1);
  bytes.fill(0, base, base + 4096);
  guest.listInit(base);
  guest.listAddTail(base + 8, base);
  assert.throws(() => guest.listAddTail(base + 8, base), /on a list already/);
  guest.listDel(base + 8);
  assert.throws(() => guest.listDel(base + 8), /on no list/);
});

test('listCheck sees a link that does not agree', () => {
  boot();
  const base = scratch(1);
  bytes.fill(0, base, base + 4096);
  guest.listInit(base);
  guest.listAddTail(base + 8, base);
  guest.listAddTail(base + 16, base);
  bytes.fill(0, base + 20, base + 24);
  assert.is(guest.listCheck(base), 0);
});

test.run();
