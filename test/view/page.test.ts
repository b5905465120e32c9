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
/** Tabs with numbers, and the keys that show them. */
const NUMBER_TABS = { '4': 'tab-counters', '2': 'tab-area' };
/** Pixels of the smallest text. */
const TEXT_MIN = 12;

const found = findBrowser();
const folder = new Folder();
const test = suite(found ? 'page' : 'page: skipped, there is no Chromium');
const testInBrowser = found ? test : test.skip;
let browser: Browser;
let page: Page;
let complaints: string[];

if (found) {
  test.before(async () => {
    browser = await openBrowser(found);
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    complaints = watchPage(page);
  });
}
test.after.each(() => {
  assert.equal(complaints?.splice(0) ?? [], []);
});
test.after(async () => {
  await browser?.close();
  folder.remove();
});

const runs = new Map<string, Promise<Journal>>();

/** The journal of an example, which runs once. */
function runOf(name: string, seed = 0): Promise<Journal> {
  const key = `${name} ${seed}`;
  const run = runs.get(key) ?? newRunOf(name, seed);
  runs.set(key, run);
  return run;
}

async function newRunOf(name: string, seed: number): Promise<Journal> {
  const options = machineOptions({ strategy: 'kmap', seed, memory: MEMORY_MIB });
  const { journal, complaint } = await aside(() => journalOf(join(ROOT, `examples/${name}.ts`), options), false);
  assert.is(complaint, null);
  return journal;
}

const addresses = new Map<string, string>();

/** @returns The address of a page of journals. */
function written(name: string, journals: readonly Journal[]): string {
  const known = addresses.get(name);
  if (known !== undefined) return known;
  const html = viewPage(journals, { source: name, strategy: 'kmap', memoryMiB: MEMORY_MIB, at: null });
  assert.ok(html.length < PAGE_MAX, `${name}: ${html.length} bytes`);
  const address = pathToFileURL(folder.write(`${name}.html`, html)).href;
  addresses.set(name, address);
  return address;
}

/** Opens a page anew, at a place that its address names. */
async function open(url: string, hash = ''): Promise<void> {
  await page.goto('about:blank');
  await page.goto(`${url}${hash}`);
  await page.waitForSelector('.position');
}

async function openFirstCall(hash = ''): Promise<void> {
  await open(written('first-call', [await runOf('first-call')]), hash);
}

const textOf = async (selector: string) => (await page.textContent(selector)) ?? '';
const isAtStep = (step: number) => page.locator(`.step-number:text-is("Step ${step}")`).waitFor();

/** Waits until so many elements are there: the page draws after its signals have changed. */
const thereAre = (selector: string, count: number) =>
  page.waitForFunction(`document.querySelectorAll(${JSON.stringify(selector)}).length === ${count}`);

/** In the page: moves the scrubber, waits for the step, and reads the numbers of two tabs. */
const NUMBERS_AT = `async (step, keys) => {
  const painted = () => new Promise((resolve) => setTimeout(resolve, 0));
  const scrubber = document.querySelector('.scrubber');
  scrubber.value = step;
  scrubber.dispatchEvent(new Event('input', { bubbles: true }));
  while (document.querySelector('.step-number').textContent !== 'Step ' + step) await painted();
  const numbers = {};
  for (const key of Object.keys(keys)) {
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    while (document.querySelector('[role=tab][aria-selected=true]').id !== keys[key]) await painted();
    await painted();
    for (const one of document.querySelectorAll('[data-number]')) numbers[one.dataset.number] = one.textContent;
  }
  return numbers;
}`;

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
    await open(written(name, [journal]), '#step=0');
    for (const step of someSteps(history.recorded.count)) {
      history.goto(step);
      const shown = await page.evaluate(`(${NUMBERS_AT})(${step}, ${JSON.stringify(NUMBER_TABS)})`);
      assert.equal(shown, numbersOf(history), `${name}, step ${step}`);
    }
  }
});

