/** `binderlab serve`: C programs of this machine, which know nothing of the emulator. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { STRATEGIES } from '../../host/index.ts';
import { Folder } from './binderlab.ts';

const test = suite('serve');
const folder = new Folder();
const SOURCES = join(import.meta.dirname, '../../../test/cli/serve');
/** A static program's name begins so. */
const STATIC = /^static-/;
/** What raw.c prints. */
const RAW = `read while nothing is there: 11
poll: 0
select: 0
the service manager answers: 1
by a copy: 1
two binder descriptors and a pipe: 1
after munmap: 14
after close: 9
`;

const [PEERS, FILES, EPOLL, LOAD] = ['peers', 'files', 'epoll', 'load'].map((name) => join(folder.path, name)) as Four;
const MANNERS = join(folder.path, 'manners');
const compiler = compile(PEERS);

const ECHO = `
import { BnInterface, defaultServiceManager, ProcessState, ServiceManager, sys } from 'binderlab';

export default (machine) => {
  const sim = machine.simulate();
  ServiceManager.start(sim);
  sim.process('echo', function* () {
    yield* (yield* ProcessState.self()).startThreadPool();
    const echo = new BnInterface('lab.IEcho', { 1: (data, reply) => reply.writeInt32(2 * data.readInt32()) });
    yield* (yield* defaultServiceManager()).addService('lab.echo', echo);
    yield* sys.pause();
  });
};
`;

/** Counts what is left of the machine when all programs have ended. */
const LEAKS = `
export default (machine) => {
  const [frames, objects] = [machine.freeFrames(), machine.liveObjects()];
  process.on('exit', () => {
    console.log('left', frames - machine.freeFrames(), machine.liveObjects() - objects);
  });
};
`;

/** Says how many bytes of JavaScript are in use when all programs have ended. */
const HEAP = `
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

export default () => {
  process.on('exit', () => {
    collect();
    collect();
    const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
    console.log('memory', heapUsed + arrayBuffers, rss);
  });
};
`;
/** Less than a small object for each call; runs without a leak differ by 0.15 MiB. */
const HEAP_GROWTH_MAX = 300_000;
const RSS_GROWTH_MAX = 30_000_000;

type Four = [string, string, string, string];

/** What manners.c prints. */
const [BLOCKED, REFUSED] = ['Interrupted system call, O_NONBLOCK 0', 'Resource temporarily unavailable, O_NONBLOCK 1'];
const FLAGS = [
  `opened: ${BLOCKED}`,
  `by fcntl: ${REFUSED}`,
  `its copy: ${REFUSED}`,
  `off by ioctl: ${BLOCKED}`,
  `on by ioctl: ${REFUSED}`,
  'close-on-exec: 1, then 0',
];

const DEVICES = [
  'binder: 1 0, stat 1 1 1',
  'vndbinder: 1 0, stat 1 1 1',
  'binderfs/own: 1 0, stat 1 1 1',
  'no-binder: 0 0, stat 0 0 0',
];
const PATHS = [...DEVICES.map((line) => `/dev/${line}`), '40 managers after another'];

/** What epoll.c prints. */
const WAITS = [
  'epoll_ctl: File exists',
  'nothing: 0, 0',
  'the pipe: 1, 2',
  'both: 2, 3',
  'still: 1, 1',
  'taken: 0, 0',
  'once: 1, 1',
  'no more: 0, 0',
  'an edge: 1, 1',
  'no other: 0, 0',
  'the next edge: 1, 1',
  'several: 0 1 1 1 1',
  'by a copy: 1, 1',
  'epoll_ctl: No such file or directory',
  'left 0 0',
];
/** What device.c prints. */
const DEVICES_SENT = [
  '0: good, close-on-exec 1',
  '1: good, close-on-exec 1',
  '2: good, close-on-exec 1',
  'the lowest numbers: 1',
  'by 0: code 2',
  'by 1: code 2',
  'by 2: code 2',
  'closed: Bad file descriptor',
  'left 0 0',
];

function compile(program: string, ...flags: string[]) {
  const source = join(SOURCES, `${basename(program).replace(STATIC, '')}.c`);
  return spawnSync('cc', ['-pthread', ...flags, '-o', program, source], { encoding: 'utf8' });
}

