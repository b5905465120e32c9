/** Every example runs, from a folder that is not the project's, and under the mapping of older kernels; so do the scripts of the pages. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Folder } from '../cli/binderlab.ts';
import { PAGES, pageText, ROOT } from '../pages.ts';
import { exampleNames, runExample } from './script.ts';

const EXAMPLES = join(ROOT, 'examples');
const scripts = readdirSync(EXAMPLES).filter((name) => name.endsWith('.ts'));

const test = suite('examples');
const folder = new Folder();
test.after(() => folder.remove());

test('there are some', () => assert.ok(scripts.length > 0));

for (const script of scripts) {
  test(`${script} from another folder`, () => {
    const { code, stdout, stderr } = folder.run(['run', join(EXAMPLES, script)]);
    assert.is(code, 0, stderr);
    assert.is(stderr, '');
    const lines = stdout.trimEnd().split('\n');
    assert.ok(lines.length >= 1 && lines.length <= 12, `prints ${lines.length} lines`);
  });
}

for (const name of exampleNames()) {
  test(`${name} under vmalloc`, async () => {
    const { printed } = await runExample(name, 0, { strategy: 'vmalloc' });
    const lines = printed.split('\n');
    assert.ok(lines.length >= 1 && lines.length <= 12, `prints ${lines.length} lines`);
  });
}

test('raw-first-call.ts shows its calls when asked', () => {
  const { stdout } = folder.run(['run', join(EXAMPLES, 'raw-first-call.ts'), '--strace']);
  for (const word of ['BINDER_SET_CONTEXT_MGR', 'BC_TRANSACTION', 'BR_TRANSACTION', 'BC_REPLY', 'BR_REPLY'])
    assert.match(stdout, word);
  assert.match(stdout, '... sleeps');
});

/** A script on a page, with its name and its output. */
const PAGE_SCRIPT = /^```ts\n(.*?)^```$\s+`npx binderlab run ([a-z]+\.ts)` prints\s+^```text\n(.*?)^```$/gms;

test('scripts of the pages run as they stand there, and print the output shown', () => {
  const found = PAGES.flatMap((page) => [...pageText(page).matchAll(PAGE_SCRIPT)]);
  assert.equal(
    found.map(([, , name]) => name),
    ['greeter.ts', 'counter.ts'],
  );
  for (const [, script = '', name = '', printed = ''] of found) {
    folder.write(name, script);
    const { code, stdout, stderr } = folder.run(['run', name]);
    assert.is(code, 0, stderr);
    assert.is(stdout, printed);
  }
});

/** A line without the addresses of frames, and the descriptors that hold them: they move with every change of the guest. */
function withoutFrames(line: string): string {
  return line.replace(/\b0x(0060000000[0-9a-f]{6}|[0-9a-f]{5})\b/g, (address) => '#'.repeat(address.length));
}

test('what README.md shows of the guide is what the guide prints', () => {
  const printed = folder.run(['guide']).stdout.split('\n').map(withoutFrames);
  let at = 0;
  const [, shown = ''] = /^```text\n(.*?)^```$/ms.exec(pageText('README.md')) ?? [];
  for (const line of shown.trimEnd().split('\n')) {
    if (line === '...') continue;
    const found = printed.indexOf(withoutFrames(line), at);
    assert.ok(found >= 0, `not printed, or not in this place: ${line}`);
    at = found + 1;
  }
  assert.ok(at > 0);
});

test.run();
