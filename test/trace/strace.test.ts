import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Step } from '../../host/trace/journal.ts';
import { Strace } from '../../host/trace/strace.ts';
import { recording, recordingNames } from '../conformance/recordings.ts';

const test = suite('strace');

function linesOf(name: string, options = {}): string[] {
  const strace = new Strace(options);
  return recording(name).steps.flatMap((step) => strace.lines(step));
}

test('a call is a line, with its thread and its result', () => {
  assert.equal(linesOf('mmap-none').slice(0, 2), [
    '1000<SM.0> +++ started, uid 0 +++',
    '1000<SM.0> openat(AT_FDCWD, "/dev/binder", O_RDWR|O_CLOEXEC) = 3',
  ]);
  const mapping = '1000<SM.0> mmap(0x70000000, 1040384, PROT_READ, MAP_PRIVATE|MAP_FIXED_NOREPLACE, 3, 0) = 0x70000000';
  assert.ok(linesOf('mmap-none').includes(mapping));
});

test('a call that sleeps is shown twice', () => {
  const lines = linesOf('call-write-then-read').filter((line) => line.startsWith('1000<SM.0>'));
  const asleep = lines.findIndex((line) => line.endsWith('<unfinished ...>'));
  assert.is(
    lines[asleep],
    '1000<SM.0> ioctl(3, BINDER_WRITE_READ, {write_size=4, [BC_ENTER_LOOPER], read_size=256 <unfinished ...>',
  );
  assert.is(
    lines[asleep + 1],
    '1000<SM.0> <... ioctl resumed> write_consumed=4, read_consumed=72, [BR_NOOP, BR_TRANSACTION ptr=0x0 cookie=0x0 ' +
      'code=1 flags=0 sender_pid=2000 sender_euid=0 data_size=0x18 offsets_size=0x8 buffer=0x70000000 ' +
      'offsets=0x70000018]}) = 0',
  );
});

test('an error has its name and what it means', () => {
  const failed = linesOf('mmap-errors').filter((line) => line.includes('EPERM'));
  assert.match(failed[0] ?? '', /mmap\(.*PROT_READ\|PROT_WRITE.*\) = -1 EPERM \(Operation not permitted\)$/);
});

test('words that a journal lacks are decoded from its bytes', () => {
  const strip = ({ bc: _, br: __, woken, ...step }: Step): Step =>
    ({ ...step, ...(woken && { woken: woken.map(({ br: ___, ...entry }) => entry) }) }) as Step;
  for (const name of ['call-write-then-read', 'wr-unknown-command', 'oneway-order']) {
    const strace = new Strace();
    const lines = recording(name).steps.flatMap((step) => strace.lines(strip(step)));
    assert.equal(lines, linesOf(name), name);
  }
});

test('bytes on request', () => {
  const lines = linesOf('version', { bytes: true });
  assert.ok(lines.includes(`  < 0000  08 00 00 00${' '.repeat(36)}  ....`));
});

test('what a killed process was parked in does not return', () => {
  const lines = linesOf('target-dies-before-reading');
  assert.ok(lines.some((line) => line.endsWith('+++ killed by SIGKILL +++')));
  const strace = new Strace();
  const inputs = [
    { i: 0, op: 'proc', in: { name: 'A', pid: 1000, uid: 0 } },
    { i: 1, op: 'poll', by: 'A.0', in: { fd: 3, events: 1, timeout: -1 }, parked: true },
    { i: 2, op: 'kill', in: { proc: 'A', pid: 1000 } },
  ] as Step[];
  assert.equal(
    inputs.flatMap((step) => strace.lines(step)),
    [
      '1000<A.0> +++ started, uid 0 +++',
      '1000<A.0> poll([{fd=3, events=POLLIN}], 1, -1 <unfinished ...>',
      '1000<A.0> <... poll resumed>) = ?',
      '1000<A.0> +++ killed by SIGKILL +++',
    ],
  );
});

test('every recording has lines', () => {
  for (const name of recordingNames()) {
    for (const line of linesOf(name, { bytes: true })) assert.not.match(line, /undefined|NaN|\[object/);
  }
});

test('bytes of several MiB', () => {
  const step = { i: 0, op: 'poke', by: 'A.0', in: { addr: '0x0', bytes: '00'.repeat(4 << 20) }, out: { ret: 4 << 20 } };
  const lines = new Strace({ bytes: true }).lines(step as Step);
  assert.is(lines.length, 1 + (4 << 20) / 16);
});

test('a dump whose text is not known', () => {
  const dump = (out: object) => new Strace().lines({ i: 0, op: 'dump', in: { file: 'state' }, out } as Step);
  assert.equal(dump({ exists: true, text: null, cut: true }), [
    '# /sys/kernel/debug/binder/state: not known to be whole',
  ]);
  assert.equal(dump({ exists: false, text: null }), ['# /sys/kernel/debug/binder/state: does not exist']);
});

test('the lines of the kernel log follow the call, each once', () => {
  const strace = new Strace();
  const lines = recording('free-errors', 'klog').steps.flatMap((step) => strace.lines(step));
  const noted = lines.filter((line) => line.startsWith('# binder'));
  assert.ok(noted.some((line) => /^# binder_linux: 2000:2000 BC_FREE_BUFFER u[0-9a-f]{16} no match$/.test(line)));
  assert.is(new Set(noted).size, noted.length);
  const at = lines.findIndex((line) => line.endsWith('no match'));
  assert.match(lines[at - 1] ?? '', /BC_FREE_BUFFER/);
});

test.run();