testInBrowser('it walks by keys, buttons and scrubber, and its address says where it is', async () => {
  await openFirstCall('#step=49&show=driver');
  const last = Number(await page.getAttribute('.scrubber', 'max'));
  const positionIs = async (text: string) => assert.is(await textOf('.position'), `${text} of ${last}`);
  await positionIs('step 49');
  await page.keyboard.press('End');
  await isAtStep(last);
  await page.keyboard.press('ArrowLeft');
  await positionIs(`step ${last - 1}`);
  await page.keyboard.press('PageUp');
  await positionIs(`step ${last - 11}`);
  await page.keyboard.press('Home');
  await positionIs('start');
  for (const button of ['Step on', 'Step on', 'Step back']) await page.click(`[aria-label="${button}"]`);
  await positionIs('step 0');
  await page.click('[aria-label="Next message"]');
  assert.match(await textOf('.sentence'), 'calls servicemanager');
  await page.click('.sentence'); // a button has a use of its own for the next key
  await page.keyboard.press(' ');
  await thereAre('[aria-label="Pause"]', 1);
  await page.keyboard.press(' ');
  await page.locator('.scrubber').fill('49');
  assert.match(await textOf('.sentence'), 'app.0 calls greeter: the driver copies 56 bytes once');
  await page.waitForURL(/strategy=kmap&seed=0&step=49&show=driver/);
});

testInBrowser('of many threads those are seen that act', async () => {
  const machine = Machine.boot({ memoryMiB: MEMORY_MIB, journal: true });
  const threads = Array.from({ length: 9 }, (_, number) => machine.spawn(`p${number}`).main);
  const fds = threads.map((thread) => thread.open());
  for (let turn = 0; turn < 40; turn++) for (const one of [2, 8]) threads[one]?.version(fds[one] as number);
  await open(written('threads', [machine.journal]), '#step=90');
  const names = async () => (await page.getAttribute('.timeline canvas', 'aria-label'))?.replace(/.*threads: /, '');
  assert.is(await names(), 'p2.0, p8.0, p0.0, p1.0, p3.0');
  await page.hover('.timeline canvas');
  await page.mouse.wheel(0, 100);
  await page.locator('.timeline canvas[aria-label$="threads: p8.0, p0.0, p1.0, p3.0, p4.0"]').waitFor();
});

testInBrowser('another strategy, one beside it, and a branch', async () => {
  await openFirstCall('#step=49');
  const copies = () => page.$$eval('.journey-label', (labels) => labels.map(({ textContent }) => textContent));
  assert.equal(await copies(), ['56 bytes copied once']);
  await thereAre('.frame.shared', 1);
  await page.selectOption('.strategy select', 'two-copy');
  assert.equal(await copies(), ['1. 56 bytes copied', '2. 56 bytes copied']);
  await page.keyboard.press('c');
  assert.match(await textOf('.between'), 'kmap');
  await page.click('text=One alone');
  await page.selectOption('.strategy select', 'vmalloc');
  await thereAre('.page-box.vmalloc', 1);
  await page.selectOption('.beside select', 'two-copy');
  await thereAre('.stage', 2);
  assert.match(await textOf('.between'), 'bytes copied');
  await page.click('text=One alone');
  await page.click('#tab-change');
  await page.selectOption('[aria-label="Process"]', 'greeter');
  await page.click('text=Kill it');
  await page.locator('.stage').nth(1).waitFor();
  await page.keyboard.press('End');
  assert.match(await textOf('.between'), 'greeter is killed');
  assert.match(await textOf('.between'), /\d+ later steps are not possible/);
});

testInBrowser('an allocation or a copy fails in a branch, which says what that comes to', async () => {
  const fail = async (what: string, number = '1', bytes = '0') => {
    await page.keyboard.press('x');
    await page.locator('#panel :focus').waitFor();
    await page.selectOption('[aria-label="What fails"]', what);
    await page.getByLabel('number').fill(number);
    if (what === 'copy') await page.getByLabel('after bytes').fill(bytes);
    await page.focus('text=Let it fail');
    await page.keyboard.press('Enter');
    await page.locator('.outcome').waitFor();
    return textOf('.outcome');
  };
  await openFirstCall('#step=48');
  assert.is(
    await fail('buffer'),
    'From step 48 on the next Binder buffer fails: in step 49 app.0 gets BR_FAILED_REPLY.',
  );
  await isAtStep(49);
  assert.match(await textOf('.sentence >> nth=0'), 'the driver copies 56 bytes once');
  assert.match(await textOf('.sentence >> nth=1'), 'app.0 calls greeter, and the driver refuses it');
  assert.match(await textOf('.between'), /later steps are not possible/);
  await page.locator('.scrubber').fill('48');
  assert.match(await textOf('.sentence >> nth=1'), 'allocation of a buffer number 1 fails');
  assert.match(await fail('copy', '1', '3'), 'the next copy fails after 3 bytes: in step 49 ');
  assert.match(await fail('object', '3'), /kernel object number 3 fails: in step \d+ .*(BR_FAILED_REPLY|ENOMEM)/);
  assert.match(await fail('frame', '5000'), /it does not come to that: there are only \d+ until the end/);
  await page.keyboard.press('x');
  await page.locator('.scrubber').fill('-1');
  assert.match(await fail('frame'), /From the first step on the next frame of memory fails: in step 0 .*memory/);
});

