/** The full screen without a terminal: keys go in, rows come out. */
import stringWidth from 'string-width';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { areaPane } from '../../host/cli/screen/areapane.ts';
import { fit } from '../../host/cli/screen/cells.ts';
import { PANES, type PaneLine, withChanges } from '../../host/cli/screen/pane.ts';
import { Path } from '../../host/cli/step/path.ts';
import { Screen } from '../../host/cli/step/screen.ts';
import type { Key } from '../../host/cli/step/terminal.ts';
import type { Strategy } from '../../host/index.ts';
import type { AreaMessage } from '../../host/picture/area.ts';
import { compareSteps } from '../../host/trace/compare.ts';
import type { Step } from '../../host/trace/journal.ts';
import { type Scene, scene } from '../picture/scene.ts';

const test = suite('screen');
const SMALL = { columns: 80, rows: 24 };
const SIZES = [
  SMALL,
  { columns: 120, rows: 40 },
  { columns: 190, rows: 50 },
  { columns: 60, rows: 16 },
  { columns: 30, rows: 5 },
];

interface Shown extends Scene {
  screen: Screen;
  /** Presses keys: a name such as `right`, or a text to type. */
  press: (...keys: string[]) => void;
  text: (size?: typeof SMALL) => string;
}

function shown(strategy: Strategy = 'kmap'): Shown {
  const made = scene(strategy);
  const screen = new Screen(new Path(made.history));
  const press = (...keys: string[]) => {
    for (const key of keys) {
      const isName = key.length > 1 && NAMED.has(key);
      const pressed: Key[] = isName
        ? [{ name: key, sequence: NAMED.get(key) ?? '' }]
        : [...key].map((sign) => ({ name: sign, sequence: sign }));
      for (const one of pressed) screen.press(one);
    }
  };
  const text = (size = SMALL) =>
    screen
      .draw(size)
      .map((row) => row.map((segment) => segment.text).join(''))
      .join('\n');
  return { ...made, screen, press, text };
}

const NAMED = new Map([
  ['right', '\x1b[C'],
  ['left', '\x1b[D'],
  ['up', '\x1b[A'],
  ['down', '\x1b[B'],
  ['home', '\x1b[H'],
  ['end', '\x1b[F'],
  ['space', ' '],
  ['return', '\r'],
  ['escape', '\x1b'],
  ['tab', '\t'],
  ['pagedown', '\x1b[6~'],
]);

test('fills the terminal exactly, of any size, at each step and with each pane', () => {
  const { history, press, screen } = shown();
  const fills = () => {
    for (const size of SIZES) {
      const rows = screen.draw(size).map((row) => row.map(({ text }) => text).join(''));
      assert.is(rows.length, size.rows);
      for (const row of rows) assert.is(stringWidth(row), size.columns, `"${row}"`);
    }
  };
  for (const _ of PANES) {
    press('tab');
    fills();
  }
  press('home');
  while (history.position < history.last) {
    fills();
    press('right');
  }
});

test('shows one copy under kmap, two under two-copy, none where pages are lent', () => {
  const verdict = (strategy: Strategy) => /[A-Z]+ COP(Y|IES)|COPIED ONCE/.exec(shown(strategy).text())?.[0];
  assert.is(verdict('kmap'), 'ONE COPY');
  assert.is(verdict('vmalloc'), 'ONE COPY');
  assert.is(verdict('two-copy'), 'TWO COPIES');
  assert.is(verdict('remap'), 'NO COPY');
});

test('kernel and receiver lead to the same frame, which the sender does not have', () => {
  const frames = [
    ...shown('vmalloc')
      .text()
      .matchAll(/^ \*?(\S+) .*──> (0x[0-9a-f]+)/gm),
  ].map(([, who, frame]) => [who, frame]);
  const [sender, kernel, receiver] = frames;
  assert.equal([sender?.[0], kernel?.[0], receiver?.[0]], ['client', 'kernel', 'server']);
  assert.is(kernel?.[1], receiver?.[1]);
  assert.is.not(sender?.[1], receiver?.[1]);
});

