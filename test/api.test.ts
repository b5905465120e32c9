/** The public surface changes only with `docs/api.md`: whoever changes it sees it, and says so. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { apiPage, typeProblems, writtenPage } from './api.ts';

const test = suite('api');

test('docs/api.md is what the package declares; npm run api -- --write', () => {
  assert.fixture(writtenPage(), apiPage());
});

test('a strict compiler that looks into the package finds nothing wrong, an older one neither', () => {
  assert.equal(typeProblems(), []);
});

test.run();
