/**
 * `binderlab step`: walks through a journal step by step. A script is run first, for its journal. On a terminal it is a full
 * screen; with --interactive it reads commands line by line; otherwise, and with --at, --show or --json, it prints one moment.
 */
import { createInterface } from 'node:readline';
import pc from 'picocolors';
import { conditionOf } from '../../condition.ts';
import { History, HistoryError } from '../../history.ts';
import { Machine } from '../../machine.ts';
import type { Step } from '../../trace/journal.ts';
import { BinderlabError } from '../../wire/error.ts';
import { defineCommand } from '../command.ts';
import { MACHINE_OPTIONS, machineChoice, machineOptions } from '../machineoptions.ts';
import { reserveStdout } from '../output.ts';
import { paintRow } from '../screen/paint.ts';
import { journalOf } from '../source.ts';
import { EXIT_FINE, EXIT_NO, UsageError } from '../usage.ts';
import { Path } from './path.ts';
import { headingOf, positionOf } from './position.ts';
import { Screen } from './screen.ts';
import { Stepper } from './stepper.ts';
import { DEFAULT_SIZE, type Key, Terminal } from './terminal.ts';
import { STEP_VIEWS, type StepView, StepViews, stepViewsOf } from './views.ts';
import { whyData, whyText } from './why.ts';

/** The default of --show in the interactive form: the views after each move. */
const WATCHED = 'calls,diff';

export const stepCommand = defineCommand({
  words: { hint: 'SOURCE', min: 1, max: 1, description: 'a script, or a journal (.jsonl, .jsonl.gz, -)' },
  options: {
    at: { type: 'string', hint: 'N', description: 'stand behind step N; also start, end (default)' },
    break: {
      type: 'string',
      hint: 'CONDITION',
      description: 'stop after the first step where it holds, a script too: BR_REPLY, error, "buffers > 3"',
    },
    show: { type: 'string', hint: 'VIEW,...', description: `${STEP_VIEWS.join(', ')}, or all` },
    why: {
      type: 'string',
      hint: 'THING',
      description: 'who changed it last: "node 12", "server 0x70000010"; the prompt lists all in help',
    },
    screen: { type: 'boolean', description: 'print the screen of that moment, as a terminal of 80 x 24 has it' },
    interactive: { type: 'boolean', description: 'ask for commands line by line, also without a terminal' },
    json: {
      type: 'boolean',
      description: 'print one JSON document: {source, step, steps, hash, difference, each view, and why}',
    },
    ...MACHINE_OPTIONS,
  },
  scriptArgs: true,
  contrary: [
    ['at', 'break'],
    ['interactive', 'json'],
    ['interactive', 'screen'],
    ['screen', 'json'],
    ['screen', 'show'],
    ['screen', 'why'],
    ['interactive', 'why'],
  ],
  examples: [
    ['step examples/first-call.ts', 'from the start, on a full screen; ? explains its keys'],
    ['step examples/first-call.ts --break "buffers > 1"', 'where two messages are held at once'],
    ['step run.jsonl --at 42 --show calls,threads', 'one moment, printed'],
  ],
  async run({ args, words: [source = ''], scriptArgs }) {
    const printOnce = [args.at, args.show, args.why].some((given) => given !== undefined) || args.json || args.screen;
    const onTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
    const isScreen = onTerminal && !printOnce && !args.interactive && process.env.TERM !== 'dumb';
    const interactive = args.interactive || (onTerminal && !printOnce);
    if (interactive && source === '-') throw new UsageError('commands and the journal cannot both come from -');
    const views = stepViewsOf(args.show ?? (interactive ? WATCHED : 'calls'));

    if (args.break !== undefined) askedCondition(args.break);
    const choice = machineChoice(args);
    const options = machineOptions(choice);
    const stdout = reserveStdout();
    const { journal, complaint } = await journalOf(source, { ...options, args: scriptArgs }, args.break);
    if (!args.json) stdout.release();
    if (complaint !== null) process.stderr.write(`${complaint}\n`);
    const history = new History(journal, (header) => Machine.fromHeader(header, { ...options, journal: false }));
    const arrived =
      args.break === undefined
        ? arrive(history, args.at ?? (interactive ? 'start' : 'end'))
        : arriveAt(history, args.break);
    if (isScreen) await show(history, complaint);
    else if (args.screen) console.log(screenText(history));
    else if (interactive) await converse(history, views);
    else if (args.json)
      stdout.print(`${JSON.stringify(document(source, history, views, args.why), hexOfBigints, 2)}\n`);
    else console.log(page(history, views, args.why).join('\n'));
    process.exitCode = complaint === null && arrived ? EXIT_FINE : EXIT_NO;
  },
});

