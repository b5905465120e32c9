/** Every example runs, from a folder that is not the project's, under every strategy that this build has; and README's does. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Folder } from '../cli/binderlab.ts';

const ROOT = join(import.meta.dirname, '../../..');
const EXAMPLES = join(ROOT, 'examples');
const scripts = readdirSync(EXAMPLES).filter((name) => name.endsWith('.ts'));

const test = suite('examples');
const folder = new Folder();
test.after(() => folder.remove());

test('there are some', () => assert.ok(scripts.length > 0));

for (const script of scripts) {
  for (const strategy of ['kmap', 'vmalloc']) {
    test(`${script} under ${strategy}`, () => {
      const { code, stdout, stderr } = folder.run(['run', join(EXAMPLES, script), '--strategy', strategy]);
      assert.is(code, 0, stderr);
      assert.is(stderr, '');
      const lines = stdout.trimEnd().split('\n');
      assert.ok(lines.length >= 1 && lines.length <= 12, `prints ${lines.length} lines`);
    });
  }
}

test('raw-first-call.ts shows its calls when asked', () => {
  const { stdout } = folder.run(['run', join(EXAMPLES, 'raw-first-call.ts'), '--strace']);
  for (const word of ['BINDER_SET_CONTEXT_MGR', 'BC_TRANSACTION', 'BR_TRANSACTION', 'BC_REPLY', 'BR_REPLY'])
    assert.match(stdout, word);
  assert.match(stdout, '<unfinished ...>');
});

/** The texts of README.md's blocks of one kind, in order. */
function readmeBlocks(kind: string): string[] {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  return [...readme.matchAll(new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text ?? '');
}

test('the script in README.md runs as printed, and prints what it says there', () => {
  const [script = ''] = readmeBlocks('ts');
  const [, printed] = readmeBlocks('text');
  folder.write('greeter.ts', script);
  const { code, stdout, stderr } = folder.run(['run', 'greeter.ts']);
  assert.is(code, 0, stderr);
  assert.is(stdout, printed);
});

test('so does the service', () => {
  const [, script = ''] = readmeBlocks('ts');
  const [, , printed] = readmeBlocks('text');
  folder.write('counter.ts', script);
  const { code, stdout, stderr } = folder.run(['run', 'counter.ts']);
  assert.is(code, 0, stderr);
  assert.is(stdout, printed);
});

/** A line without the addresses of frames, and the descriptors that hold them: they move with every change of the guest. */
function withoutFrames(line: string): string {
  return line.replace(/\b0x(0060000000[0-9a-f]{6}|[0-9a-f]{5})\b/g, (address) => '#'.repeat(address.length));
}

test('what README.md shows of the guide is what the guide prints', () => {
  const printed = folder.run(['guide']).stdout.split('\n').map(withoutFrames);
  let at = 0;
  for (const line of readmeBlocks('text')[0]?.trimEnd().split('\n') ?? []) {
    if (line === '...') continue;
    const found = printed.indexOf(withoutFrames(line), at);
    assert.ok(found >= 0, `not printed, or not in this place: ${line}`);
    at = found + 1;
  }
  assert.ok(at > 0);
});

test.run();
