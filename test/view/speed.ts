/**
 * How fast the page of `view` is, in Chromium: `npm run page:speed -- [STEPS]`. It prints what a step costs with more than 1,000
 * frames in use, and how a long journal opens, scrubs and branches. A busy machine is slower, so nothing is asserted.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CDPSession, Page } from 'playwright-core';
import { median } from '../../bench/quantiles.ts';
import { viewPage } from '../../host/cli/view/page.ts';
import { bc, Machine } from '../../host/index.ts';
import type { Journal } from '../../host/trace/journal.ts';
import { findBrowser, openBrowser, watchPage } from './browser.ts';

const MEMORY_MIB = 64;
const STEPS = Number(process.argv[2] ?? 100_000);
/** Clients that never free a reply, and its bytes: some 250 frames each. */
const HOLDERS = 5;
const HELD = 1_000_000;
const PAYLOAD = 64;
const STEPS_PER_TRIP = 3;
/** Steps and movements that are measured. */
const LOOKED_AT = 60;
const SCRUBS = 100;
/** Milliseconds from one movement of a hand to the next. */
const MOVE_MS = 30;
const OPENS = 3;
/** Milliseconds until a page has come to rest, and at most for a long way. */
const SETTLE_MS = 500;
const WAIT_MS = 120_000;
const MIB = 1024 * 1024;
/** A person notices that a page stands still. */
const STALL_MS = 50;

/** Calls with answers between two processes, after other replies filled 1,000 frames. */
function longJournal(steps: number): Journal {
  const machine = Machine.boot({ memoryMiB: MEMORY_MIB, journal: 'all' });
  const joined = (name: string) => {
    const process = machine.spawn(name);
    const fd = process.main.open();
    process.main.mmap(fd);
    process.main.writeRead(fd, []); // a thread's first ioctl returns at once
    return { process, main: process.main, fd };
  };
  const server = joined('server');
  server.main.becomeContextManager(server.fd);
  const large = server.process.place(new Uint8Array(HELD));
  const trip = (
    { main, fd }: typeof server,
    commands: ReturnType<typeof bc.reply>[],
    data: typeof large | Uint8Array,
  ) => {
    const call = main.writeRead(fd, [
      ...commands,
      bc.transaction({ handle: 0, code: 1, data: new Uint8Array(PAYLOAD) }),
    ]);
    const { buffer } = server.main.writeRead(server.fd, []).expect('BR_TRANSACTION');
    server.main.writeRead(server.fd, [bc.freeBuffer(buffer), bc.reply({ data })]);
    return call.expect('BR_REPLY').buffer;
  };
  for (let number = 1; number <= HOLDERS; number++) trip(joined(`holder ${number}`), [], large);
  const client = joined('client');
  const answer = new Uint8Array(PAYLOAD).fill(0x61);
  let received = trip(client, [], answer);
  for (let made = 0; made < steps; made += STEPS_PER_TRIP) received = trip(client, [bc.freeBuffer(received)], answer);
  return machine.journal;
}

/** Milliseconds that the processor spent in script since the page began: a busy machine does not count. */
async function scriptTime(session: CDPSession, metric = 'ScriptDuration'): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return 1000 * (metrics.find(({ name }) => name === metric)?.value ?? 0);
}

/** The same for all that the page does, such as layout. */
const busyTime = (session: CDPSession) => scriptTime(session, 'TaskDuration');

/** Resolves when the next frame is painted. In the page, of which these programs know no types. */
const PAINTED = 'new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)))';
async function costsOfSteps(page: Page, session: CDPSession): Promise<number[]> {
  const costs: number[] = [];
  for (let count = 0; count < LOOKED_AT; count++) {
    const before = await scriptTime(session);
    await page.keyboard.press('ArrowRight');
    await page.evaluate(PAINTED);
    costs.push((await scriptTime(session)) - before);
  }
  return costs;
}

interface TraceRecord {
  name: string;
  /** Microseconds, by the clock and of the processor. */
  dur?: number;
  tdur?: number;
  pid: number;
  tid: number;
  args: { name?: string };
}

