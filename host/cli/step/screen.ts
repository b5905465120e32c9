/**
 * The full screen of `binderlab step`: what each key does, and what is to be seen after it. Knows no terminal: keys come in,
 * and `draw` gives the rows.
 */

import { conditionOf } from '../../condition.ts';
import { HistoryError, START } from '../../history.ts';
import { Names } from '../../inspect/tables/names.ts';
import { viewsOnUse } from '../../inspect/tables/views.ts';
import { callBytes } from '../../picture/callbytes.ts';
import { callPicture } from '../../picture/calls.ts';
import type { Step } from '../../trace/journal.ts';
import { JournalError } from '../../trace/journaltext.ts';
import { BinderlabError } from '../../wire/error.ts';
import { callText } from '../screen/callspane.ts';
import { wrapped } from '../screen/cells.ts';
import { drawScreen, overlayRoom, paneOf, type ScreenRow, type ScreenView } from '../screen/drawing.ts';
import { IN_TURN, type ScreenSize } from '../screen/layout.ts';
import { PANES, type Pane, type PaneName } from '../screen/pane.ts';
import { type Pictures, picturesOf } from '../screen/pictures.ts';
import { UsageError } from '../usage.ts';
import { type BranchChoice, branchChoices } from './branches.ts';
import type { Path } from './path.ts';
import { headingOf } from './position.ts';
import type { Key } from './terminal.ts';
import { whyText } from './why.ts';

/** A line of text that is being typed. */
interface Question {
  readonly asks: string;
  readonly hint: string;
  readonly text: string;
  /** Whether the text is only proposed: the first sign replaces it. */
  readonly isProposed: boolean;
  readonly answer: (text: string) => void;
}

/** A list to choose from. */
interface Menu {
  readonly choices: readonly BranchChoice[];
  readonly at: number;
}

type Breakpoint = { readonly text: string; readonly holds: (step: Step) => boolean };

/** Errors of what cannot be done. */
const REFUSALS = [UsageError, HistoryError, BinderlabError, JournalError];
const PAGE = 10;
const ESCAPE = '\x1b';
const OVERLAY_INDENT = 4;
const MESSAGE = 'message';
const KEYS: readonly string[] = [
  '→ or space  next step                    ←  back',
  'Home, End   the start, the end           Enter  to the selected call',
  '↑ ↓         another call, line or message of the pane with the heavy title',
  'Tab         the next pane; Shift-Tab the one before',
  'u           on until: message, BR_REPLY, client.0, mmap, error, buffers > 3',
  'b           break: space goes on to it from now on; empty removes all',
  'w           why: who changed it last: node 12, buffer 5, server 0x70000010',
  'x           branch: run another thread, kill or freeze a process, take pages',
  'Esc         leave the branch: back to where the recorded path was left',
  '/ and n     search the calls, and search again',
  'q           quit',
  '',
  '>  this one    =  selected    next  runs next    *  changed    -  removed',
];
const HINTS = [
  '→ next  ← back  ↑↓ select  Tab pane  u until  b break  w why  x branch  / search  ? help  q quit',
  '→ next ← back ↑↓ Tab  u until  b break  w why  x branch  / search  ? help  q quit',
  '→ next ← back ↑↓ Tab  u until b break w why x branch / search ? help q quit',
  '→ next ← back  Tab pane  u until  ? help  q quit',
  '→ next ← back  ? help  q quit',
] as const;

