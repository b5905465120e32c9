/** The page of `view`, in Chromium, from a file: it walks, its numbers are the machine's, and it asks for nothing. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readJournal } from '../../host/cli/files.ts';
import { machineOptions } from '../../host/cli/machineoptions.ts';
import { aside } from '../../host/cli/output.ts';
import { journalOf } from '../../host/cli/source.ts';
import { galleryIndex } from '../../host/cli/view/gallery.ts';
import { viewPage } from '../../host/cli/view/page.ts';
import { History } from '../../host/history.ts';
import { Machine } from '../../host/machine.ts';
import { BinaryJournal } from '../../host/trace/binaryjournal.ts';
import type { Journal } from '../../host/trace/journal.ts';
import { Folder } from '../cli/binderlab.ts';
import { findBrowser, openBrowser, watchPage } from './browser.ts';

const ROOT = join(import.meta.dirname, '../../..');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const MEMORY_MIB = 64;
const PAGE_MAX = 1024 * 1024;
const STEPS_LOOKED_AT = 10;
/** Keys that show these tabs. */
const COUNTERS_KEY = '4';
const AREA_KEY = '2';

const found = findBrowser();
const folder = new Folder();
const test = suite(found ? 'page' : 'page: skipped, there is no Chromium');
const testInBrowser = found ? test : test.skip;
let browser: Browser;

if (found) {
  test.before(async () => {
    browser = await openBrowser(found);
  });
}
test.after(async () => {
  await browser?.close();
  folder.remove();
});

/** The journal of an example. */
async function runOf(name: string): Promise<Journal> {
  const options = machineOptions({ strategy: 'kmap', seed: 0, memory: MEMORY_MIB });
  const { journal, complaint } = await aside(() => journalOf(join(ROOT, `examples/${name}.ts`), options), false);
  assert.is(complaint, null);
  return journal;
}

function written(name: string, journal: Journal, at: number | null = null): string {
  const facts = { source: name, strategy: 'kmap', memoryMiB: MEMORY_MIB, at };
  const html = viewPage(journal, facts);
  assert.ok(html.length < PAGE_MAX, `${name}: ${html.length} bytes`);
  return pathToFileURL(folder.write(`${name}.html`, html)).href;
}

async function opened(url: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const complaints = watchPage(page);
  await page.goto(url);
  await page.waitForSelector('.position');
  return { page, complaints };
}

const textOf = async (page: Page, selector: string) => (await page.textContent(selector)) ?? '';
const positionOf = (page: Page) => textOf(page, '.position');

/** The numbers on the page at a step, of all tabs that have some. */
async function numbersAt(page: Page, step: number): Promise<Record<string, string>> {
  await page.locator('.scrubber').fill(String(step));
  await page.locator(`.step-number:text-is("Step ${step}")`).waitFor();
  const numbers: Record<string, string> = {};
  for (const key of [COUNTERS_KEY, AREA_KEY]) {
    await page.keyboard.press(key);
    const shown = await page.$$eval('[data-number]', (elements) =>
      elements.map((element) => [element.getAttribute('data-number') ?? '', element.textContent ?? '']),
    );
    Object.assign(numbers, Object.fromEntries(shown));
  }
  return numbers;
}

function numbersOf({ machine }: History): Record<string, string> {
  const { pteWrites, ...counters } = machine.counters();
  const numbers: Record<string, number | string> = {
    ...counters,
    pteUser: pteWrites.user,
    pteKernel: pteWrites.kernel,
    framesFree: machine.freeFrames(),
    objects: machine.liveObjects(),
    hash: machine.hash(),
  };
  delete numbers.framesZeroed;
  for (const proc of machine.inspect.procs().filter(({ mapping }) => mapping.size > 0)) {
    const used = machine.inspect.buffers(proc).filter(({ free }) => !free);
    numbers[`buffers ${proc.pid}`] = used.length;
    numbers[`used ${proc.pid}`] = used.reduce((sum, { size }) => sum + size, 0);
  }
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)]));
}

