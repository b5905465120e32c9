/** Tables as text, and what changed from one to the next. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { changeLines, tableChanges } from '../../host/inspect/tables/diff.ts';
import { Names } from '../../host/inspect/tables/names.ts';
import { type Column, type Table, tableLines, tableOf } from '../../host/inspect/tables/table.ts';

const test = suite('tables');

interface Fruit {
  name: string;
  count: number;
  note: string;
}

const COLUMNS: Column<Fruit>[] = [
  { name: 'fruit', text: ({ name }) => name },
  { name: 'count', text: ({ count }) => String(count), right: true },
  { name: 'note', text: ({ note }) => note },
];

const basket = (title: string, ...fruits: Fruit[]): Table =>
  tableOf(title, { fruits: fruits.length }, COLUMNS, fruits, ({ name }) => name);

const apple = (count: number, note = '') => ({ name: 'apple', count, note });
const plum = (count: number, note = '') => ({ name: 'plum', count, note });

test('as many rows as there are', () => {
  const fruits = Array.from({ length: 200_000 }, (_, count) => plum(count));
  const lines = tableLines(tableOf('mine', {}, COLUMNS, fruits, ({ count }) => String(count)));
  assert.is(lines.length, 2 + fruits.length);
});

test('columns line up, and those with nothing in them are left out', () => {
  assert.equal(tableLines(basket('mine', apple(5), plum(1200))), [
    'mine   fruits 2',
    '  fruit  count',
    '  apple      5',
    '  plum    1200',
  ]);
  assert.equal(tableLines(basket('mine', apple(5, 'sour'), plum(1200)))[2], '  apple      5  sour');
  assert.equal(tableLines(basket('mine')), ['mine   fruits 0']);
});

test('what changed is told by row and column', () => {
  const changes = tableChanges(
    [basket('gone', apple(1)), basket('mine', apple(5), plum(2, 'ripe'))],
    [basket('mine', apple(6)), basket('new', plum(1))],
  );
  assert.equal(changeLines(changes), [
    '- gone   fruits 1',
    '  - fruit apple, count 1',
    'mine',
    '  ~ fruits 2 -> 1',
    '  - fruit plum, count 2, note ripe',
    '  ~ apple: count 5 -> 6',
    '+ new   fruits 1',
    '  + fruit plum, count 1',
  ]);
});

test('a cell that becomes empty, or was, is none', () => {
  assert.equal(changeLines(tableChanges([basket('mine', apple(1, 'sour'))], [basket('mine', apple(1))])), [
    'mine',
    '  ~ apple: note sour -> none',
  ]);
});

test('nothing changed when the rows only moved', () => {
  const fruits = fc.uniqueArray(fc.record({ name: fc.string({ minLength: 1 }), count: fc.nat(), note: fc.string() }), {
    selector: ({ name }) => name,
  });
  fc.assert(
    fc.property(fruits, (some) => {
      assert.equal(tableChanges([basket('mine', ...some)], [basket('mine', ...[...some].reverse())]), []);
    }),
  );
});

test('processes and threads are called by their names, the latest of a number', () => {
  const names = new Names([
    { name: 'old', pid: 1000, threads: [{ name: 'old.0', tid: 1000 }] },
    { name: 'new', pid: 1000, threads: [{ name: 'new.0', tid: 1000 }] },
  ]);
  assert.equal([names.process(1000), names.thread(1000)], ['new', 'new.0']);
  assert.equal([names.process(7), names.thread(8)], ['pid 7', 'tid 8']);
});

test.run();
