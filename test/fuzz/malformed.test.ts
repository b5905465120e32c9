/** Whatever a journal or a command line holds, the tools read it or say what is wrong. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { COMMANDS } from '../../host/cli/commands.ts';
import { Dice } from '../../host/fuzz/dice.ts';
import { formatJournal } from '../../host/trace/journaltext.ts';
import { MemoryFile } from '../../host/trace/memoryfile.ts';
import { writeBinaryJournal } from '../../host/trace/stepwriter.ts';
import { recording } from '../conformance/recordings.ts';
import { journalRefusal, lineRefusal, spoiltBytes, spoiltLine, spoiltText } from './malformed.ts';

/** Of each kind; BINDERLAB_MALFORMED has another number. */
const COUNT = Number(process.env.BINDERLAB_MALFORMED ?? 1000);

const journal = recording('nested-callback');
const wasm = guestModule();

const test = suite('malformed inputs');

test('journals as text', () => {
  const dice = new Dice(1);
  const text = formatJournal(journal);
  let refused = 0;
  for (let count = COUNT; count > 0; count--) if (journalRefusal(spoiltText(dice, text), wasm) !== null) refused++;
  assert.ok(refused > COUNT / 2, `${refused} refused`);
});

test('journals in the binary form', () => {
  const dice = new Dice(2);
  const file = new MemoryFile();
  writeBinaryJournal(journal, file);
  const bytes = file.read(0, file.size).slice();
  for (let count = COUNT; count > 0; count--) journalRefusal(spoiltBytes(dice, bytes), wasm);
});

for (const [name, { load }] of Object.entries(COMMANDS)) {
  test(`lines of ${name}`, async () => {
    const dice = new Dice(3);
    const command = await load();
    for (let count = COUNT; count > 0; count--) {
      const refusal = lineRefusal(name, command, spoiltLine(dice, command));
      assert.ok(refusal === null || refusal.length > 0);
    }
  });
}

test.run();