testInBrowser(
  'other branches: a frozen process, another thread, other bytes, a signal, pages that are taken',
  async () => {
    await openFirstCall('#step=48');
    const branch = async (act: () => Promise<void>) => {
      await page.keyboard.press('x');
      await page.locator('#panel :focus').waitFor();
      await act();
      await page.locator('.outcome').waitFor();
      await page.locator('.scrubber').fill('49');
      return `${await textOf('.outcome')} ${await textOf('.sentence >> nth=1')}`;
    };
    const frozen = await branch(async () => {
      await page.selectOption('[aria-label="Process"]', 'greeter');
      await page.click('text=Freeze it');
    });
    assert.match(frozen, /^greeter is frozen after step 48\. .*app\.0 gets BR_FROZEN_REPLY instead of a reply/);
    const edited = await branch(async () => {
      const bytes = page.getByLabel('Payload in hex');
      await bytes.fill((await bytes.inputValue()).replace('41 00 64 00', '45 00 76 00'));
      await page.click('text=Send these');
    });
    assert.match(edited, /^the bytes of step 49 are changed after step 48\./);
    assert.equal(await page.$$eval('.frame.shared .words', (words) => words.map(({ textContent }) => textContent)), [
      'Ada',
      'Eva',
    ]);
    await page.keyboard.press('x');
    await page.locator('.scrubber').fill('34');
    const threads = await page.$$eval('[aria-label="Thread"] option', (options) =>
      options.map((one) => one.textContent),
    );
    assert.equal(threads, ['servicemanager.0']);
    assert.match(await branch(() => page.click('text=Let it run')), /^servicemanager\.0 runs next after step 34\./);
    await page.keyboard.press('x');
    await page.locator('.scrubber').fill('49');
    await page.selectOption('[aria-label="Sleeping thread"]', 'app.0');
    assert.match(
      await branch(() => page.click('text=Send a signal')),
      /^app\.0 gets a signal after step 49\. .*app\.0 wakes with EINTR/,
    );
    assert.match(await branch(() => page.click('text=Shrink the mappings')), /^unused pages are taken after step 49\./);
  },
);

testInBrowser('what is the same thing lights up, and a click keeps it lit', async () => {
  await openFirstCall('#step=49&show=area');
  await page.hover('.frame.shared');
  for (const same of ['.page-box.receiver', '.line.receiver', '.stretch.call', '.messages tr']) {
    await thereAre(`${same}[data-lit]`, 1);
  }
  await thereAre('.page-box.sender[data-lit]', 0);
  assert.match(
    await textOf('.telling'),
    /^Frame 0x\w+: a page of a Binder mapping, reached by greeter and the kernel; message 15/,
  );
  await page.click('.frame.shared');
  await page.hover('.head');
  await thereAre('.page-box.receiver[data-lit]', 1);
  await page.waitForURL(/selected=f/);
  await page.keyboard.press('1');
  await page.locator('.structure summary[data-lit]:has-text("BC_TRANSACTION")').first().waitFor();
  await page.keyboard.press('3');
  await page.locator('.entry[data-lit]:text-is("▸ serves 15 of app.0")').waitFor();
  await page.keyboard.press('ArrowRight');
  assert.match(await textOf('.frame.target .badge'), 'read in place');
  await page.hover('.node >> nth=1');
  await thereAre('.ref[data-lit]', 2);
});