/** The same steps in each run, without order. */
function* someSteps(count: number): Generator<number> {
  for (let number = 1; number <= STEPS_LOOKED_AT; number++) yield (number * 7919) % count;
}

testInBrowser('its numbers are those of the machine, at steps of five journals', async () => {
  const recorded = join(ROOT, 'test/conformance/hand/nested-callback.jsonl.gz');
  const journals: Record<string, Journal> = {
    death: await runOf('death'),
    'first-call': await runOf('first-call'),
    'oneway-order': await runOf('oneway-order'),
    'size-limits': await runOf('size-limits'),
    kernel: await readJournal({ path: recorded, name: 'kernel' }),
  };
  for (const [name, journal] of Object.entries(journals)) {
    const history = new History(journal, (header) => Machine.fromHeader(header, { memoryMiB: MEMORY_MIB }));
    const { page, complaints } = await opened(written(name, journal));
    for (const step of someSteps(history.recorded.count)) {
      history.goto(step);
      assert.equal(await numbersAt(page, step), numbersOf(history), `${name}, step ${step}`);
    }
    assert.equal(complaints, [], name);
    await page.close();
  }
});

testInBrowser('it walks by keys, buttons and scrubber, and its address says where it is', async () => {
  const journal = await runOf('first-call');
  const last = journal.steps.length - 1;
  const { page, complaints } = await opened(`${written('walk', journal)}#step=49&show=driver`);
  assert.is(await positionOf(page), `step 49 of ${last}`);
  await page.keyboard.press('End');
  await page.locator(`.step-number:text-is("Step ${last}")`).waitFor();
  await page.keyboard.press('ArrowLeft');
  assert.is(await positionOf(page), `step ${last - 1} of ${last}`);
  await page.keyboard.press('Home');
  assert.is(await positionOf(page), `start of ${last}`);
  await page.click('[aria-label="Step on"]');
  await page.click('[aria-label="Step on"]');
  await page.click('[aria-label="Step back"]');
  assert.is(await positionOf(page), `step 0 of ${last}`);
  await page.click('[aria-label="Next message"]');
  assert.match(await textOf(page, '.sentence'), 'calls servicemanager');
  await page.locator('.scrubber').fill('49');
  assert.match(await textOf(page, '.sentence'), 'app.0 calls greeter: the driver copies 56 bytes once');
  await page.waitForURL(/step=49/);
  assert.match(page.url(), /strategy=kmap&seed=0&step=49&show=driver/);
  assert.equal(complaints, []);
  await page.close();
});

testInBrowser('another strategy, one beside it, and a branch', async () => {
  const { page, complaints } = await opened(`${written('change', await runOf('first-call'))}#step=49`);
  const copies = () => page.$$eval('.journey-label', (labels) => labels.map(({ textContent }) => textContent));
  assert.equal(await copies(), ['56 bytes copied once']);
  assert.is(await page.locator('.frame.shared').count(), 1);
  await page.selectOption('.strategy select', 'two-copy');
  assert.equal(await copies(), ['1. 56 bytes copied', '2. 56 bytes copied']);
  await page.selectOption('.strategy select', 'vmalloc');
  assert.is(await page.locator('.page-box.vmalloc').count(), 1);
  await page.selectOption('.beside select', 'two-copy');
  assert.is(await page.locator('.stage').count(), 2);
  assert.match(await textOf(page, '.between'), 'bytes copied');
  await page.click('text=One alone');
  await page.click('#tab-change');
  await page.selectOption('[aria-label="Process"]', 'greeter');
  await page.click('text=Kill it');
  assert.is(await page.locator('.stage').count(), 2);
  await page.keyboard.press('End');
  assert.match(await textOf(page, '.between'), 'greeter is killed');
  assert.match(await textOf(page, '.between'), /\d+ later steps are not possible/);
  assert.equal(complaints, []);
  await page.close();
});