export class Screen {
  readonly #path: Path;
  #focus: PaneName = 'calls';
  #inTurn: PaneName = IN_TURN[0] as PaneName;
  /** Null until the user moves it. */
  #cursor: number | null = null;
  /** Index of the selected call; null for the current one. */
  #selected: number | null = null;
  /** The message whose pages are shown; null for the one of the step. */
  #message: number | null = null;
  #question: Question | null = null;
  #menu: Menu | null = null;
  #overlay: Pane | null = null;
  #breaks: Breakpoint[] = [];
  #searched = '';
  #size: ScreenSize = { columns: 80, rows: 24 };
  #done = false;
  /** Of the moment, until the path moves. */
  #pictures: { readonly now: Pictures; readonly before: Pictures | null } | null = null;
  readonly #acts: Readonly<Record<string, () => void>> = {
    right: () => this.#step(() => this.#next()),
    space: () => this.#step(() => (this.#breaks.length === 0 ? this.#next() : this.#runOn())),
    left: () => this.#step(() => this.#path.back()),
    home: () => this.#step(() => this.#path.goto(START)),
    end: () => this.#step(() => this.#path.end()),
    up: () => this.#select(-1),
    down: () => this.#select(1),
    pageup: () => this.#select(-PAGE),
    pagedown: () => this.#select(PAGE),
    return: () => this.#goto(this.#selected),
    tab: () => this.#turn(1),
    backtab: () => this.#turn(-1),
    escape: () => this.#step(() => this.#path.leave()),
    u: () =>
      this.#ask('until', 'message, BR_REPLY, client.0, mmap, error, buffers > 3', MESSAGE, (text) => this.#until(text)),
    b: () => this.#ask('break at', 'as for until; an empty line removes all breaks', '', (text) => this.#break(text)),
    w: () =>
      this.#ask('why', 'node 12, buffer 5, thread client.0, server 0x70000010', this.#thing(), (text) =>
        this.#why(text),
      ),
    x: () => this.#openMenu(),
    '/': () =>
      this.#ask('search', 'a part of a call, such as a word or a thread', this.#searched, (text) => this.#search(text)),
    n: () => this.#search(this.#searched),
    '?': () => this.#tell('keys', KEYS),
    q: () => this.#quit(),
  };

  /** @param complaint What is said at first: the error of a script that failed. */
  constructor(path: Path, complaint: string | null = null) {
    this.#path = path;
    if (complaint !== null) this.#tell('the script failed; these are its steps up to there', complaint.split('\n'));
  }

  /** Whether the user has quit. */
  get done(): boolean {
    return this.#done;
  }

  /** A key does what it stands for. What cannot be done is said, and changes nothing. */
  press(key: Key): void {
    const second = afterEscape(key);
    if (second !== null) {
      this.press({ name: 'escape', sequence: ESCAPE });
      this.press(second);
    } else if (key.ctrl === true && key.name === 'c') this.#quit();
    else if (this.#question !== null) this.#type(this.#question, key);
    else if (this.#menu !== null) this.#choose(this.#menu, key);
    else this.#attempt(() => this.#act(key));
  }

  draw(size: ScreenSize): ScreenRow[] {
    this.#size = size;
    return drawScreen(this.#view(), size);
  }

  #act(key: Key): void {
    if (key.ctrl === true) return;
    const overlay = this.#overlay;
    if (overlay !== null && this.#scroll(overlay, key.name)) return;
    this.#overlay = null;
    if (overlay !== null && key.name === 'escape') return;
    const name = key.name === 'tab' && key.sequence === '\x1b[Z' ? 'backtab' : (key.name ?? key.sequence);
    const act = this.#acts[key.sequence] ?? this.#acts[name === 'enter' ? 'return' : name];
    act?.();
  }

  /** Moves in a text that is longer than the screen. @returns False for another key, and at the end. */
  #scroll({ title, lines, begin = 0 }: Pane, key: string | undefined): boolean {
    const lowest = lines.length - overlayRoom(this.#size);
    const by = { up: -1, down: 1, pageup: -PAGE, pagedown: PAGE }[key ?? ''];
    if (by === undefined || lowest <= 0) return false;
    this.#overlay = { title, lines, begin: Math.max(0, Math.min(lowest, begin + by)) };
    return true;
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!REFUSALS.some((refusal) => error instanceof refusal)) throw error;
      this.#pictures = null;
      this.#tell('that cannot be done', [(error as Error).message]);
    }
  }

  /** The path moves. */
  #step(move: () => void): void {
    this.#pictures = null;
    this.#selected = null;
    this.#message = null;
    this.#cursor = null;
    move();
  }

  #next(): void {
    if (!this.#path.next()) throw new UsageError('no step is left: back is ←, quit is q');
  }

  #goto(selected: number | null): void {
    if (selected !== null) this.#step(() => this.#path.choose(selected));
  }

  /** On to the next break. */
  #runOn(): void {
    const met = this.#path.until((step) => this.#breaks.some(({ holds }) => holds(step)));
    if (!met) this.#tell('break', ['the end: no break was met']);
  }

  #until(text: string): void {
    const { holds } = this.#breakpoint(text);
    this.#step(() => {
      if (!this.#path.until(holds)) this.#tell('until', [`it did not come to "${text}" up to the end`]);
    });
  }

  #break(text: string): void {
    this.#breaks = text === '' ? [] : [...this.#breaks, this.#breakpoint(text)];
  }

  #breakpoint(text: string): Breakpoint {
    const { recorded, machine } = this.#path.history;
    const condition = conditionOf(text, recorded);
    const tables = () => viewsOnUse(machine.inspect, new Names(machine.processes));
    return { text, holds: (step) => condition(step, tables) };
  }

  #why(text: string): void {
    if (this.#path.isBranch) throw new UsageError('why looks back on the recorded path; Esc leaves the branch');
    this.#tell(`why ${text}`, [whyText(text, this.#path.history)]);
  }

  /** What the cursor is on or near, in the words of `why`. */
  #thing(): string {
    const { lines, begin = 0 } = this.#pane();
    const at = this.#cursor ?? begin;
    const near = lines.slice(at).find(({ thing }) => thing !== undefined);
    return (near ?? lines.slice(0, at).findLast(({ thing }) => thing !== undefined))?.thing ?? '';
  }

  #search(text: string): void {
    if (text === '') return;
    this.#searched = text;
    const list = this.#path.list(this.#selected);
    const sought = text.toLowerCase();
    for (let index = list.selected + 1; index < list.count; index++) {
      if (!callText(list.at(index)).toLowerCase().includes(sought)) continue;
      if (this.#path.isBranch) this.#selected = index;
      else this.#step(() => this.#path.goto(index));
      return;
    }
    throw new UsageError(`no later call has "${text}" in it`);
  }

  #select(by: number): void {
    if (this.#focus === 'calls') {
      const { count, selected } = this.#path.list(this.#selected);
      this.#selected = Math.max(0, Math.min(count - 1, selected + by));
      return;
    }
    const { lines, begin = 0 } = this.#pane();
    this.#cursor = Math.max(0, Math.min(lines.length - 1, (this.#cursor ?? begin) + by));
    const message = lines[this.#cursor]?.transaction;
    if (this.#focus !== 'area' || message === undefined) return;
    this.#message = message;
    this.#pictures = null;
  }

  /** The focused one. */
  #pane(): Pane {
    return paneOf(this.#focus, this.#view(), this.#size.columns, this.#size.rows);
  }

  #turn(by: 1 | -1): void {
    const at = (PANES.indexOf(this.#focus) + by + PANES.length) % PANES.length;
    this.#focus = PANES[at] as PaneName;
    this.#cursor = null;
    if (IN_TURN.includes(this.#focus)) this.#inTurn = this.#focus;
  }

  #ask(asks: string, hint: string, text: string, answer: (text: string) => void): void {
    this.#question = { asks, hint, text, isProposed: text !== '', answer };
  }

  #type(question: Question, { name, sequence, ctrl }: Key): void {
    const { text, isProposed } = question;
    const change = (changed: string): void => {
      this.#question = { ...question, text: changed, isProposed: false };
    };
    if (name === 'escape') this.#question = null;
    else if (name === 'return' || name === 'enter') {
      this.#question = null;
      this.#attempt(() => question.answer(text.trim()));
    } else if (name === 'backspace') change(isProposed ? '' : [...text].slice(0, -1).join(''));
    else if (ctrl === true && name === 'u') change('');
    else if (name === 'right' || name === 'end') change(text);
    else if (/^\P{Cc}+$/u.test(sequence)) change((isProposed ? '' : text) + sequence);
  }

  #openMenu(): void {
    this.#menu = { choices: branchChoices(this.#path), at: 0 };
  }

  #choose(menu: Menu, { name, sequence }: Key): void {
    const { choices, at } = menu;
    const move = (by: number): void => {
      this.#menu = { choices, at: (at + by + choices.length) % choices.length };
    };
    if (name === 'up') move(-1);
    else if (name === 'down') move(1);
    else if (name === 'escape' || sequence === 'x' || sequence === 'q') this.#menu = null;
    else if (name === 'return' || name === 'enter' || name === 'space') {
      this.#menu = null;
      this.#attempt(() => this.#branchOff(choices[at] as BranchChoice));
    }
  }

  #branchOff({ text, take }: BranchChoice): void {
    this.#step(take);
    const errno = this.#path.step === null ? null : callPicture(this.#path.step).errno;
    if (errno !== null) this.#tell(text, [`the driver answers ${errno}`]);
  }

  #tell(title: string, lines: readonly string[]): void {
    const width = this.#size.columns - OVERLAY_INDENT;
    this.#overlay = { title, lines: lines.flatMap((text) => wrapped(text, width)).map((text) => ({ text })) };
  }

  #quit(): void {
    this.#done = true;
  }

  #view(): ScreenView {
    this.#pictures ??= this.#look();
    const { now, before } = this.#pictures;
    const path = this.#path;
    const calls = path.list(this.#selected);
    const step = path.stepAt(calls.selected);
    const { header, machine } = path.history;
    const place = path.isBranch
      ? `step ${path.history.step?.i ?? 'start'} + ${path.branchSteps} of a branch`
      : headingOf(path.history);
    const breaks = this.#breaks.length === 0 ? '' : `breaks: ${this.#breaks.map(({ text }) => text).join(', ')}  `;
    return {
      heading: `${place}, ${machine.strategy}   ${header.name}`,
      notes: path.isBranch ? `${breaks}Esc: leave the branch` : breaks.trimEnd(),
      calls,
      bytes: {
        title:
          step === null ? 'bytes of the call' : `bytes of step ${calls.label(calls.selected)}, ${step.by ?? step.op}`,
        structures: step === null ? [] : callBytes(step, new Names(machine.processes)).structures,
        processOf: (thread) =>
          machine.processes.find(({ threads }) => threads.some(({ name }) => name === thread))?.name,
      },
      now,
      before,
      focus: this.#focus,
      inTurn: this.#inTurn,
      cursor: this.#cursor,
      overlay: this.#menu === null ? this.#overlay : menuPane(this.#menu, this.#size.rows),
      footer: this.#footer(),
    };
  }

  #footer(): string {
    if (this.#question !== null) {
      const { asks, text, hint, isProposed } = this.#question;
      return ` ${asks}: ${text}${isProposed ? '' : '_'}   (${isProposed ? 'Enter, or type: ' : ''}${hint})`;
    }
    if (this.#menu !== null) return ' ↑↓ choose   Enter do it   Esc do not';
    return ` ${HINTS.find(({ length }) => length < this.#size.columns) ?? ''}`;
  }

  #look(): { now: Pictures; before: Pictures | null } {
    const now = picturesOf(this.#path.moment(), this.#message);
    const message = now.shared?.transaction ?? null;
    return { now, before: this.#path.before((earlier) => picturesOf(earlier, message)) };
  }
}

/** The second of two keys that came as one, Esc and another; null for one key. */
function afterEscape(key: Key): Key | null {
  const sequence = key.sequence.slice(ESCAPE.length);
  const isPair = [...sequence].length === 1 || sequence.startsWith(ESCAPE);
  return key.meta === true && key.sequence.startsWith(ESCAPE) && isPair ? { ...key, sequence, meta: false } : null;
}

/** As many choices as there is room for, with the chosen one among them. */
function menuPane({ choices, at }: Menu, rows: number): Pane {
  const room = Math.max(1, rows - 4);
  const top = Math.max(0, Math.min(at - Math.floor(room / 2), choices.length - room));
  const lines = choices
    .slice(top, top + room)
    .map(({ text }, index) => ({ text: `${top + index === at ? '>' : ' '} ${text}` }));
  return { title: 'branch: what is to happen instead?', lines };
}
