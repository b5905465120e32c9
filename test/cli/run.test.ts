import { readdirSync, readFileSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseJournal } from '../../host/trace/journaltext.ts';
import { Folder } from './binderlab.ts';

const test = suite('run');
const folder = new Folder();
test.after(() => folder.remove());

const HELLO = `
import { bc, type Machine } from 'binderlab';
import { greeting } from './greeting.ts';

export default async (machine: Machine) => {
  const app = machine.spawn('app').main;
  const fd = app.open();
  app.mmap(fd);
  await Promise.resolve();
  console.log(greeting(fd));
  app.writeRead(fd, [bc.enterLooper()]);
};
`;
folder.write('greeting.ts', "export const greeting = (fd: number): string => 'descriptor ' + fd;\n");
folder.write('hello.ts', HELLO);

test('a script of several files, in TypeScript, from any folder', () => {
  const before = readdirSync(tmpdir());
  const { code, stdout, stderr } = folder.run(['run', 'hello.ts']);
  assert.is(code, 0, stderr);
  assert.is(stdout, 'descriptor 3\n');
  const left = readdirSync(tmpdir()).filter((name) => /^binderlab-(?!test)/.test(name) && !before.includes(name));
  assert.equal(left, []);
});

test('with the kernel log', () => {
  folder.write(
    'wrong.ts',
    `
import { bc, type Machine } from 'binderlab';

export default (machine: Machine) => {
  const app = machine.spawn('app').main;
  const fd = app.open();
  app.mmap(fd);
  for (let count = 0; count < 2; count++) app.writeRead(fd, [bc.release(5)], { readSize: 0 });
};
`,
  );
  const line = 'binder: 1000:1000 Release 1 refcount change on invalid ref 5 ret -22';
  assert.is(folder.run(['run', 'wrong.ts']).stdout, '');
  assert.is(folder.run(['run', 'wrong.ts', '--dmesg']).stdout, `${line}\n`);
  assert.equal(JSON.parse(folder.run(['run', 'wrong.ts', '--dmesg', '--json']).stdout).dmesg, [line]);
  assert.match(folder.run(['run', 'wrong.ts', '--strace']).stdout, `BC_RELEASE handle 5\n     # ${line}\n`);
  assert.is(folder.run(['run', 'wrong.ts', '--dmesg', '--journal', 'wrong.jsonl']).code, 0);
  const { steps } = parseJournal(readFileSync(join(folder.path, 'wrong.jsonl'), 'utf8'), 'wrong.jsonl');
  assert.equal(steps.at(-1)?.klog, [line]);
  assert.is(folder.run(['replay', 'wrong.jsonl']).code, 0);
  assert.match(folder.run(['step', 'wrong.jsonl', '--at', 'end', '--show', 'calls']).stdout, line);
  assert.is(folder.run(['run', 'wrong.ts', '--dmesg', '--journal', '-']).code, 2);
});

