import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatJournal, JournalError, parseJournal } from '../../host/trace/journaltext.ts';
import { recordingNames, recordingText } from '../conformance/recordings.ts';

const test = suite('journal');

const HEADER = JSON.stringify({
  t: 'header',
  format: 1,
  name: 'small',
  desc: 'for tests',
  secctx: null,
  cpus: 1,
  page_size: 4096,
  last_debug_id: 0,
  context_mgr_uid: null,
  arena: { addr: '0x10000000', size: 8388608 },
  procs: [],
  steps: 1,
});

/** The problem that the parser finds in the lines, with its number. */
function problem(...lines: string[]): { line: number; problem: string } {
  try {
    parseJournal(lines.join('\n'), 'small.jsonl');
  } catch (error) {
    assert.instance(error, JournalError);
    const { line, problem, message } = error as JournalError;
    assert.is(message, line === 0 ? `small.jsonl: ${problem}` : `small.jsonl:${line}: ${problem}`);
    return { line, problem };
  }
  throw new Error('the journal was accepted');
}

for (const name of recordingNames()) {
  test(`${name} is written as it was read`, () => {
    const text = recordingText(name);
    assert.is(formatJournal(parseJournal(text, name)), text);
  });
}

test('fields that nobody knows are kept', () => {
  const step = '{"i":0,"op":"proc","in":{"name":"A","pid":1000,"uid":0,"colour":"red"},"weather":"fine"}';
  assert.is(formatJournal(parseJournal(`${HEADER}\n${step}\n`, 'small.jsonl')), `${HEADER}\n${step}\n`);
});

test('outputs may be missing, steps may be left out', () => {
  const lines = ['{"i":3,"op":"open","by":"A.0","in":{"flags":0}}', '{"i":7,"op":"texit","by":"A.0"}'];
  const { steps } = parseJournal([HEADER, ...lines, '', ''].join('\n'), 'small.jsonl');
  assert.equal(
    steps.map((step) => step.i),
    [3, 7],
  );
  assert.equal(steps[1]?.in, {});
});

test('a file that is no journal', () => {
  assert.is(problem('').problem, 'is empty: a journal begins with a header line');
  assert.match(problem('not json').problem, /^is not JSON/);
  assert.equal(problem('[1]'), { line: 1, problem: 'is JSON, but not an object' });
  assert.match(problem('{"i":0,"op":"proc"}').problem, 'is not the header of a journal');
  assert.match(problem(HEADER.replace('"format":1', '"format":2')).problem, 'this program reads format 1');
  assert.match(problem(HEADER.replace('"arena"', '"arean"')).problem, 'no "arena"');
});

test('a step that cannot be performed', () => {
  const second = (line: string) => problem(HEADER, line);
  assert.match(second('{"i":0,"op":"frobnicate","in":{}}').problem, 'unknown op "frobnicate"; known are proc, spawn');
  assert.is(second('{"op":"proc"}').problem, 'the step has no number "i"');
  assert.is(second('{"i":0,"op":"open","in":{"flags":0}}').problem, 'step 0 (open) has no "by": which thread acts?');
  assert.is(
    second('{"i":0,"op":"close","by":"A.0","in":{}}').problem,
    '"in.fd" of step 0 (close) is missing; it must be a whole number of 32 bits, as open() gives',
  );
  assert.is(
    second('{"i":0,"op":"poke","by":"A.0","in":{"addr":"0x10","bytes":"abc"}}').problem,
    '"in.bytes" of step 0 (poke) is "abc"; it must be a string of hex digits, two a byte',
  );
  assert.is(
    second('{"i":0,"op":"mkfd","by":"A.0","in":{"kind":"fifo","fd":3}}').problem,
    '"in.kind" of step 0 (mkfd) is "fifo"; it must be "memfd" or "pipe" or "null" or "socketpair"',
  );
  for (const woken of ['{}', '[1]', '[{"i":0,"out":{}}]', '[{"by":"A.0","out":{}}]', '[{"by":"A.0","i":0}]']) {
    assert.is(
      second(`{"i":0,"op":"note","in":{},"woken":${woken}}`).problem,
      '"woken" of step 0 (note) is not a list of {by, i, out}',
    );
  }
  const line = '{"i":5,"op":"texit","by":"A.0","in":{}}';
  assert.equal(problem(HEADER, line, line), { line: 3, problem: 'step 5 comes after step 5: "i" must rise' });
  assert.is(problem(HEADER, line, '{"i":6').line, 3);
});

test.run();