testInBrowser('a frame is selected among all of memory, and brings its process to the stage', async () => {
  await openFirstCall('#step=49');
  const grid = page.getByRole('slider', { name: 'Frame of memory' });
  const stands = (side: string) => textOf(`.space.${side} h2 .choice`);
  assert.match(await stands('receiver'), /^greeter/);
  await grid.focus();
  let text = '';
  for (let count = 0; count < 64 && !/mapping, reached by servicemanager/.test(text); count++) {
    await page.keyboard.press('ArrowLeft');
    text = (await grid.getAttribute('aria-valuetext')) ?? '';
  }
  assert.match(text, /^Frame 0x\w+: a page of a Binder mapping, reached by servicemanager at 0x/);
  assert.is(await textOf('.telling'), text);
  await page.keyboard.press('Enter');
  assert.match(await stands('receiver'), /^servicemanager/);
  await thereAre('.frame[data-lit]', 1);
  await page.waitForURL(/right=servicemanager&selected=f/);
  await page.selectOption('[aria-label="Process on the right"]', '');
  assert.match(await stands('receiver'), /^greeter/);
  await page.keyboard.press('Escape');
  await page.keyboard.press('[');
  await page.waitForURL(/left=servicemanager(?!.*selected)/);
  assert.match(await stands('sender'), /^servicemanager/);
});

testInBrowser('an area is enlarged down to the bytes of a message', async () => {
  await openFirstCall('#step=49&show=area');
  await page.click('[aria-label$="show the bytes of message 15"]');
  assert.match(await textOf('.hex'), 'l.a.b...');
  assert.is(await page.locator('.hex span.call').first().textContent(), '00 00 00 80 ff ff ff ff ');
  const shown = await page.getAttribute('.strip >> nth=0', 'aria-label');
  assert.is(shown, 'Bytes 0 to 56');
  await page.hover('.strip >> nth=0');
  await page.mouse.wheel(0, 400);
  await page.locator('.strip[aria-label="Bytes 0 to 84"]').waitFor();
});

testInBrowser('a message of a mebibyte is shown by and by', async () => {
  await open(written('size-limits', [await runOf('size-limits')]), '#step=48&show=bytes');
  await page.click('text=Show more of 64,960 rows');
  await page.locator('text=Show more of 64,768 rows').waitFor();
  assert.is(await page.locator('.structure tbody tr').count(), 257);
});

testInBrowser('another seed is another run', async () => {
  await open(written('seeds', [await runOf('oneway-order'), await runOf('oneway-order', 1)]));
  assert.is(await page.inputValue('.seed select'), '0');
  await page.selectOption('.seed select', '1');
  await page.waitForURL(/strategy=kmap&seed=1/);
  assert.is(await page.inputValue('.seed select'), '1');
});

testInBrowser('the journal and a trace are saved', async () => {
  await openFirstCall('#step=49');
  await page.click('summary >> text=Save');
  for (const [button, name] of [
    ['Journal', 'first-call.journal'],
    ['Perfetto trace', 'first-call.pftrace'],
    ['ftrace text', 'first-call.ftrace'],
  ] as const) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(`.sheet >> text=${button}`)]);
    assert.is(download.suggestedFilename(), name);
    const bytes = readFileSync(await download.path());
    assert.ok(bytes.length > 1000);
    if (name.endsWith('.ftrace')) assert.match(String(bytes), /: binder_transaction: transaction=15 /);
    if (name.endsWith('.journal')) assert.is(BinaryJournal.of(bytes, name).header.steps, 62);
  }
});

/** Stands in for Perfetto's page: it answers a PING, and says what it got. */
const PERFETTO = `<!doctype html><title>waits</title><script>
  onmessage = ({ data, source, origin }) => {
    if (data === 'PING') source.postMessage('PONG', '*');
    else document.title = data.perfetto.title + ': ' + data.perfetto.buffer.byteLength + ' bytes';
  };
</script>`;

