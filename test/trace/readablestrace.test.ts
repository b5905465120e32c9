import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Step } from '../../host/trace/journal.ts';
import { ReadableStrace, type ReadableStraceOptions } from '../../host/trace/readablestrace.ts';
import { wordText } from '../../host/trace/wordtext.ts';
import { recording, recordingNames } from '../conformance/recordings.ts';

const test = suite('strace for people');

function linesOf(name: string, options: ReadableStraceOptions = {}): string[] {
  const strace = new ReadableStrace(options);
  return recording(name).steps.flatMap((step) => strace.lines(step));
}

test('a step has its number, its thread and its call; a call that succeeds says no more', () => {
  const lines = linesOf('call-write-then-read');
  assert.is(lines[0], '   0 SM.0  +++ started, pid 1000, uid 0 +++');
  assert.is(lines[1], '   1 SM.0  openat(AT_FDCWD, "/dev/binder", O_RDWR|O_CLOEXEC) = 3');
  assert.ok(lines.some((line) => /^ +\d+ SM\.0 {2}ioctl\(3, BINDER_SET_CONTEXT_MGR\)$/.test(line)));
});

test('a call that sleeps says so, and when it wakes, by whom and since when', () => {
  const lines = linesOf('call-write-then-read');
  const asleep = lines.findIndex((line) => line.endsWith('BC_ENTER_LOOPER ... sleeps'));
  const [, number] = /^ +(\d+) SM\.0 {2}ioctl/.exec(lines[asleep] ?? '') ?? [];
  const woken = lines.findIndex((line) => line.includes('wakes ('));
  assert.match(
    lines[woken] ?? '',
    `     SM.0  wakes (by A.0; since step ${number}) -> BR_NOOP; BR_TRANSACTION code 1,`,
  );
  assert.match(
    lines
      .slice(woken, woken + 2)
      .join(' ')
      .replace(/ +/g, ' '),
    /from pid 2000 uid 0, 24 bytes at 0x70000000, 1 object/,
  );
  assert.match(lines[woken - 1] ?? '', /A\.0 {2}.*BC_TRANSACTION handle 0, code 1, /);
});

test('commands and returns say what they mean, without zeros', () => {
  const says = (word: string) => {
    const { name, details, isError } = wordText(word);
    return `${isError ? '! ' : ''}${[name, details.join(', ')].join(' ').trim()}`;
  };
  const rest = 'sender_pid=0 sender_euid=0 data_size=0x18 offsets_size=0x8 buffer=0x10000050 offsets=0x10000068';
  assert.is(
    says(`BC_TRANSACTION ptr=0x7 cookie=0x0 code=1 flags=17 ${rest}`),
    'BC_TRANSACTION handle 7, code 1, TF_ONE_WAY|TF_ACCEPT_FDS, 24 bytes at 0x10000050, 1 object',
  );
  assert.is(
    says(`BR_TRANSACTION ptr=0x0 cookie=0x0 code=1599098439 flags=0 ${rest}`).slice(0, 40),
    'BR_TRANSACTION code _PNG, from uid 0, 24',
  );
  assert.is(says('BC_FREE_BUFFER value=0x70000000'), 'BC_FREE_BUFFER 0x70000000');
  assert.is(says('BC_ACQUIRE handle=1'), 'BC_ACQUIRE handle 1');
  assert.is(says('BR_INCREFS ptr=0xb1 cookie=0x0'), 'BR_INCREFS object 0xb1');
  assert.is(says('BR_ERROR value=-12'), '! BR_ERROR ENOMEM');
  assert.is(says('BR_FAILED_REPLY'), '! BR_FAILED_REPLY');
  assert.is(says('BR_FROZEN_BINDER cookie=0xd is_frozen=1 reserved=0'), 'BR_FROZEN_BINDER cookie 0xd, frozen');
  assert.is(says('BC_UNKNOWN cmd=0x12'), 'BC_UNKNOWN 0x12');
});

test('what fails has the name of its error, and an extended error is decoded', () => {
  const text = linesOf('bad-target').join('\n');
  assert.match(text, /! BR_FAILED_REPLY/);
  assert.match(text, /ioctl\(3, BINDER_GET_EXTENDED_ERROR\) -> id \d+: BR_FAILED_REPLY, EINVAL$/m);
  assert.match(linesOf('version').join('\n'), 'ioctl(3, BINDER_VERSION) -> version 8');
  assert.match(linesOf('mmap-errors').join('\n'), '= -1 EPERM (Operation not permitted)');
  assert.match(linesOf('freeze').join('\n'), /BINDER_FREEZE, pid \d+, enable 1/);
});

test('colours mark names, errors and what is less important', () => {
  const paint = {
    name: (text: string) => `<n>${text}</n>`,
    error: (text: string) => `<e>${text}</e>`,
    quiet: (text: string) => `<q>${text}</q>`,
  };
  const text = linesOf('bad-target', { paint }).join('\n');
  assert.match(text, '<n>BC_TRANSACTION</n> handle');
  assert.match(text, '<e>! BR_FAILED_REPLY</e>');
  const bare = text.replace(/<\/?[neq]>/g, '');
  assert.is(bare, linesOf('bad-target').join('\n'), 'and change nothing else');
});

test('a killed process ends as it does in strace', () => {
  const strace = new ReadableStrace();
  const steps = [
    { i: 0, op: 'proc', in: { name: 'A', pid: 1000, uid: 0 } },
    { i: 1, op: 'poll', by: 'A.0', in: { fd: 3, events: 1, timeout: -1 }, parked: true },
    { i: 2, op: 'kill', in: { proc: 'A', pid: 1000 } },
  ] as Step[];
  assert.equal(
    steps.flatMap((step) => strace.lines(step)),
    [
      '   0 A.0  +++ started, pid 1000, uid 0 +++',
      '   1 A.0  poll([{fd=3, events=POLLIN}], 1, -1) ... sleeps',
      '   2 A.0  <... poll resumed>) = ?',
      '     A.0  +++ killed by SIGKILL +++',
    ],
  );
});

test('every recording has lines, few of them longer than a terminal is wide', () => {
  let [lines, long] = [0, 0];
  for (const name of recordingNames()) {
    for (const line of linesOf(name)) {
      assert.not.match(line, /undefined|NaN|\[object/);
      lines++;
      if (line.length > 120) long++;
    }
  }
  assert.ok(long < lines / 20, `${long} of ${lines}`);
});

test.run();