/** @param steps The journal, once it is there. @throws UsageError for an invalid condition. */
function askedCondition(text: string, steps?: Iterable<Step>): ReturnType<typeof conditionOf> {
  try {
    return conditionOf(text, steps);
  } catch (error) {
    if (error instanceof BinderlabError) throw new UsageError(`--break: ${error.message}`);
    throw error;
  }
}

/** Goes to the first step after which the condition holds, or to the end. @returns whether it ever holds */
function arriveAt(history: History, condition: string): boolean {
  const holds = askedCondition(condition, history.recorded);
  const views = new StepViews(history);
  try {
    if (history.until((step) => holds(step, () => views.tables()))) return true;
    process.stderr.write(`binderlab: it never came to "${condition}"; this is the end\n`);
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    process.stderr.write(`binderlab: ${error.message}; this is the moment before it\n`);
  }
  return false;
}

/** Goes to the requested step, or as near as possible. @returns whether it reached the step */
function arrive(history: History, at: string): boolean {
  try {
    history.goto(positionOf(at, history));
    return true;
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    process.stderr.write(`binderlab: ${error.message}; this is the moment before it\n`);
    return false;
  }
}

function page(history: History, views: readonly StepView[], why: string | undefined): string[] {
  const shown = new StepViews(history);
  const heading = `${history.header.name}: ${headingOf(history)}, state ${history.hash()}`;
  const answer = why === undefined ? [] : ['', `why ${why}`, `  ${whyText(why, history)}`];
  return [heading, ...views.flatMap((view) => ['', ...shown.text(view)]), ...answer];
}

function document(
  source: string,
  history: History,
  views: readonly StepView[],
  why: string | undefined,
): Record<string, unknown> {
  const shown = new StepViews(history);
  const { step, recorded } = history;
  return {
    source,
    step: step?.i ?? null,
    steps: recorded.count,
    hash: history.hash(),
    difference: shown.difference(),
    ...Object.fromEntries(views.map((view) => [view, shown.data(view)])),
    ...(why === undefined ? {} : { why: whyData(why, history) }),
  };
}

function hexOfBigints(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `0x${value.toString(16)}` : value;
}

/** What the screen has, without its styles. */
function screenText(history: History): string {
  const rows = new Screen(new Path(history)).draw(DEFAULT_SIZE);
  return rows.map((row) => paintRow(row, true).trimEnd()).join('\n');
}

/** The full screen, until the user quits. @param complaint The error of the script; null without one. */
function show(history: History, complaint: string | null): Promise<void> {
  const screen = new Screen(new Path(history), complaint);
  return new Promise((resolve, reject) => {
    const draw = (): void => {
      terminal.show(screen.draw(terminal.size).map((row) => paintRow(row, !pc.isColorSupported)));
    };
    const pressed = (key: Key): void => {
      if (key.ctrl === true && key.name === 'z') {
        terminal.suspend();
        return;
      }
      screen.press(key);
      if (!screen.done) {
        draw();
        return;
      }
      terminal.close();
      resolve();
    };
    /** Gives the terminal back before an error goes on its way. */
    const guarded =
      <A extends unknown[]>(act: (...given: A) => void) =>
      (...given: A): void => {
        try {
          act(...given);
        } catch (error) {
          terminal.close();
          reject(error);
        }
      };
    const terminal = new Terminal({ onKey: guarded(pressed), onChange: guarded(draw) });
    terminal.open();
    guarded(draw)();
  });
}

/** Reads commands from standard input until `quit`, or the end of it. */
async function converse(history: History, views: readonly StepView[]): Promise<void> {
  const stepper = new Stepper(history, views, (line) => console.log(line));
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal,
    completer: (line: string) => stepper.completions(line),
  });
  stepper.begin();
  const ask = (): void => {
    lines.setPrompt(stepper.prompt);
    lines.prompt();
  };
  ask();
  for await (const line of lines) {
    if (!terminal) console.log(line); // without a terminal nothing echoes the input
    stepper.perform(line);
    if (stepper.done) break;
    ask();
  }
  if (!stepper.done) console.log();
}
