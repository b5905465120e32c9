/**
 * A run in strace's format, for people: each step has its number, zeros and fields without information are left out, and
 * a line shows which thread wakes which.
 *
 *       8 client.0  ioctl(3, BINDER_WRITE_READ) BC_TRANSACTION handle 0, code 1, 4 bytes at 0x10000050 ... sleeps
 *         server.0  wakes (by client.0; since step 5) BR_NOOP; BR_TRANSACTION code 1, from pid 2000 uid 0, 4 bytes at ...
 */
import { answersOf, callBegin, callEnd, commandsOf, result } from './call.ts';
import { ioctlGives, ioctlTakes } from './ioctltext.ts';
import type {
  IoctlInput,
  IoctlOutput,
  Step,
  StepInput,
  StepOf,
  Woken,
  WriteReadInput,
  WriteReadOutput,
} from './journal.ts';
import { Strace, type StraceOptions } from './strace.ts';
import { wordText } from './wordtext.ts';

/** Styles for the parts of a line. Each function returns the text with the terminal's control sequences. */
export interface Paint {
  /** Names of commands and returns. */
  name(text: string): string;
  /** Refusals of the driver. */
  error(text: string): string;
  /** Less important parts. */
  quiet(text: string): string;
}

export interface ReadableStraceOptions extends StraceOptions {
  paint?: Paint;
  /** Whether lines begin with the step's number. */
  numbers?: boolean;
}

const PLAIN: Paint = { name: (text) => text, error: (text) => text, quiet: (text) => text };

const LINE_MAX = 120;
const NUMBER_WIDTH = 4;
/** Between a thread and its call. */
const GAP = '  ';
/** Marks a refusal of the driver where there are no colours. */
const ERROR_MARK = '! ';

/** An unbreakable part of a line, with its style. */
interface Span {
  text: string;
  paint?: (text: string) => string;
}

export class ReadableStrace extends Strace {
  readonly #paint: Paint;
  readonly #numbers: boolean;
  #step: Step | null = null;
  /** Whether the next line shows the number of the step. */
  #fresh = false;

  constructor({ paint = PLAIN, numbers = true, ...options }: ReadableStraceOptions = {}) {
    super(options);
    this.#paint = paint;
    this.#numbers = numbers;
  }

  override lines(step: Step): string[] {
    this.#step = step;
    this.#fresh = true;
    return super.lines(step);
  }

