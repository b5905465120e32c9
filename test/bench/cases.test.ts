/** Every case can be made ready and done, twice; how long it takes is not looked at. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { CASES, type Setting } from '../../bench/cases.ts';
import { guestModule } from '../../host/cli/boot.ts';

/** Cases that take longer to make ready than all others together: what is special of them is in the smaller ones. */
const LARGE = /^scale\/.*\/\d{4,}$/;

const bench = new WebAssembly.Module(readFileSync(join(import.meta.dirname, '../../../build/bench.wasm')));
const setting: Setting = { release: guestModule(), bench, strategy: 'kmap', memoryMiB: 64, seed: 0 };
const test = suite('cases');

for (const { name, prepare } of CASES.filter(({ name }) => !LARGE.test(name))) {
  test(name, () => prepare(setting)(2));
}

test.run();
