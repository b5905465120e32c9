/**
 * The interactive form of `binderlab step`: one command a line, until `quit` or the end of input. Owns the commands; the
 * caller owns input and output.
 */
import { type History, HistoryError, START } from '../../history.ts';
import { placeLines } from '../../inspect/tables/rawtext.ts';
import { JournalError } from '../../trace/journaltext.ts';
import { BinderlabError } from '../../wire/error.ts';
import { UsageError } from '../usage.ts';
import { COUNTED, conditionOf } from './condition.ts';
import { headingOf, positionOf } from './position.ts';
import { STEP_VIEWS, type StepView, StepViews, stepViewsOf } from './views.ts';
import { changeText, watchedOf, whyText } from './why.ts';

/** Errors of commands that cannot be performed. */
const REFUSALS = [UsageError, HistoryError, BinderlabError, JournalError];

interface StepCommand {
  readonly names: readonly string[];
  readonly argument?: string;
  readonly says: string;
  /** @throws UsageError, HistoryError or RangeError when it cannot be performed. */
  readonly run: (argument: string) => void;
}

export class Stepper {
  readonly #history: History;
  readonly #views: StepViews;
  readonly #print: (line: string) => void;
  /** Shown after each move. */
  #watched: readonly StepView[];
  #done = false;
  readonly #commands: readonly StepCommand[] = [
    {
      names: ['next', 'n'],
      argument: '[COUNT]',
      says: 'perform the next step, or COUNT steps',
      run: (a) => this.#move(a, 1),
    },
    {
      names: ['back', 'b'],
      argument: '[COUNT]',
      says: 'undo the last step, or COUNT steps',
      run: (a) => this.#move(a, -1),
    },
    {
      names: ['goto', 'g'],
      argument: 'N',
      says: 'to after step N, or to the start or end',
      run: (a) => this.#goto(positionOf(a, this.#history)),
    },
    { names: ['start'], says: 'to before the first step', run: () => this.#goto(START) },
    { names: ['end'], says: 'to after the last step', run: () => this.#goto(this.#history.last) },
    { names: ['until', 'u'], argument: 'WHAT', says: 'on until WHAT happens, see below', run: (a) => this.#until(a) },
    {
      names: ['show', 's'],
      argument: 'VIEW...',
      says: `once: ${STEP_VIEWS.join(', ')}, all`,
      run: (a) => this.#show(stepViewsOf(a)),
    },
    { names: ['watch', 'w'], argument: 'VIEW...', says: 'the same after every move', run: (a) => this.#watch(a) },
    {
      names: ['at', 'a'],
      argument: 'ADDRESS',
      says: 'what is at a linear address, field by field',
      run: (a) => this.#at(a),
    },
    {
      names: ['why'],
      argument: 'THING',
      says: 'the step that changed THING last, see below',
      run: (a) => this.#print(whyText(a, this.#history)),
    },
    {
      names: ['change', 'c'],
      argument: 'THING',
      says: 'on to the step that changes THING next',
      run: (a) => this.#change(a),
    },
    {
      names: ['hash'],
      says: "digits that stand for the machine's whole state",
      run: () => this.#print(this.#history.hash()),
    },
    { names: ['help', 'h', '?'], says: 'this list', run: () => this.#help() },
    { names: ['quit', 'q'], says: 'end', run: () => this.#quit() },
  ];

  constructor(history: History, watched: readonly StepView[], print: (line: string) => void) {
    this.#history = history;
    this.#views = new StepViews(history);
    this.#watched = watched;
    this.#print = print;
  }

  /** Whether the user has quit. */
  get done(): boolean {
    return this.#done;
  }

  get prompt(): string {
    return `${headingOf(this.#history)}> `;
  }

  /** Shows the first moment. */
  begin(): void {
    this.#print('next, back, goto N, until WHAT, why THING, show VIEW, help, quit; an empty line is next');
    this.#show(this.#watched);
  }

  /** Performs the command of one line. A command that cannot be performed prints its error and changes nothing. */
  perform(line: string): void {
    const [, name = '', argument = ''] = /^\s*(\S*)\s*(.*?)\s*$/.exec(line) ?? [];
    try {
      this.#command(name === '' ? 'next' : name).run(argument);
    } catch (error) {
      if (!REFUSALS.some((refusal) => error instanceof refusal)) throw error;

      this.#print((error as Error).message);
    }
  }

  /** Completions of the word that is being typed. */
  completions(line: string): [string[], string] {
    const words = line.trimStart().split(/[\s,]+/);
    const begun = words.at(-1) ?? '';
    const names = this.#commands.map(({ names }) => names[0] as string);
    const known = words.length < 2 ? names : [...STEP_VIEWS, 'error', 'parked', 'woken', 'start', 'end'];
    return [known.filter((word) => word.startsWith(begun)), begun];
  }

  #command(name: string): StepCommand {
    const found = this.#commands.find(({ names }) => names.includes(name));
    if (found !== undefined) return found;
    if (/^\d+$/.test(name)) throw new UsageError(`goto ${name} goes to step ${name}`);
    const known = this.#commands.map(({ names }) => names[0]).join(', ');
    throw new UsageError(`there is no command "${name}"; there are ${known}`);
  }

  #move(argument: string, direction: 1 | -1): void {
    if (argument !== '' && !/^[1-9]\d*$/.test(argument)) throw new UsageError(`"${argument}" is no number of steps`);
    const { position, last } = this.#history;
    if (direction > 0 && position === last) throw new UsageError('this was the last step');
    if (direction < 0 && position === START) throw new UsageError('this is the start');
    const target = position + direction * Number(argument || 1);
    this.#goto(Math.min(Math.max(target, START), last));
  }

  #goto(position: number): void {
    try {
      this.#history.goto(position);
    } finally {
      this.#show(this.#watched, 0);
    }
  }

  #until(argument: string): void {
    const history = this.#history;
    const holds = conditionOf(argument, history.header, history.recorded);
    let met = false;
    try {
      met = history.until((step) => holds(step, () => this.#views.tables()));
    } finally {
      this.#show(this.#watched, 0);
    }
    if (!met) this.#print(`it did not come to "${argument}" up to the end`);
  }

  #show(views: readonly StepView[], callsBefore?: number): void {
    for (const view of views) for (const line of this.#views.text(view, callsBefore)) this.#print(line);
  }

  #at(argument: string): void {
    if (!/^(0x[0-9a-f]+|\d+)$/i.test(argument)) throw new UsageError(`"${argument}" is no address, such as 0x9a070`);
    const { inspect } = this.#history.machine;
    for (const line of placeLines(inspect.at(Number(argument)))) this.#print(line);
  }

  #change(argument: string): void {
    const change = this.#history.nextChange(watchedOf(argument, this.#history));
    if (change === null) {
      this.#print(`no later step changes ${argument}`);
      return;
    }
    this.#goto(change.position);
    this.#print(changeText(change));
  }

  #watch(argument: string): void {
    this.#watched = stepViewsOf(argument);
    this.#show(this.#watched);
  }

  #help(): void {
    for (const { names, argument = '', says } of this.#commands) {
      this.#print(`  ${names.join(', ').padEnd(12)} ${argument.padEnd(8)} ${says}`);
    }
    this.#print('WHAT is a word (BR_REPLY), a thread or process (client.0), a kind of step (mmap, ioctl, kill),');
    this.#print(`error, parked, woken, or how many there are of ${COUNTED.join(', ')}: buffers > 3`);
    this.#print('THING is memory of the current process (0x70000010, 0x70000010 16 for 16 bytes) or of another one');
    this.#print('(server 0x70000010), a page table entry (pte 0x70000010), node 12, buffer 5, call 5, ref client 1,');
    this.#print('thread client.0, proc server, any object (Node 0x9a070), or one field of it (node 12 tmpRefs)');
  }

  #quit(): void {
    this.#done = true;
  }
}