  protected override callLines(step: Step): string[] {
    const by = step.by ?? '';
    const sleeps: Span[] = step.parked ? [{ text: '... sleeps', paint: this.#paint.quiet }] : [];
    switch (step.op) {
      case 'wr':
        return this.#flow(by, [
          ...this.#commands(step),
          ...sleeps,
          ...(step.out ? this.#answers(step.in, step.out, step.br) : []),
        ]);
      case 'ioctl':
        return this.#flow(by, [{ text: ioctlText(step.in, step.out) }, ...this.#outcome(step.out)]);
      default: {
        const { begin } = callBegin(step);
        if (step.parked) return this.#flow(by, [{ text: `${begin})` }, ...sleeps]);
        const text = step.out ? `${begin}${callEnd(step, step.out, step.br)}` : `${begin}) = ?`;
        return this.#flow(by, [{ text, ...this.#failed(step.out) }]);
      }
    }
  }

  protected override resumedLines({ by, i, out, br }: Woken, input: StepInput): string[] {
    const waker = this.#step?.by ?? this.#step?.op;
    const wakes: Span = { text: `wakes (by ${waker}; since step ${i})`, paint: this.#paint.quiet };
    if (input.op === 'wr') return this.#flow(by, [wakes, ...this.#answers(input.in, out as WriteReadOutput, br)]);
    const { begin } = callBegin(input);
    return this.#flow(by, [wakes, { text: `${begin}${callEnd(input, out, br)}`, ...this.#failed(out) }]);
  }

  /** Only this line shows its pid; other lines show the names of threads. */
  protected override started({ name, pid, uid }: StepOf<'proc'>['in']): string {
    return this.line(`${name}.0`, `+++ started, pid ${pid}, uid ${uid} +++`);
  }

  protected override kernelLine(line: string): string {
    return `${this.#numbers ? ' '.repeat(NUMBER_WIDTH + 1) : ''}${this.#paint.quiet(super.kernelLine(line))}`;
  }

  protected override line(thread: string, text: string): string {
    return this.#prefix(thread) + text;
  }

  #prefix(thread: string): string {
    const number = this.#fresh ? String(this.#step?.i) : '';
    this.#fresh = false;
    const who = `${this.padded(thread)}${GAP}`;
    return this.#numbers ? `${this.#paint.quiet(number.padStart(NUMBER_WIDTH))} ${who}` : who;
  }

  #commands(step: StepOf<'wr'>): Span[] {
    const { fd, write_size } = step.in;
    const words = write_size > 0 ? (step.bc ?? commandsOf(step.in)) : [];
    return [{ text: `ioctl(${fd}, BINDER_WRITE_READ)` }, ...this.#words(words)];
  }

  #answers(input: WriteReadInput, out: WriteReadOutput, br: string[] | undefined): Span[] {
    const words = out.read ? (br ?? answersOf(input, out)) : [];
    const taken = out.write_consumed ?? 0;
    const rest: Span[] =
      taken < input.write_size
        ? [{ text: `(${taken} of ${input.write_size} bytes taken)`, paint: this.#paint.error }]
        : [];
    return [...rest, ...(words.length > 0 ? [{ text: '->' }] : []), ...this.#words(words), ...this.#outcome(out)];
  }

  /** "BC_ACQUIRE handle 1; BC_FREE_BUFFER 0x70000000". */
  #words(words: readonly string[]): Span[] {
    return words.flatMap((word, index): Span[] => {
      const { name, details, isError } = wordText(word);
      const end = index < words.length - 1 ? ';' : '';
      const head = isError ? `${ERROR_MARK}${name}` : name;
      const look = isError ? this.#paint.error : this.#paint.name;
      const [first = '', ...rest] = details.map((detail, at) => detail + (at < details.length - 1 ? ',' : end));
      const text = details.length === 0 ? head + end : `${head} ${first}`;
      return [
        { text, paint: (whole) => look(head) + whole.slice(head.length) },
        ...rest.map((part) => ({ text: part })),
      ];
    });
  }

  /** Empty when the call returned 0. */
  #outcome(out: { ret: number; errno?: string } | undefined): Span[] {
    if (out === undefined || out.ret === 0) return [];
    return [{ text: `= ${result(out)}`, ...this.#failed(out) }];
  }

  #failed(out: object | undefined): { paint?: (text: string) => string } {
    return out !== undefined && 'errno' in out ? { paint: this.#paint.error } : {};
  }

  /** The pieces with spaces between them, wrapped; all lines after the first are indented. */
  #flow(thread: string, pieces: readonly Span[]): string[] {
    const indent = (this.#numbers ? NUMBER_WIDTH + 1 : 0) + this.padded(thread).length + GAP.length;
    const lines: string[] = [];
    let line = this.#prefix(thread);
    let length = indent;
    for (const [index, { text, paint = (same: string) => same }] of pieces.entries()) {
      if (index > 0 && length + 1 + text.length > LINE_MAX) {
        lines.push(line);
        line = ' '.repeat(indent + GAP.length);
        length = indent + GAP.length;
      } else if (index > 0) {
        line += ' ';
        length++;
      }
      line += paint(text);
      length += text.length;
    }
    return [...lines, line];
  }
}

/** "ioctl(3, BINDER_VERSION) -> version 8". */
export function ioctlText(input: IoctlInput, out: IoctlOutput | undefined): string {
  const takes = ioctlTakes(input);
  if (takes === null) return `ioctl(${input.fd}, ${input.name ?? input.cmd}, ${input.arg})`;
  const begin = `ioctl(${[input.fd, input.name, ...takes].join(', ')})`;
  const gives = out === undefined || out.ret < 0 ? [] : (ioctlGives(input, out) ?? []);
  return gives.length === 0 ? begin : `${begin} -> ${gives.join(', ')}`;
}