/** Milliseconds that each task of the page took of the processor while `act` went on. */
async function tasksOf(page: Page, act: () => Promise<void>): Promise<number[]> {
  await browser.startTracing(page, { categories: ['__metadata', 'toplevel', 'devtools.timeline'] });
  await act();
  await page.evaluate(PAINTED);
  const { traceEvents } = JSON.parse(String(await browser.stopTracing())) as { traceEvents: TraceRecord[] };
  const mains = traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const isMain = ({ pid, tid }: TraceRecord) => mains.some((main) => main.pid === pid && main.tid === tid);
  return traceEvents
    .filter((event) => /RunTask$/.test(event.name) && isMain(event))
    .map(({ tdur, dur }) => (tdur ?? dur ?? 0) / 1000);
}

const stalls = (tasks: number[]) => {
  const long = tasks.filter((task) => task > STALL_MS);
  return `${long.length} of ${tasks.length} tasks take more than ${STALL_MS} ms; the longest ${ms(Math.max(...tasks))}`;
};

/** A hand that moves the scrubber to and fro. */
async function scrub(page: Page, last: number): Promise<void> {
  for (let count = 0; count < SCRUBS; count++) {
    const goal = Math.round(((1 + Math.sin(count / 7)) / 2) * last);
    await page.evaluate(`{
      const scrubber = document.querySelector('.scrubber');
      scrubber.value = ${goal};
      scrubber.dispatchEvent(new Event('input', { bubbles: true }));
    }`);
    await page.waitForTimeout(MOVE_MS);
  }
}

const ms = (value: number) => `${value.toFixed(1)} ms`;
const summary = (values: number[]) =>
  values.length === 0 ? 'none' : `${values.length}, median ${ms(median(values))}, most ${ms(Math.max(...values))}`;

const found = findBrowser();
if (found === null) throw new Error('there is no Chromium; .ci/chromium installs it');
const folder = mkdtempSync(join(tmpdir(), 'binderlab-'));
const browser = await openBrowser(found);

/** A tab whose metrics are of the processor. */
async function tab(): Promise<{ page: Page; session: CDPSession }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return { page, session };
}

/** Milliseconds until the page shows its journal: by the clock, and of the processor. */
async function opening({ page, session }: Awaited<ReturnType<typeof tab>>, url: string) {
  const complaints = watchPage(page);
  const begin = performance.now();
  await page.goto(url);
  await page.waitForSelector('.position');
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  return { clock: performance.now() - begin, busy: await busyTime(session) };
}

async function report(url: string, last: number): Promise<void> {
  const opened: Awaited<ReturnType<typeof opening>>[] = [];
  for (let count = 1; count < OPENS; count++) {
    const one = await tab();
    opened.push(await opening(one, url));
    await one.page.close();
  }
  const { page, session } = await tab();
  opened.push(await opening({ page, session }, url));
  console.log(`opens: ${summary(opened.map(({ clock }) => clock))}`);
  console.log(`  of the processor: ${summary(opened.map(({ busy }) => busy))}`);
  await page.keyboard.press('Escape');
  console.log(`scrubbing at once: ${stalls(await tasksOf(page, () => scrub(page, last)))}`);
  const begin = performance.now();
  await page.keyboard.press('End');
  await page.locator(`.step-number:text-is("Step ${last}")`).waitFor({ timeout: WAIT_MS });
  console.log(`to the end: ${ms(performance.now() - begin)}`);
  console.log(`scrubbing later: ${stalls(await tasksOf(page, () => scrub(page, last)))}`);
  for (const key of ['1', '2', '3', '4', '5']) {
    await page.locator('.scrubber').fill(String(Math.round(last / 2)));
    await page.keyboard.press(key);
    await page.waitForTimeout(SETTLE_MS);
    const name = await page.textContent('[role=tab][aria-selected=true]');
    console.log(`script of a step, ${name}: ${summary(await costsOfSteps(page, session))}`);
  }
  const branch = await tasksOf(page, async () => {
    await page.locator('.scrubber').fill('100');
    await page.waitForTimeout(SETTLE_MS);
    await page.click('text=Shrink');
    await page.locator('.stage').nth(1).waitFor({ timeout: WAIT_MS });
  });
  console.log(`a branch: ${stalls(branch)}`);
}

try {
  const journal = longJournal(STEPS);
  const last = journal.header.steps - 1;
  const file = join(folder, 'long.html');
  const html = viewPage([journal], { source: 'long', strategy: 'kmap', memoryMiB: MEMORY_MIB, at: 30 });
  writeFileSync(file, html);
  console.log(`a page of ${last + 1} steps: ${(html.length / MIB).toFixed(2)} MiB`);
  await report(pathToFileURL(file).href, last);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}
