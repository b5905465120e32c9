/** Two outputs beside each other, also when they are huge or hold what no machine gives. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Output, StepInput } from '../../host/trace/journal.ts';
import { sideBySide } from '../../host/trace/sidebyside.ts';

const test = suite('side by side');

const MIB = 1024 * 1024;
const PEEK: StepInput = { op: 'peek', by: 'A.0', in: { addr: '0x10000000', len: 4 * MIB } };
const DUMP: StepInput = { op: 'dump', in: { file: 'state' } };

const peeked = (bytes: unknown): Output => ({ ret: 4 * MIB, bytes }) as Output;

test('bytes of several MiB: the rows around the first difference', () => {
  const zeros = '00'.repeat(4 * MIB);
  const lines = sideBySide(PEEK, peeked(zeros), peeked(`${zeros.slice(0, -2)}01`));
  assert.match(lines[1] ?? '', /^ {2}\(\d{6} equal rows above\)$/);
  assert.match(
    lines.at(-1) ?? '',
    /^! bytes 3ffff8 {2}00 00 00 00 00 00 00 00 .* bytes 3ffff8 {2}00 00 00 00 00 00 00 01/,
  );
});

test('a huge text beside a short one', () => {
  const rows = Array.from({ length: 300_000 }, (_, row) => `row ${row}`).join('\n');
  const lines = sideBySide(DUMP, { exists: true, text: rows }, { exists: true, text: 'no row' });
  assert.equal(lines.slice(0, 4), [
    '  recorded      emulator',
    '  exists true   exists true',
    '! row 0         no row',
    '! row 1         -',
  ]);
  assert.match(lines.at(-1) ?? '', /^ {2}\(\d+ rows below\)$/);
});

test('what is no bytes is shown as it is written', () => {
  for (const odd of ['zz', 'abc', 12, null, ['00']]) {
    const lines = sideBySide(PEEK, peeked(odd), peeked('00'));
    assert.ok(
      lines.some((line) => line.startsWith(`! bytes ${odd} `)),
      lines.join('\n'),
    );
  }
});

test.run();
