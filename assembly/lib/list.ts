/**
 * Circular, doubly linked lists through links inside the linked records.
 *
 *     0        4        8
 *     +--------+--------+
 *     |  next  |  prev  |     a link, and a head as well
 *     +--------+--------+
 *
 * A head is initialised and points at itself while the list is empty. A link that is on no list is all zero.
 * Functions take and return the address of the link. The record's owner knows the link's offset in the record.
 *
 * A run of adjacent links is moved without a second access to the links inside it: listLift and listHang leave the list
 * open, listJoin closes it.
 */

/** Bytes of a link or a head. */
export const LIST_SIZE = 8;

const NEXT = 0;
const PREV = 4;

/** Makes `head` an empty list. */
export function listInit(head: usize): void {
  store<usize>(head, head, NEXT);
  store<usize>(head, head, PREV);
}

export function listEmpty(head: usize): bool {
  return load<usize>(head, NEXT) == head;
}

/** Is the link on some list? */
export function listLinked(link: usize): bool {
  return load<usize>(link, NEXT) != 0;
}

/** The first link of the list; 0 if there is none. */
export function listFirst(head: usize): usize {
  const first = load<usize>(head, NEXT);
  return first == head ? 0 : first;
}

/** The last link of the list; 0 if there is none. */
export function listLast(head: usize): usize {
  const last = load<usize>(head, PREV);
  return last == head ? 0 : last;
}

/** The link after `link` on the list of `head`; 0 after the last one. */
export function listNext(link: usize, head: usize): usize {
  const next = load<usize>(link, NEXT);
  return next == head ? 0 : next;
}

/** Is `link` the last one on the list of `head`? */
export function listIsLast(link: usize, head: usize): bool {
  return load<usize>(link, NEXT) == head;
}

export function listAddHead(link: usize, head: usize): void {
  insertBetween(link, head, load<usize>(head, NEXT));
}

/** Puts `link` at the end of the list; with a link in the place of `head`, in front of that link. */
export function listAddTail(link: usize, head: usize): void {
  insertBetween(link, load<usize>(head, PREV), head);
}

/** Takes the link off the list that it is on, and zeroes it. */
export function listDel(link: usize): void {
  assert(listLinked(link), 'listDel: the link is on no list');
  const prev = load<usize>(link, PREV);
  listJoin(prev, listLift(link));
}

/** Zeroes a link, and leaves the gap in the list as it is. Returns what follows it, be it the head. */
export function listLift(link: usize): usize {
  assert(listLinked(link), 'listLift: the link is on no list');
  const next = load<usize>(link, NEXT);
  store<usize>(link, 0, NEXT);
  store<usize>(link, 0, PREV);
  return next;
}

/** Hangs a link after `end`, the last one or the head of an empty list, which is open after it then. Returns the link. */
export function listHang(link: usize, end: usize): usize {
  assert(!listLinked(link), 'listHang: the link is on a list already');
  store<usize>(end, link, NEXT);
  store<usize>(link, end, PREV);
  return link;
}

/** Makes two of a list neighbours, links or the head. */
export function listJoin(prev: usize, next: usize): void {
  store<usize>(prev, next, NEXT);
  store<usize>(next, prev, PREV);
}

/** The link before a link, which may be the head. */
export function listBefore(link: usize): usize {
  return load<usize>(link, PREV);
}

/** Does the list close, and do `next` and `prev` agree at every link? */
export function listCheck(head: usize): bool {
  let link = head;
  do {
    const next = load<usize>(link, NEXT);
    if (next == 0 || load<usize>(next, PREV) != link) return false;
    link = next;
  } while (link != head);
  return true;
}

function insertBetween(link: usize, prev: usize, next: usize): void {
  assert(!listLinked(link), 'list: the link is on a list already');
  store<usize>(link, next, NEXT);
  store<usize>(link, prev, PREV);
  store<usize>(prev, link, NEXT);
  store<usize>(next, link, PREV);
}
