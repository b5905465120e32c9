/** The guided first call as text, for a terminal of 96 columns. Owns the words; all figures come from the story. */
import type pc from 'picocolors';
import type { CallFacts, Effect, Returned } from './facts.ts';
import type { Chapter, Counted, GuideMessage, Story, View } from './story.ts';

type Colors = ReturnType<typeof pc.createColors>;

const COLUMNS = 96;
/** The column of a call's text: after the step's number and the name of the thread. */
const INDENT = 21;
/** Widths of the table at the end: a row's name, one side, one number. */
const NAME = 22;
const CELL = 36;
const NUMBER = 10;

const TITLES: Readonly<Record<Chapter['name'], string>> = {
  open: 'Open and map',
  register: 'Register',
  get: 'Get',
  use: 'Use',
};

const SAYS: Readonly<Record<Chapter['name'], string>> = {
  open: `Each process opens the device and maps it: messages to it will be in that mapping, which it can read and never
write. No page is there yet. servicemanager claims handle 0, then asks for work; there is none, so it sleeps.`,
  register: `The service sends servicemanager a message with an object in it. The driver copies the message into
servicemanager's mapping and replaces the object by a handle: a number that means something to servicemanager alone.`,
  get: `The client asks handle 0 for the object by its name. servicemanager answers with its own handle, and the driver
makes a handle of the client's out of it. The reply, too, is copied once: into the client's mapping.`,
  use: `The client calls its handle. The message goes straight to the service, which reads it where the driver put it,
frees the buffer and replies. servicemanager has no part in this.`,
};

const COPY_SAYS = `The BC_ and BR_ words are copied into the kernel and out of it: copy_from_user on one side,
copy_to_user on the other. The message is copied once, from the sender straight into pages that the receiver has mapped; it
never passes through copy_to_user. Up to Linux 5.0 ("vmalloc") the kernel had a second address for each such page, for as long
as the mapping lived, and copied through it. Since 5.1 ("kmap") it has none, and reaches one page at a time for the length of a
copy. Below is the message of part 4 in the moment in which the service has it, looked up in the page tables of all three.`;

const NEXT = `Next: "npx binderlab run examples/raw-first-call.ts --strace" makes these calls from a script; add --bytes to see
every byte, --journal first.jsonl to keep them, --strategy vmalloc to map pages the old way.`;

const COUNTERS: readonly (readonly [string, (counted: Counted) => number])[] = [
  ['message copies', ({ copies }) => copies],
  ['  their bytes', ({ bytesCopied }) => bytesCopied],
  ['bytes of BC_, BR_ words', ({ commandBytes }) => commandBytes],
  ['page-table writes, user', ({ pteWrites }) => pteWrites.user],
  ['page-table writes, kernel', ({ pteWrites }) => pteWrites.kernel],
  ['pages reached by kmap', ({ kmaps }) => kmaps],
  ['page-table walks', ({ walks }) => walks],
  ['kernel addresses, bytes', ({ kernelBytesReserved }) => kernelBytesReserved],
];

export class GuideText {
  constructor(private readonly colors: Colors) {}