function ofAccess(line: string): string {
  return line.slice(0, line.indexOf(','));
}

function skip(reason: string): void {
  process.stderr.write(`serve --mode seccomp: not tested: ${reason.trimEnd()}\n`);
}

/** The lines that programs print without services of ours. */
function served(...words: string[]): string[] {
  const command = words.includes('--') ? words : ['--', ...words];
  const { code, stdout, stderr } = folder.run(['serve', '--script', folder.write('leaks.js', LEAKS), ...command]);
  assert.is(code, 0, stderr);
  return stdout.trimEnd().split('\n');
}

if (process.platform !== 'linux' || compiler.error !== undefined) {
  process.stderr.write('serve: not tested, since that needs Linux and a C compiler\n');
} else {
  test('two processes: call, large call, oneway, object, errors, poll, fork, and death by SIGKILL', () => {
    assert.is(compiler.status, 0, compiler.stderr);
    const script = folder.write('none.js', 'export default () => {};');
    const { code, stdout, stderr } = folder.run(['serve', '--dmesg', '--script', script, '--', PEERS, 'pair']);
    assert.equal(stdout.split('\n'), [
      'call 42',
      'large 134209536',
      'oneway 5',
      'its own uid again: 1',
      'the uid fits',
      'object 1',
      'a bad argument: Bad address',
      'poll without work: 0',
      'poll with work: 1',
      'death 77',
      '',
    ]);
    assert.match(stderr, /ioctl c0306201 8 returned -14/);
    assert.is(code, 0);
  });

  test('a program finds a service that is written in TypeScript', () => {
    const words = ['serve', '--strace', '--script', folder.write('echo.js', ECHO), '--', PEERS, 'lookup'];
    const { code, stdout, stderr } = folder.run(words);
    assert.is(stdout, 'lab.echo answers 42\n');
    assert.match(stderr, /peers:\d+\.0 +openat\(AT_FDCWD, "\/dev\/binder"/);
    assert.is(code, 0);
  });

  test('threads, copies of a descriptor, a signal, select, posix_spawn and exec', () => {
    const { code, stdout } = folder.run(['serve', '--', PEERS, 'alone']);
    assert.equal(stdout.split('\n'), [
      '80 pings of threads',
      'by copies: 1 1 1',
      'a signal: Interrupted system call',
      'a signal: Interrupted system call',
      'select: 0 11',
      'after exec: 1',
      'still 1',
      'after exec: 1',
      '',
    ]);
    assert.is(code, 5);
  });

  test('the ways to open, wait and close; three devices', () => {
    const [program, journal] = [join(folder.path, 'ways'), join(folder.path, 'ways.jsonl')];
    assert.is(compile(program).status, 0);
    const good = ['open', 'open64', 'openat', 'openat64', '__open_2', '__openat_2'].map((way) => `${way}: good`);
    const printed = [
      ...good,
      'no device: Inappropriate ioctl for device',
      '/dev/binder: manager',
      '/dev/binderfs/binder: Device or resource busy',
      '/dev/hwbinder: manager',
      '/dev/binderfs/hwbinder: Device or resource busy',
      '/dev/binderfs/anbox-vndbinder: manager',
      '/dev/vndbinder: Device or resource busy',
      '/dev/binderfs/any: Device or resource busy',
      '/dev/binderfs/binder-control: Bad file descriptor',
      'waits: 0 0 0 0 0',
      'no place for the answer: Bad address',
      'closed: 9',
      'left 0 0',
    ];
    assert.equal(served(program), printed);
    assert.equal(served('--journal', journal, '--', program), printed);
    assert.is(folder.run(['replay', journal]).code, 0);
  });

  test('descriptors over fork, posix_spawn and exec', () => {
    const [program, journal] = [join(folder.path, 'exec'), join(folder.path, 'exec.jsonl')];
    assert.is(compile(program).status, 0);
    const lines = (name: string, mapped: string) => [
      `${name}: kept good, closed Bad file descriptor, mapped again ${mapped}`,
      `${name}: an unknown command: Invalid argument`,
      `${name}: after close Bad file descriptor`,
    ];
    assert.equal(served('--journal', journal, '--', program), [
      ...lines('fork', 'Invalid argument'),
      ...lines('spawn', 'Invalid argument'),
      'the parent: good',
      ...lines('exec', 'Device or resource busy'),
      'left 0 0',
    ]);
    assert.is(folder.run(['replay', journal]).code, 0);
  });

  test('descriptors in messages: of a file, a pipe, a socket, and in an array', () => {
    assert.is(compile(FILES).status, 0);
    const journal = join(folder.path, 'files.jsonl');
    assert.equal(served('--journal', journal, '--', FILES), [
      'close-on-exec: 1 1 1',
      'closed by the driver: 2',
      'no descriptor: -1',
      'left over: 0',
      'file: one array ',
      'pipe: one array ',
      'socket: one ',
      'left 0 0',
    ]);
    // also the message with a descriptor that the program lacks
    assert.is(folder.run(['replay', '--check', '--strategy', 'two-copy', journal]).code, 0);
  });

  test('binder descriptors in messages', () => {
    const [program, journal] = [join(folder.path, 'device'), join(folder.path, 'device.jsonl')];
    assert.is(compile(program).status, 0);
    assert.equal(served('--journal', journal, '--', program), DEVICES_SENT);
    assert.is(folder.run(['replay', '--check', journal]).code, 0);
  });

  test('epoll waits for a device and a pipe', () => {
    assert.is(compile(EPOLL).status, 0);
    const journal = join(folder.path, 'epoll.jsonl');
    assert.equal(served('--journal', journal, '--', EPOLL), WAITS);
    assert.is(folder.run(['replay', journal]).code, 0);
  });

  test('O_NONBLOCK of all copies, close-on-exec, access and stat, security contexts, and managers that are killed', () => {
    assert.is(compile(MANNERS).status, 0);
    assert.equal(served(MANNERS, 'paths', 'managers', 'flags'), [...PATHS, ...FLAGS, 'left 0 0']);
    assert.equal(served(MANNERS, 'secctx'), ['the call failed: BR_FAILED_REPLY', 'left 0 0']);
    const journal = join(folder.path, 'secctx.jsonl');
    const named = served('--secctx', 'u:r:shell:s0', '--journal', journal, '--', MANNERS, 'secctx');
    assert.equal(named, ['code 1 of u:r:shell:s0', 'left 0 0']);
    assert.is(folder.run(['replay', journal]).code, 0);
    const tooLong = folder.run(['serve', '--secctx', 'x'.repeat(300), '--', 'true']);
    assert.match(tooLong.stderr, /--secctx .*: a context has at most 255 bytes/);
    assert.is(tooLong.code, 2);
  });

  test('64 threads, many calls, clients that are killed, and a freeze with a timeout', () => {
    assert.is(compile(LOAD).status, 0);
    assert.equal(served(LOAD, 'threads'), ['1280 calls of 64 threads', 'left 0 0']);
    assert.equal(served(LOAD, 'calls', '10000'), ['10000 calls', 'left 0 0']);
    assert.equal(served(LOAD, 'killed'), ['after 60 deaths: 42', 'left 0 0']);
    assert.equal(served(LOAD, 'servers'), ['40 servers died, 0 other ends', 'left 0 0']);
    assert.equal(served(LOAD, 'freeze'), [
      'freeze in 20 ms: Resource temporarily unavailable',
      'freeze in 5 s: done',
      'slow call: 7',
      'left 0 0',
    ]);
  });

  test('10,000 calls leave no more memory of the host than 1,000', () => {
    assert.is(compile(LOAD).status, 0);
    const script = folder.write('heap.js', HEAP);
    const memory = (calls: number): [number, number] => {
      const { stdout } = folder.run(['serve', '--script', script, '--', LOAD, 'calls', `${calls}`]);
      const [heap = Number.NaN, rss = Number.NaN] = (/^memory (\d+) (\d+)$/m.exec(stdout) ?? []).slice(1).map(Number);
      return [heap, rss];
    };
    const [few, many] = [memory(1000), memory(10_000)];
    assert.ok(many[0] - few[0] < HEAP_GROWTH_MAX, `${few} then ${many}`);
    assert.ok(many[1] - few[1] < RSS_GROWTH_MAX, `${few} then ${many}`);
  });

  test('a journal replays equal under every strategy, and is a workload of compare', () => {
    const journal = join(folder.path, 'session.jsonl');
    assert.equal(served('--journal', journal, '--', PEERS, 'pair').at(-1), 'left 0 0');
    for (const strategy of STRATEGIES) {
      const { code, stdout } = folder.run(['replay', '--check', '--strategy', strategy, journal]);
      assert.is(code, 0, stdout);
    }
    assert.match(folder.run(['compare', '--workload', journal]).stdout, /two-copy/);
    const killed = join(folder.path, 'killed.journal');
    served('--journal', killed, '--', LOAD, 'killed');
    assert.is(folder.run(['replay', killed]).code, 0);
    const [lines, page] = [join(folder.path, 'killed.jsonl.gz'), join(folder.path, 'session.html')];
    assert.is(folder.run(['convert', killed, '--out', lines]).code, 0);
    assert.is(folder.run(['replay', lines]).code, 0);
    assert.match(folder.run(['step', journal, '--at', '20', '--show', 'all']).stdout, /peers:\d+\.0/);
    assert.is(folder.run(['view', journal, '--out', page]).code, 0);
    assert.match(readFileSync(page, 'utf8'), /<html/);
  });

  test('--mode seccomp: static programs, which make system calls themselves', () => {
    const names = ['raw', 'files', 'exec', 'load', 'device', 'epoll', 'manners'];
    const paths = names.map((name) => join(folder.path, `static-${name}`));
    const [raw, files, exec, load, device, epoll, manners] = paths as [...Four, string, string, string];
    const built = paths.map((path) => compile(path, '-static'));
    if (built.some(({ status }) => status !== 0)) return skip('the compiler makes no static programs here');
    const first = folder.run(['serve', '--mode', 'seccomp', '--', raw]);
    if (/seccomp user notification is not there/.test(first.stderr)) return skip(first.stderr);
    assert.is(first.stdout, RAW, first.stderr);
    assert.is(first.code, 3);
    const lines = (...words: string[]) => served('--mode', 'seccomp', '--', ...words);
    assert.equal(lines(files).slice(0, 2), ['close-on-exec: 1 1 1', 'closed by the driver: 2']);
    assert.equal(lines(files).slice(-4), ['file: one array ', 'pipe: one array ', 'socket: one ', 'left 0 0']);
    assert.match(
      lines(exec).join('\n'),
      /exec: kept good, closed Bad file descriptor, mapped again Device or resource busy/,
    );
    assert.equal(lines(device), DEVICES_SENT);
    assert.equal(lines(epoll), WAITS);
    const seen = lines(manners, 'paths', 'managers', 'flags');
    // stat is the kernel's
    assert.equal(seen.slice(0, DEVICES.length).map(ofAccess), PATHS.slice(0, DEVICES.length).map(ofAccess));
    assert.equal(seen.slice(DEVICES.length), [...PATHS.slice(DEVICES.length), ...FLAGS, 'left 0 0']);
    const journal = join(folder.path, 'static.jsonl');
    served('--mode', 'seccomp', '--journal', journal, '--', load, 'calls', '20');
    assert.is(folder.run(['replay', journal]).code, 0);
    assert.is(folder.run(['serve', '--mode', 'seccomp', '--', './nothing']).code, 127);
    assert.match(
      folder.run(['serve', '--mode', 'other', '--', 'true']).stderr,
      /--mode other: it is preload or seccomp/,
    );
  });

  test('the exit code is the command’s; bad command lines are errors', () => {
    assert.is(folder.run(['serve', '--', 'sh', '-c', 'exit 3']).code, 3);
    const { code, stderr } = folder.run(['serve', '--', './nothing']);
    assert.match(stderr, /\.\/nothing cannot be started: there is no such program/);
    assert.is(code, 2);
    assert.match(folder.run(['serve', '--help']).stdout, /ARGUMENT +the command that is run, and its arguments/);
    assert.match(folder.run(['serve']).stderr, /serve needs a command after --/);
  });
}

test.after(() => folder.remove());

test.run();