test('with the system calls it makes', () => {
  const { stdout } = folder.run(['run', 'hello.ts', '--strace']);
  assert.match(stdout, 'openat(AT_FDCWD, "/dev/binder", O_RDWR|O_CLOEXEC) = 3\n');
  assert.match(stdout, 'descriptor 3\n');
  assert.match(stdout, / {3}3 app\.0 {2}ioctl\(3, BINDER_WRITE_READ\) BC_ENTER_LOOPER -> BR_NOOP\n/);
  const raw = folder.run(['run', 'hello.ts', '--strace-raw']).stdout;
  assert.match(raw, /ioctl\(3, BINDER_WRITE_READ, \{write_size=4, \[BC_ENTER_LOOPER\], read_size=256/);
  assert.match(folder.run(['run', 'hello.ts', '--strace', '--bytes']).stdout, /^ {2}> 0000 {2}0c 63 00 00 /m);
});

test('with its journal, which can be replayed', () => {
  const { code, stderr } = folder.run(['run', 'hello.ts', '--journal', 'hello.jsonl', '--seed', '5']);
  assert.is(code, 0, stderr);
  const { header, steps } = parseJournal(readFileSync(join(folder.path, 'hello.jsonl'), 'utf8'), 'hello.jsonl');
  assert.equal(header.emulator, { strategy: 'kmap', seed: 5, memory: 64 });
  assert.equal(
    steps.slice(0, 3).map((step) => step.op),
    ['proc', 'open', 'mmap'],
  );
  assert.is(folder.run(['replay', 'hello.jsonl', '--strategy', 'vmalloc']).code, 0);
});

test('with its result as JSON, and nothing else on stdout', () => {
  const { code, stdout, stderr } = folder.run(['run', 'hello.ts', '--json', '--strace', '--memory', '32']);
  assert.is(code, 0);
  const { steps, ...report } = JSON.parse(stdout);
  assert.equal(report, { script: 'hello.ts', strategy: 'kmap', seed: 0, memory: 32, error: null });
  assert.ok(steps >= 4);
  assert.match(stderr, 'descriptor 3');
  assert.match(stderr, 'openat(');
});

test('with files of debugfs, read before its processes end', () => {
  const text = (file: string) => folder.run(['run', 'hello.ts', '--dump', file]).stdout;
  assert.is(
    text('state,proc'),
    'descriptor 3\nbinder state:\nproc 1000\ncontext binder\n  thread 1000: l 02 need_return 0 tr 0\n' +
      'binder proc state:\nproc 1000\ncontext binder\n  thread 1000: l 02 need_return 0 tr 0\n',
  );
  assert.match(text('stats'), /^ {2}threads: 1\n/m);
  assert.is(text('transactions,transaction_log,failed_transaction_log'), 'descriptor 3\nbinder transactions:\n');

  const { stdout } = folder.run(['run', 'hello.ts', '--dump', 'transactions', '--json', '--journal', 'dumped.jsonl']);
  assert.equal(JSON.parse(stdout).dumps, { transactions: 'binder transactions:\n' });
  const { steps } = parseJournal(readFileSync(join(folder.path, 'dumped.jsonl'), 'utf8'), 'dumped.jsonl');
  assert.is(JSON.parse(stdout).steps, steps.length);
  assert.not.ok(steps.some((step) => step.op === 'dump'));

  const wrong = folder.run(['run', 'hello.ts', '--dump', 'state,maps']);
  assert.is(wrong.code, 2);
  assert.match(wrong.stderr, 'the driver has no file "maps"; there are state, stats, ');
  assert.is(folder.run(['run', 'hello.ts', '--dump', 'state', '--journal', '-']).code, 2);
});

test('a script that fails is shown with its own line', () => {
  folder.write(
    'fails.ts',
    `import type { Machine } from 'binderlab';

interface Unused {
  a: number;
}

function stop(machine: Machine): void {
  throw new Error('this far and no further');
}

export default (machine: Machine) => {
  stop(machine);
};
`,
  );
  const { code, stdout, stderr } = folder.run(['run', 'fails.ts']);
  assert.is(code, 1);
  assert.is(stdout, '');
  assert.is(
    stderr,
    `fails.ts:8:9: this far and no further

     6 | 
     7 | function stop(machine: Machine): void {
  >  8 |   throw new Error('this far and no further');
       |         ^
     9 | }
    10 | 
    called from fails.ts:12:3
`.replace(/ \n/g, '\n'),
  );
});

test('so is one whose timer throws, or that leaves a rejected promise alone, while it runs and later', () => {
  const acts = ["setTimeout(() => { throw new Error('late'); }, 1);", "Promise.reject(new Error('late'));"];
  for (const [act, rest] of acts.flatMap((act) => [
    [act, 'await new Promise((done) => setTimeout(done, 5000));'],
    [act, ''],
  ])) {
    folder.write('late.js', `export default async (machine) => {\n  machine.spawn('app');\n  ${act}\n  ${rest}\n};\n`);
    const { code, stderr } = folder.run(['run', 'late.js', '--journal', 'late.jsonl']);
    assert.is(code, 1);
    assert.match(stderr, /^late\.js:3:\d+: late\n/);
    assert.ok(parseJournal(readFileSync(join(folder.path, 'late.jsonl'), 'utf8'), 'late.jsonl').steps.length > 0);
  }
});

test('of the errors that a script leaves to nobody the first is told, once, and none that it hears itself', () => {
  const failsTwice =
    "setTimeout(() => { throw new Error('one'); }, 1); setInterval(() => { throw new Error('two'); }, 2);";
  const hears = "process.on('uncaughtException', () => console.log('mine')); setTimeout(() => { throw 1; }, 1);";
  const rest = 'await new Promise((done) => setTimeout(done, 50));';
  const cases: [body: string, code: number, stdout: string, stderr: RegExp][] = [
    [failsTwice + rest, 1, '', /^left\.js:2:\d+: one\n/],
    [hears + rest, 0, 'mine\n', /^$/],
    ["process.on('unhandledRejection', () => console.log('mine')); Promise.reject(2);", 0, 'mine\n', /^$/],
    ["process.on('exit', () => { throw 3; }); setTimeout(() => { throw 4; }, 1);", 1, '', /^the script threw 4\n$/],
    ["Promise.reject('words');", 1, '', /^the script threw words\n$/],
    [`Promise.reject(undefined);${rest}`, 1, '', /^the script threw undefined\n$/],
  ];
  for (const [body, code, stdout, stderr] of cases) {
    folder.write('left.js', `export default async () => {\n  ${body}\n};\n`);
    const ran = folder.run(['run', 'left.js']);
    assert.equal([ran.code, ran.stdout], [code, stdout], body);
    assert.match(ran.stderr, stderr);
    assert.is(ran.stderr.split('left.js:').length <= 2, true, ran.stderr);
  }
});

test('so is one whose system call fails', () => {
  folder.write(
    'closed.ts',
    "export default (machine) => {\n  const app = machine.spawn('app').main;\n  app.mmap(7);\n};\n",
  );
  const { code, stderr } = folder.run(['run', 'closed.ts', '--journal', 'closed.jsonl']);
  assert.is(code, 1);
  assert.match(stderr, /^closed\.ts:3:7: .*EBADF/);
  assert.not.match(stderr, /node:internal|dist\/host/);
  const { steps } = parseJournal(readFileSync(join(folder.path, 'closed.jsonl'), 'utf8'), 'closed.jsonl');
  assert.is(steps.at(-1)?.op, 'mmap');
});

test('so is one whose call a service answers with a status, and why the service does', () => {
  const script = folder.write(
    'status.ts',
    `import { BpInterface, defaultServiceManager, type Machine, ServiceManager } from 'binderlab';
export default (machine: Machine) => {
  const sim = machine.simulate();
  ServiceManager.start(sim);
  sim.process('app', function* () {
    const manager = new BpInterface((yield* defaultServiceManager()).remote, 'android.os.IServiceManager');
    yield* manager.call(2, (data) => data.writeInt32(77), () => {});
  });
  sim.run();
};
`,
  );
  const { code, stderr } = folder.run(['run', script]);
  assert.is(code, 1);
  assert.match(stderr, /^status\.ts:7:\d+: app\.0: the object that was called answers with the status BAD_VALUE$/m);
  assert.match(stderr, /^because of: readString16 at byte 72 of 76: the length is 77/m);
});

test('with arguments of its own', () => {
  folder.write(
    'args.ts',
    "import type { Machine } from 'binderlab';\nexport default (m: Machine) => console.log(m.args.join());\n",
  );
  assert.is(folder.run(['run', 'args.ts', '--', 'one', '--two', '3']).stdout, 'one,--two,3\n');
  assert.is(folder.run(['run', 'args.ts']).stdout, '\n');
  assert.is(folder.run(['step', 'args.ts', '--', 'x']).stderr, 'x\n');
});

test('whatever a script prints, and when, --json is one document', () => {
  folder.write(
    'loud.ts',
    `import { Console } from 'node:console';
process.stdout.write('at once ');
export default async () => {
  console.log('log');
  new Console(process.stdout).log('own console');
  setTimeout(() => console.log('later'), 20);
};
`,
  );
  for (const command of ['run', 'step']) {
    const { code, stdout, stderr } = folder.run([command, 'loud.ts', '--json']);
    assert.is(code, 0, stderr);
    assert.type(JSON.parse(stdout), 'object');
    assert.is(stderr, 'at once log\nown console\nlater\n');
  }
});

test('a script that does not end is ended after --timeout, wherever it is', () => {
  folder.write('loop.ts', `export default (machine) => { machine.spawn('app').main.open(); for (;;); };\n`);
  const { code, stderr } = folder.run(['run', 'loop.ts', '--timeout', '1', '--journal', 'loop.jsonl']);
  assert.is(code, 1);
  assert.is(stderr, 'loop.ts did not end in 1 s; its last step is 1, openat by app.0\n');
  assert.is(folder.run(['replay', 'loop.jsonl']).code, 0, 'the journal up to there is kept');

  folder.write(
    'steps.ts',
    `export default async (m) => { const app = m.spawn('app').main; await 1; for (;;) app.close(app.open()); };\n`,
  );
  const json = folder.run(['run', 'steps.ts', '--timeout', '1', '--json']);
  assert.is(json.code, 1);
  assert.match(JSON.parse(json.stdout).error, /did not end in 1 s; its last step is \d+, (openat|close) by app\.0/);

  folder.write('sleeps.ts', 'export default () => new Promise((done) => setTimeout(done, 60_000));\n');
  assert.is(folder.run(['run', 'sleeps.ts', '--timeout', '1']).code, 1);
  folder.write('early.ts', 'for (;;);\nexport default () => {};\n');
  assert.match(folder.run(['run', 'early.ts', '--timeout', '1']).stderr, 'it has made no step');
  assert.is(folder.run(['run', 'hello.ts', '--timeout', '600']).code, 0);
});

test('a byte order mark is no part of a script', () => {
  folder.write('mark.ts', '\ufeffexport default () => console.log(1);\n');
  assert.is(folder.run(['run', 'mark.ts']).stdout, '1\n');
});

test('an exception is called what Android calls it, and says its reason once', () => {
  const script = folder.write(
    'dead.ts',
    `import { BBinder, BpInterface, DeadObjectException, defaultServiceManager, type Machine, ServiceManager, sys } from 'binderlab';
export default (machine: Machine) => {
  const sim = machine.simulate();
  ServiceManager.start(sim);
  sim.process('service', function* () {
    yield* (yield* defaultServiceManager()).addService('x', new BBinder());
    yield* sys.sleep(10);
  });
  sim.process('app', function* () {
    const proxy = new BpInterface(yield* (yield* defaultServiceManager()).getService('x'), 'x');
    yield* sys.sleep(20);
    try {
      yield* proxy.call(1, () => {}, () => {});
    } catch (error) {
      console.log((error as Error).name, error instanceof DeadObjectException);
      throw error;
    }
  });
  sim.run();
};
`,
  );
  const { code, stdout, stderr } = folder.run(['run', script]);
  assert.is(code, 1);
  assert.is(stdout, 'DeadObjectException true\n');
  assert.match(stderr, /^dead\.ts:13:\d+: DeadObjectException: app\.0: .*DEAD_OBJECT/);
  assert.is(stderr.split('DEAD_OBJECT').length - 1, 1);
  assert.not.match(stderr, 'because of');
});

test('the last steps are kept, and all of them with --journal', () => {
  const script = `export default (machine) => {
  for (let i = 0; i < 5000; i++) machine.note('');
  const { steps } = machine.journal;
  console.log(steps.length, steps.at(-1).i);
};
`;
  folder.write('journal.ts', script);
  for (const flags of [[], ['--timeout', '60']]) {
    assert.is(folder.run(['run', 'journal.ts', ...flags]).stdout, '4096 4999\n');
  }
  for (const name of ['kept.jsonl', 'kept.journal']) {
    assert.is(folder.run(['run', 'journal.ts', '--journal', name]).stdout, '5000 4999\n');
    assert.match(folder.run(['replay', name]).stdout, /^5000 of 5000 steps/);
  }
  assert.is(
    folder.run(['convert', 'kept.journal', '--out', '-']).stdout,
    readFileSync(join(folder.path, 'kept.jsonl'), 'utf8'),
  );
  folder.run(['convert', 'kept.jsonl', '--out', 'again.journal']);
  assert.is(
    folder.run(['convert', 'again.journal', '--out', '-']).stdout,
    readFileSync(join(folder.path, 'kept.jsonl'), 'utf8'),
  );
});

test('a script without a journal takes no memory for its steps, however much they send', () => {
  folder.write(
    'large.ts',
    `import { bc, type Machine } from 'binderlab';
export default (machine: Machine) => {
  const join = (name: string) => {
    const { main } = machine.spawn(name);
    main.mmap(main.open());
    return main;
  };
  const [server, client] = [join('server'), join('client')];
  server.becomeContextManager(3);
  const data = new Uint8Array(65536);
  for (let count = 0; count < 3000; count++) {
    const call = client.writeRead(3, [bc.transaction({ handle: 0, data, flags: 1 })], { readSize: 0 });
    const received = server.writeRead(3, [], { readSize: 256 });
    server.writeRead(3, [bc.freeBuffer(received.expect('BR_TRANSACTION'))], { readSize: 0 });
    if (!call.done) throw new Error('it sleeps');
  }
  console.log(machine.journal.steps.length > 2, process.resourceUsage().maxRSS);
};
`,
  );
  const { code, stdout, stderr } = folder.run(['run', 'large.ts']);
  assert.is(code, 0, stderr);
  const [, kib] = /^true (\d+)\n$/.exec(stdout) as RegExpExecArray;
  assert.ok(Number(kib) < 150 * 1000, `${kib} KiB`);
});

test('a binary journal that was cut is read up to there, by what shows it, and by nothing that judges', () => {
  folder.write(
    'calls.ts',
    "export default (machine) => { for (let i = 0; i < 9000; i++) machine.note('some text'); };\n",
  );
  folder.run(['run', 'calls.ts', '--journal', 'cut.journal']);
  truncateSync(join(folder.path, 'cut.journal'), 100_000);
  const problem = /cut\.journal: byte \d+: .*; the (\d+) steps before are good\n$/;
  const converted = folder.run(['convert', 'cut.journal', '--out', 'begin.jsonl']);
  assert.is(converted.code, 1);
  const [, steps] = problem.exec(converted.stderr) as RegExpExecArray;
  assert.is(converted.stdout, `${steps} steps in begin.jsonl\n`);
  assert.match(folder.run(['replay', 'begin.jsonl']).stdout, new RegExp(`^${steps} of ${steps} steps`));
  assert.match(folder.run(['step', 'cut.journal', '--at', '3', '--show', 'calls']).stderr, problem);
  const judged = folder.run(['replay', 'cut.journal']);
  assert.is(judged.code, 2);
  assert.match(judged.stderr, problem);
});

test('an act that was never run is shown with its line, and so is a simulation that was not', () => {
  folder.write(
    'unrun.ts',
    `import { type Machine, sys } from 'binderlab';
export default (machine: Machine) => {
  machine.simulate().process('app', function* () {
    yield* sys.sleep(1);
    sys.open();
  });
};
`,
  );
  const forgotten = folder.run(['run', 'unrun.ts']);
  assert.is(forgotten.code, 1);
  assert.is(forgotten.stderr, 'the simulation was never run, so it did not run app: call its run().\n');
  folder.write(
    'dropped.ts',
    `import { type Machine, sys } from 'binderlab';
export default (machine: Machine) => {
  const sim = machine.simulate();
  sim.process('app', function* () {
    yield* sys.sleep(1);
    sys.open();
  });
  sim.run();
};
`,
  );
  const { code, stderr } = folder.run(['run', 'dropped.ts']);
  assert.is(code, 1);
  assert.match(
    stderr,
    /^dropped\.ts:6:\d+: sys\.open\(\) was made here and never run: write "yield\*" before it\.\n\n/,
  );
  assert.match(stderr, /^ {2}> 6 | {4}sys\.open\(\);$/m);
});

test('a trace is written, also when the script fails, and tells what it lost', () => {
  folder.write(
    'many.ts',
    `import { bc, type Machine } from 'binderlab';
export default (machine: Machine) => {
  const thread = machine.spawn('a').main;
  const fd = thread.open();
  thread.writeRead(fd, Array.from({ length: 3000 }, () => bc.enterLooper()), { readSize: 0 });
  throw new Error('and no further');
};
`,
  );
  const { code, stderr } = folder.run(['run', 'many.ts', '--trace', 'many.ftrace']);
  assert.is(code, 1);
  assert.match(stderr, "many.ftrace: 955 events are lost: a step had more than the guest's ring holds\n");
  assert.match(stderr, 'and no further');
  assert.match(readFileSync(join(folder.path, 'many.ftrace'), 'utf8'), '\nCPU:0 [LOST 955 EVENTS]\n');
});

test('a trace has the name of one', () => {
  const { code, stderr } = folder.run(['run', 'many.ts', '--trace', 'many.json']);
  assert.is(code, 2);
  assert.match(stderr, '--trace many.json: the name of a trace ends in .ftrace or .pftrace');
});

test('a script that waits for ever ends', () => {
  folder.write('waits.ts', 'export default () => new Promise(() => {});\n');
  const { code, stderr } = folder.run(['run', 'waits.ts']);
  assert.is(code, 1);
  assert.match(stderr, 'the script waits for a promise that nothing will settle');
});

test.run();