  /** @param story The story of the text. @param compared The stories whose message and counters are compared. */
  lines(story: Story, compared: readonly Story[]): string[] {
    const { colors } = this;
    const lines = [
      colors.bold(`A first call over Binder (strategy ${story.strategy})`),
      '',
      ...wrap(
        `Three processes: servicemanager, a service, a client. Each line is a system call, numbered as in the journal;
below it stands what the driver did because of it. Fields of no interest are left out, and so are the reads of a process's own
memory.`,
        COLUMNS,
      ),
    ];
    story.chapters.forEach((chapter, index) => {
      lines.push('', this.#title(`${index + 1}  ${TITLES[chapter.name]}`), ...wrap(SAYS[chapter.name], COLUMNS), '');
      for (const call of chapter.calls) lines.push(...this.#call(call));
    });
    lines.push('', this.#title(`${story.chapters.length + 1}  The one copy`), ...wrap(COPY_SAYS, COLUMNS), '');
    lines.push(...this.#messages(compared), '', ...this.#counters(compared), '', ...wrap(NEXT, COLUMNS));
    return lines;
  }

  #title(text: string): string {
    return this.colors.bold(`── ${text} ${'─'.repeat(COLUMNS - text.length - 4)}`);
  }

  #call(call: CallFacts): string[] {
    const reads = call.copiedFromUser !== null ? `, ${call.copiedFromUser} bytes by copy_from_user` : '';
    const lines = this.#row(String(call.step).padStart(3), call.process, `${call.text}${reads}`);
    for (const word of call.words) lines.push(...this.#word(word));
    for (const effect of call.effects) lines.push(...this.#row('', `  ${LABELS[effect.kind]}`, effectText(effect)));
    if (call.parked) lines.push(...this.#row('', call.process, 'sleeps'));
    for (const returned of call.returned) lines.push(...this.#returned(returned));
    return lines;
  }

  #returned({ process, words, copiedToUser }: Returned): string[] {
    return [
      ...this.#row('', process, `returns, ${copiedToUser} bytes by copy_to_user`),
      ...words.flatMap((word) => this.#word(word)),
    ];
  }

  #word(text: string): string[] {
    return this.#row('', '', `  ${wordText(text)}`, 4);
  }

  /** @param hang Indentation of continued lines, in columns. */
  #row(number: string, label: string, text: string, hang = 2): string[] {
    const { colors } = this;
    const paint = (line: string) =>
      line.replace(/\bBC_\w+/g, (word) => colors.cyan(word)).replace(/\bBR_\w+/g, (word) => colors.green(word));
    return wrap(text, COLUMNS - INDENT, hang).map((line, index) => {
      const who = index === 0 ? label.padEnd(INDENT - 5) : ' '.repeat(INDENT - 5);
      const painted = label.startsWith(' ') ? colors.yellow(who) : colors.bold(who);
      return `${colors.dim((index === 0 ? number : '').padStart(3))}  ${painted}${paint(line)}`;
    });
  }

  #messages(stories: readonly Story[]): string[] {
    const row = (name: string, cell: (message: GuideMessage) => string) =>
      `  ${name.padEnd(NAME)}${stories.map(({ message }) => cell(message).padEnd(CELL)).join('')}`.trimEnd();
    const ofKernel = (cell: (view: View) => string) => (message: GuideMessage) =>
      message.kernel === null ? '' : cell(message.kernel);
    return [
      this.colors.bold(
        `  ${' '.repeat(NAME)}${stories.map(({ strategy }) => strategy.padEnd(CELL)).join('')}`.trimEnd(),
      ),
      row('the client has', ({ text, size }) => `"${text}", ${size} bytes`),
      row('  at its address', ({ sender }) => sender.address),
      row('  in memory at', ({ sender }) => sender.physical),
      row('the driver copied to', ({ copiedTo }) => copiedTo),
      row('the kernel finds it', ({ kernel }) => (kernel === null ? 'at no address' : `at ${kernel.address}`)),
      row('  page-table entry', ofKernel(entryText)),
      row(
        '  in memory at',
        ofKernel(({ physical }) => physical),
      ),
      row('  reads', ofKernel(excerpt)),
      row('the service finds it', ({ receiver }) => `at ${receiver.address}`),
      row('  page-table entry', ({ receiver }) => entryText(receiver)),
      row('  in memory at', ({ receiver }) => receiver.physical),
      row('  reads', ({ receiver }) => excerpt(receiver)),
      row('page of both', ({ sameFrame, receiver }) => (sameFrame ? `the same: ${receiver.frame}` : '')),
    ];
  }

  #counters(stories: readonly Story[]): string[] {
    const parts = ['open', 'calls', 'onceMore'] as const;
    const heads = ['part 1', 'parts 2-4', '4 again'];
    const line = (name: string, sides: readonly string[]) => `  ${name.padEnd(NAME + 3)}${sides.join(' ')}`;
    const side = (cells: readonly (number | string)[]) => cells.map((cell) => String(cell).padStart(NUMBER)).join(' ');
    const names = stories.map(({ strategy }) => strategy.padStart(parts.length * (NUMBER + 1) - 1));
    const rows = COUNTERS.map(([name, value]) =>
      line(
        name,
        stories.map(({ counters }) => side(parts.map((part) => value(counters[part])))),
      ),
    );
    return [
      this.colors.bold(line('counted', names)),
      this.colors.bold(
        line(
          '',
          stories.map(() => side(heads)),
        ),
      ),
      ...rows,
    ];
  }
}

function entryText({ entry, user, writable }: View): string {
  return `${entry} ${user ? 'user' : 'kernel'}, ${writable ? 'writable' : 'read-only'}`;
}

const LABELS: Readonly<Record<Effect['kind'], string>> = {
  install: 'page',
  reuse: 'page',
  retire: 'page',
  copy: 'copy',
  translate: 'object',
};

function effectText(effect: Effect): string {
  switch (effect.kind) {
    case 'install': {
      const { process, page, frame, userAddress, kernelAddress } = effect;
      const twin = kernelAddress === null ? '' : `, and at ${kernelAddress} for the kernel`;
      return `page ${page} of ${process}'s mapping: memory at ${frame}, mapped at ${userAddress}${twin}`;
    }
    case 'reuse':
      return `page ${effect.page} of ${effect.process}'s mapping is used again`;
    case 'retire':
      return `page ${effect.page} of ${effect.process}'s mapping holds no buffer now; it stays mapped`;
    case 'copy': {
      const { size, from, to } = effect;
      const source = from === null ? 'the driver itself' : `${from.process} ${from.address}`;
      return `${size} bytes: ${source} -> ${to.process} ${to.address}`;
    }
    case 'translate': {
      const { from, to } = effect;
      return `${from.process}'s ${from.name} -> ${to.process}'s ${to.name}`;
    }
  }
}

/** The fields of a word that a newcomer needs; all fields for words that are not listed. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  BC_TRANSACTION: ['ptr', 'code', 'data_size', 'offsets_size', 'buffer'],
  BC_REPLY: ['data_size', 'offsets_size', 'buffer'],
  BR_TRANSACTION: ['ptr', 'cookie', 'code', 'sender_pid', 'sender_euid', 'data_size', 'offsets_size', 'buffer'],
  BR_REPLY: ['data_size', 'offsets_size', 'buffer'],
};

/** "BC_TRANSACTION ptr=0x1 ..." as "BC_TRANSACTION handle=1 ...": with sizes as decimals. */
function wordText(word: string): string {
  const [name = '', ...fields] = word.split(' ');
  const chosen = FIELDS[name];
  const shown = fields
    .map((field) => field.split('=') as [string, string])
    .filter(
      ([field, value]) => chosen === undefined || (chosen.includes(field) && Number(value) > 0) || field === 'ptr',
    )
    .map(([field, value]) => {
      if (name === 'BC_TRANSACTION' && field === 'ptr') return `handle=${Number(value)}`;
      if (name === 'BC_FREE_BUFFER') return `buffer=${value}`;
      return `${field}=${field.endsWith('_size') ? Number(value) : value}`;
    })
    .filter((field) => (name !== 'BR_REPLY' && name !== 'BC_REPLY' ? true : !field.startsWith('ptr')));
  return [name, ...shown].join(' ');
}

function excerpt({ bytes }: View): string {
  const pairs = bytes.match(/../g) ?? [];
  return `${pairs.slice(0, 8).join(' ')}${pairs.length > 8 ? ' ...' : ''}`;
}

/** Lines of at most `width` columns, broken at spaces; continued lines are indented by `hang`. */
function wrap(text: string, width: number, hang = 0): string[] {
  const indent = /^ */.exec(text)?.[0] ?? '';
  const lines: string[] = [];
  let line = '';
  for (const word of text.trim().split(/\s+/)) {
    const start = lines.length === 0 ? indent : ' '.repeat(Math.max(hang, 0));
    if (line === '') line = start + word;
    else if (line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = ' '.repeat(hang) + word;
    }
  }
  return [...lines, line];
}