testInBrowser('what is the same thing lights up, and a click keeps it lit', async () => {
  const { page, complaints } = await opened(`${written('light', await runOf('first-call'))}#step=49&show=area`);
  const isLit = (selector: string) => page.locator(`${selector}[data-lit]`).count();
  await page.hover('.frame.shared');
  for (const same of ['.page-box.receiver', '.line.receiver', '.stretch.call', '.messages tr']) {
    assert.is(await isLit(same), 1, same);
  }
  assert.is(await isLit('.page-box.sender'), 0);
  assert.match(
    await textOf(page, '.telling'),
    /^Frame 0x\w+: a page of a Binder mapping, reached by receiver and kernel; message 15/,
  );
  await page.click('.frame.shared');
  await page.hover('.head');
  assert.is(await isLit('.page-box.receiver'), 1);
  await page.waitForURL(/selected=f/);
  await page.keyboard.press('ArrowRight');
  assert.match(await textOf(page, '.frame.target .badge'), 'read in place');
  assert.equal(complaints, []);
  await page.close();
});

testInBrowser('the journal and a trace are saved', async () => {
  const { page, complaints } = await opened(written('save', await runOf('first-call')));
  await page.keyboard.press('Escape'); // the tour
  await page.click('summary >> text=Save');
  for (const [button, name] of [
    ['Journal', 'save.journal'],
    ['Perfetto trace', 'save.pftrace'],
  ] as const) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(`.sheet >> text=${button}`)]);
    assert.is(download.suggestedFilename(), name);
    const bytes = readFileSync(await download.path());
    assert.ok(bytes.length > 1000);
    if (name.endsWith('.journal')) assert.is(BinaryJournal.of(bytes, name).header.steps, 62);
  }
  assert.equal(complaints, []);
  await page.close();
});

test('the index says what each example shows', () => {
  const script = '/**\n * Death: what others see.\n * It <ends>.\n *\n *     binderlab run\n */\nimport x;\n';
  const html = galleryIndex(new Map([['death', script]]));
  assert.match(html, '<a class="gallery-card" href="death.html"><h2>death</h2>');
  assert.match(html, '<b>Death:</b> what others see. It &#60;ends&#62;.</p>');
  assert.not.match(html, 'binderlab run');
});

testInBrowser('both themes, and no serious fault that axe finds', async () => {
  const { page, complaints } = await opened(written('first-call', await runOf('first-call'), 49));
  await page.waitForSelector('.card');
  for (let number = 1; number <= 8; number++) await page.click('.card .main');
  assert.is(await page.locator('.card').count(), 0, 'the tour has eight steps');
  await page.addScriptTag({ content: AXE });
  const themes: (string | null)[] = [];
  for (const tab of ['bytes', 'area', 'driver', 'counters', 'change', 'bytes']) {
    await page.click(`#tab-${tab}`);
    if (tab === 'area') await page.click('.theme');
    themes.push(await page.getAttribute('html', 'data-theme'));
    const { violations } = await page.evaluate<AxeResult>('axe.run()');
    const faults = violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' ')}`);
    assert.equal(faults, [], tab);
  }
  assert.equal(new Set(themes), new Set(['light', 'dark']));
  assert.equal(complaints, []);
  await page.close();
});

interface AxeResult {
  violations: { id: string; impact: string; nodes: { html: string }[] }[];
}

test('the command writes the page, and says what is wrong with its words', () => {
  const script = folder.write('s.ts', 'export default (machine) => { machine.spawn("one").main.open(); };');
  const { code, stdout } = folder.run(['view', script, '--out', 'page.html']);
  assert.is(code, 0);
  assert.match(stdout, 'page.html shows ');
  assert.match(readFileSync(join(folder.path, 'page.html'), 'utf8'), '<script type="module">');
  const wrong = folder.run(['view', script, '--at', '7']);
  assert.is(wrong.code, 2);
  assert.match(wrong.stderr, '--at: there is no step 7; the last is 1');
});

test.run();