test('a crowd of messages is counted in the strip', () => {
  const message = (transaction: number): AreaMessage => ({
    ...{
      kind: 'oneway',
      transaction,
      offset: 8 * transaction,
      size: 8,
      address: 0,
      dataSize: 8,
      offsetsSize: 0,
      extraSize: 0,
    },
    ...{ sender: 'client', senderPid: 2, node: 1, state: 'queued', sent: null },
  });
  const parts = [
    ...Array.from({ length: 30 }, (_, at) => message(at)),
    { kind: 'hole', offset: 240, size: 3856 } as const,
  ];
  const area = {
    title: 'server (1)',
    process: 'server',
    pid: 1,
    size: 4096,
    userAddress: 0,
    kernelAddress: null,
    pages: [],
  };
  const { lines } = areaPane([{ ...area, oneways: { limit: 2048, free: 1808 }, parts }], 1, 78);
  assert.match(lines[1]?.text ?? '', /^\[30 ~oneways: 240 of client *\|\.hole 3856 +\.+\]$/);
});

test('marks what a step changed and removed, and names what runs next', () => {
  const { press, text } = shown();
  assert.match(text(), /^ \* {2}call \d+ of client to node \d+: being served, 5000 bytes, new/m);
  assert.match(text(), 'next to run: a note');
  press('right', 'right');
  assert.match(text(SIZES[1]), /^ - {2}call \d+ of client/m);
  assert.match(text(), 'no step is left');
});

test('moves by keys: steps, start, end, a selected call, a search, until and breaks', () => {
  const { history, press, text } = shown();
  const called = history.position;
  press('home');
  assert.is(history.position, -1);
  press('u', 'return');
  assert.is(history.position, called, 'the message is proposed');
  press('left', 'space');
  assert.is(history.position, called);
  press('home', '/', 'BINDER_SET_CONTEXT', 'return');
  assert.match(text(), /^ {2}> .*BINDER_SET_CONTEXT_MGR/m);
  const manager = history.position;
  press('up', 'up', 'return');
  assert.is(history.position, manager - 2);
  press('b', 'mmap', 'return', 'space');
  assert.is(history.step?.op, 'mmap');
  assert.match(text(), 'breaks: mmap');
  press('b', 'return', 'end', 'space');
  assert.match(text(), 'no step is left');
  press('u', 'nonsense', 'return');
  assert.match(text(), '"nonsense" is no BC_ or BR_ word');
});

test('says who changed the thing under the cursor', () => {
  const { press, text } = shown();
  press('tab', 'tab', 'down', 'down', 'w', 'return');
  assert.match(text(), /why buffer \d+ ━+\n {2}step \d+, server\.0 \(woken by client\.0\), BR_TRANSACTION/);
});

test('why proposes the message in the page tables, and the bytes under the cursor', () => {
  const { press, text } = shown();
  press('tab', 'w');
  const [, transaction] = /page tables of both sides: call (\d+),/.exec(text()) ?? [];
  assert.match(text(), ` why: buffer ${transaction}   (Enter`);
  press('escape', 'tab', 'tab', 'w');
  assert.match(text(), / why: client 0x10\w+ 4 {3}\(Enter/);
  press('return');
  assert.match(text(), /why client 0x10\w+ 4 ━+\n {2}step \d+, client\.0, \w+: it was .+, it is .+/);
});

test('how a message that the step freed was sent is known, also to one who did not walk there', () => {
  const { history } = scene('kmap');
  const called = history.position;
  const { inspect } = history.machine;
  const [id = 0] = inspect.procs().flatMap((proc) => inspect.buffers(proc).flatMap((one) => (one.free ? [] : one.id)));
  history.goto(called + 2);
  const path = new Path(history);
  const sent = path.before(({ sendingOf }) => sendingOf(id));
  assert.is(sent?.step, history.recorded.numberAt(called));
  assert.ok(sent?.copies.some(({ written }) => written !== null));
  assert.is(
    path.before(({ sendingOf }) => sendingOf(9999)),
    null,
  );
  assert.is(history.position, called + 2);
});

test('lines that a step removed keep their order, below the head of the pane', () => {
  const line = (text: string, key?: string): PaneLine => (key === undefined ? { text } : { text, key });
  const before = { title: '', lines: [line('head'), line('a', 'a'), line('arrow'), line('b', 'b'), line('c', 'c')] };
  const shownAs = (...lines: PaneLine[]) =>
    withChanges(before, { title: '', lines }).lines.map(({ text, mark }) => `${mark ?? ''}${text}`);
  assert.equal(shownAs(line('nothing'), line('is there')), ['nothing', 'is there', '-a', '-b', '-c']);
  assert.equal(shownAs(line('head'), line('b', 'b')), ['head', '-a', 'b', '-c']);
  assert.equal(shownAs(line('d', 'd')), ['-a', '-b', '-c', '*d']);
});

test('Esc and the key after it count as two keys, also when they come as one', () => {
  const { screen, press, text } = shown();
  const question = / until: /;
  for (const second of ['\t', 'x', '\x1b', '\x1b[B']) {
    press('u');
    assert.match(text(), question);
    screen.press({ name: 'any', sequence: `\x1b${second}`, meta: true });
    assert.not.match(text(), question, JSON.stringify(second));
    press('escape');
  }
  press('u');
  screen.press({ name: 'right', sequence: '\x1b[1;3C', meta: true });
  assert.match(text(), question, 'Alt-→ is one key');
});

test('a text that is longer than the screen is moved by the arrows', () => {
  const { press, text } = shown();
  const low = { columns: 60, rows: 16 };
  text(low);
  press('?');
  assert.match(text(low), /━━ keys \(↑↓: 0 lines above, [1-9]\d* below\)/);
  press('pagedown');
  assert.match(text(low), /lines above, 0 below\) ━+\n[\s\S]* {2}q {11}quit/);
  press('up', 'down', 'down');
  assert.match(text(low), ', 0 below)');
  press('escape');
  assert.not.match(text(low), '━━ keys');
  press('?');
  assert.match(text(), /━━ keys ━/, 'all of it is there');
});