testInBrowser('Perfetto gets the trace after a click', async () => {
  await openFirstCall('#step=49');
  const context = page.context();
  await context.route('https://ui.perfetto.dev/**', (route) =>
    route.fulfill({ contentType: 'text/html', body: PERFETTO }),
  );
  await page.click('summary >> text=Save');
  const [popup] = await Promise.all([context.waitForEvent('page'), page.click('text=Open in ui.perfetto.dev')]);
  await popup.waitForFunction('document.title !== "waits"');
  assert.match(await popup.title(), /^first-call: \d{4,} bytes$/);
  await popup.close();
});

testInBrowser('the tour has eight steps; what moves stands still for whoever wants that', async () => {
  await openFirstCall();
  await page.waitForSelector('.card');
  for (let number = 1; number <= 8; number++) await page.click('.card .main');
  await thereAre('.card', 0);
  const MOVES = "getComputedStyle(document.querySelector('.parcel')).animationDuration";
  assert.is(await page.evaluate(MOVES), '0.9s');
  await page.emulateMedia({ reducedMotion: 'reduce' });
  assert.ok(Number.parseFloat(await page.evaluate(MOVES)) < 0.001);
  await page.emulateMedia({ reducedMotion: null });
});

/** In the page: the smallest size of any text. */
const SMALLEST_TEXT = `Math.min(...[...document.querySelectorAll('body *')]
  .filter((one) => one.checkVisibility() && [...one.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
  .map((one) => parseFloat(getComputedStyle(one).fontSize)))`;

testInBrowser('both themes, shapes besides colours, and no serious fault that axe finds', async () => {
  await openFirstCall('#step=49');
  const ends = { sender: 'circle', receiver: 'rect', kernel: 'path.end' };
  for (const [side, shape] of Object.entries(ends)) await thereAre(`.line.${side} > ${shape}`, 1);
  await page.addScriptTag({ content: AXE });
  const faultsOf = async (theme: string, part = 'document') => {
    // the other rules find the same in both themes
    const rules = theme === 'dark' ? "{ runOnly: ['color-contrast', 'link-in-text-block'] }" : '{}';
    const { violations } = await page.evaluate<AxeResult>(`axe.run(${part}, ${rules})`);
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    return serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' ')}`);
  };
  for (const theme of ['light', 'dark']) {
    if ((await page.getAttribute('html', 'data-theme')) !== theme) await page.keyboard.press('t');
    assert.is(await page.getAttribute('html', 'data-theme'), theme);
    assert.equal(await faultsOf(theme), [], theme);
    for (const [index, tab] of ['bytes', 'area', 'driver', 'counters', 'change'].entries()) {
      await page.keyboard.press(String(index + 1));
      await page.locator(`#tab-${tab}[aria-selected=true]`).waitFor();
      assert.equal(await faultsOf(theme, "'#panel'"), [], `${tab}, ${theme}`);
      assert.ok((await page.evaluate<number>(SMALLEST_TEXT)) >= TEXT_MIN, `${tab} has text below ${TEXT_MIN} px`);
    }
  }
});

interface AxeResult {
  violations: { id: string; impact: string; nodes: { html: string }[] }[];
}

test('the index says what each example shows', () => {
  const script = '/**\n * Death: what others see.\n * It <ends>.\n *\n *     binderlab run\n */\nimport x;\n';
  const html = galleryIndex(new Map([['death', script]]));
  assert.match(html, '<a class="gallery-card" href="death.html"><h2>death</h2>');
  assert.match(html, '<b>Death:</b> what others see. It &#60;ends&#62;.</p>');
  assert.not.match(html, 'binderlab run');
});

test('the command writes the page, and says what is wrong with its words', () => {
  const script = folder.write('s.ts', 'export default (machine) => { machine.spawn("one").main.open(); };');
  const { code, stdout } = folder.run(['view', script, '--out', 'page.html']);
  assert.is(code, 0);
  assert.match(stdout, 'page.html shows ');
  assert.match(readFileSync(join(folder.path, 'page.html'), 'utf8'), '<script type="module">');
  const kernel = join(ROOT, 'test/conformance/hand/death.jsonl.gz');
  assert.match(folder.run(['view', kernel, '--seeds', '2']).stderr, '--seeds takes a script');
  const wrong = folder.run(['view', script, '--at', '7']);
  assert.is(wrong.code, 2);
  assert.match(wrong.stderr, '--at: there is no step 7; the last is 1');
});

test.run();
