/** Each deliberate fault can still be put into the guest: after a change of its lines it would test nothing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FAULTS } from './faults.ts';

const test = suite('faults');
const assembly = join(import.meta.dirname, '../../../assembly');

test('the text that each of them replaces is in its file once', () => {
  assert.is(FAULTS.length, 30);
  const lost = FAULTS.filter(({ file, search }) => {
    const text = readFileSync(join(assembly, file), 'utf8');
    return text.split(search).length !== 2;
  });
  assert.equal(
    lost.map(({ name }) => name),
    [],
  );
});

test.run();