test('a branch is performed on the machine, goes on from there, and leaves no trace on the recorded path', () => {
  const { history, press, text } = shown();
  const { machine, position } = history;
  const isAlive = () => machine.process('server').alive;
  press('x');
  assert.match(text(), 'kill server');
  const kill = text()
    .split('\n')
    .filter((line) => /^ {2}[> ] \w/.test(line))
    .findIndex((line) => line.includes('kill server'));
  press(...new Array(kill).fill('down'), 'return');
  assert.is(isAlive(), false);
  assert.match(text(), `step ${position} + 1 of a branch`);
  assert.match(text(), 'BR_DEAD_REPLY');
  press('left');
  assert.is(isAlive(), true);
  press('x', ...new Array(kill).fill('down'), 'return', 'right');
  assert.match(text(), `step ${position} + 2 of a branch`);
  press('up', 'return');
  assert.match(text(), `step ${position} + 1 of a branch`, 'a selected step of the branch');
  press('end');
  assert.match(text(), 'no step is left');
  assert.match(text(), `step ${position} + 2 of a branch`);
  press('escape');
  assert.is(isAlive(), true);
  assert.is(history.position, position);
  while (history.position < history.last) {
    press('right');
    const step = history.step as Step;
    assert.is(compareSteps(history.recorded.at(history.position), step), null);
  }
});

test('freezes a process, lets another thread run first, and takes pages', () => {
  const { history, press, text } = shown();
  const { machine } = history;
  const choose = (what: RegExp) => {
    press('x');
    for (let at = 0; at < 40 && !what.test(/^ {2}> (.*)$/m.exec(text().split('branch:')[1] ?? '')?.[1] ?? ''); at++)
      press('down');
    press('return');
  };
  choose(/^run server\.0/);
  assert.match(text(), /\+1 server\.0 +BC_FREE_BUFFER; BC_REPLY/);
  choose(/^freeze server/);
  assert.ok(machine.inspect.procs().some(({ frozen }) => frozen));
  choose(/^thaw server/);
  assert.not.ok(machine.inspect.procs().some(({ frozen }) => frozen));
  const before = machine.inspect.lru().length;
  assert.ok(before > 0);
  choose(/^shrink/);
  assert.is(machine.inspect.lru().length, 0);
});

test('a name cannot move the cursor, and a wide one does not push the rest', () => {
  assert.is(fit('a\x1b[2Jb', 8), 'a·[2Jb  ');
  assert.is(fit('漢字漢字', 6), '漢字… ');
  assert.is(stringWidth(fit('漢字漢字', 7)), 7);
});

test.run();
