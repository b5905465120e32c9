/** The trace of a machine: its lines, its clock, who runs, what the driver holds, and what was lost. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FtraceFile } from '../../host/ftrace/ftracefile.ts';
import { PerfettoFile } from '../../host/ftrace/perfettofile.ts';
import { PIECE } from '../../host/ftrace/tracefile.ts';
import { BOOT_NS, EVENT_NS, Tracer } from '../../host/ftrace/tracer.ts';
import { Machine } from '../../host/machine.ts';
import { sys } from '../../host/sim/sys.ts';
import { MemoryFile } from '../../host/trace/memoryfile.ts';
import { bc } from '../../host/wire/commands.ts';
import { buildModule } from '../os/builds.ts';

const test = suite('tracer');
const wasm = buildModule('debug');

interface Line {
  comm: string;
  tid: number;
  tgid: string;
  ns: number;
  what: string;
}

const LINE = /^ *(.+)-(\d+) +\( *(\d+|-+)\) \[000\] \.{5} +(\d+)\.(\d{9}): (.*)$/;

/** A traced machine. `lines` ends the trace. */
function traced() {
  const machine = Machine.boot({ wasm, memoryMiB: 8 });
  const file = new MemoryFile();
  const tracer = new Tracer(machine, new FtraceFile(file));
  const text = () => {
    tracer.finish();
    return new TextDecoder().decode(file.read(0, file.size));
  };
  const lines = (): Line[] =>
    text()
      .split('\n')
      .filter((line) => line !== '' && !/^#|^CPU/.test(line))
      .map((line) => {
        const [, comm = '', tid, tgid = '', seconds, fraction, what = ''] = LINE.exec(line) ?? [];
        assert.is.not(tid, undefined, line);
        return { comm, tid: Number(tid), tgid, ns: Number(seconds) * 1e9 + Number(fraction), what };
      });
  return { machine, tracer, text, lines };
}

function join(machine: Machine, name: string) {
  const process = machine.spawn(name);
  const fd = process.main.open();
  process.main.version(fd); // a thread's first ioctl does not sleep
  process.main.mmap(fd);
  return { process, thread: process.main, fd };
}

function serve(machine: Machine) {
  const service = join(machine, 'service');
  service.thread.becomeContextManager(service.fd);
  service.thread.writeRead(service.fd, [bc.enterLooper()]);
  return service;
}

const named = (lines: readonly Line[], name: string) => lines.filter(({ what }) => what.startsWith(`${name}: `));
const last = (lines: readonly Line[], counter: string) =>
  lines.filter(({ what }) => what.includes(`|${counter}|`)).at(-1)?.what;

test('the file begins as the kernel’s does, and its clock rises with every event', () => {
  const { machine, text, lines } = traced();
  serve(machine);
  const events = lines();
  assert.match(text(), /^# tracer: nop\n#\n# entries-in-buffer\/entries-written: (\d+)\/\1 +#P:1\n/);
  assert.is(events[0]?.ns, BOOT_NS + EVENT_NS);
  for (const [index, { ns }] of events.entries()) assert.ok(index === 0 || ns >= (events[index - 1] as Line).ns);
});

test('a trace leaves memory piece by piece', () => {
  for (const Form of [FtraceFile, PerfettoFile]) {
    const machine = Machine.boot({ wasm, memoryMiB: 8 });
    const pieces: number[] = [];
    const file = Object.assign(new MemoryFile(), { write: (bytes: Uint8Array) => pieces.push(bytes.length) });
    const tracer = new Tracer(machine, new Form(file));
    const { thread, fd } = join(machine, 'caller');
    for (let i = 0; i < 1000; i++) thread.version(fd);
    assert.ok(pieces.length > 2, `${pieces.length} pieces`);
    assert.ok(Math.max(...pieces) < 2 * PIECE, `${Math.max(...pieces)} bytes in one`);
    tracer.finish();
    assert.ok((pieces.at(-1) ?? 0) > 0, 'the rest');
  }
});

test('a call wakes its server, which runs when the caller sleeps', () => {
  const { machine, lines } = traced();
  serve(machine);
  const client = join(machine, 'client');
  client.thread.writeRead(client.fd, [bc.transaction({ handle: 0, code: 1, data: 'hello' })]);
  const events = lines();
  const call = events.findIndex(({ what }) => /binder_transaction: .* reply=0 .* code=0x1$/.test(what));
  const after = events.slice(call);
  assert.equal(
    after.filter(({ what }) => /^(sched_|binder_transaction)/.test(what)).map(({ comm, what }) => `${comm} ${what}`),
    [
      'client binder_transaction: transaction=2 dest_node=1 dest_proc=1000 dest_thread=0 reply=0 flags=0x0 code=0x1',
      'client binder_transaction_alloc_buf: transaction=2 data_size=5 offsets_size=0 extra_buffers_size=0',
      'client sched_waking: comm=service pid=1000 prio=120 target_cpu=000',
      'client sched_switch: prev_comm=client prev_pid=2000 prev_prio=120 prev_state=S ==> next_comm=service next_pid=1000 next_prio=120',
      'service binder_transaction_received: transaction=2',
      'service sched_switch: prev_comm=service prev_pid=1000 prev_prio=120 prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120',
    ],
  );
  assert.is(events.at(-1)?.tgid, '1000');
  assert.is(last(events, 'binder buffers held'), 'tracing_mark_write: C|1000|binder buffers held|1');
  assert.is(last(events, 'binder bytes held'), 'tracing_mark_write: C|1000|binder bytes held|8');
});

test('a waking by poll is seen too', () => {
  const { machine, lines } = traced();
  const service = join(machine, 'service');
  service.thread.becomeContextManager(service.fd);
  service.thread.writeRead(service.fd, [bc.enterLooper()], { readSize: 0 });
  assert.ok(!service.thread.poll(service.fd, { wait: true }).done);
  const client = join(machine, 'client');
  client.thread.writeRead(client.fd, [bc.transaction({ handle: 0, code: 1 })]);
  assert.ok(named(lines(), 'sched_waking').some(({ comm, what }) => comm === 'client' && what.includes('pid=1000')));
});

test('time that passes in a simulation passes in the trace, and nobody runs in it', () => {
  const { machine, lines } = traced();
  const sim = machine.simulate();
  sim.process('a', function* () {
    yield* sys.open();
    yield* sys.sleep(250);
    yield* sys.open();
    yield* sys.sleep(250);
    yield* sys.sleep(250);
    yield* sys.open();
  });
  sim.run();
  const switches = named(lines(), 'sched_switch');
  assert.ok(switches.every(({ comm, what }) => comm !== '<idle>' || what.includes('prev_state=R')));
  const idle = switches.findIndex(({ what }) => what.includes('prev_comm=a ') && what.includes('prev_state=S'));
  const [from, until] = [switches[idle] as Line, switches[idle + 1] as Line];
  assert.is(until.comm, '<idle>');
  assert.is(until.tgid, '-------');
  assert.is(until.ns - from.ns, 250e6 + EVENT_NS);
});

test('a thread that ends leaves the processor dead, and what the process held is gone', () => {
  const { machine, lines } = traced();
  const { process, thread, fd } = join(machine, 'a');
  const other = process.thread();
  thread.writeRead(fd, [bc.enterLooper()], { readSize: 0 });
  other.exit();
  thread.version(fd);
  thread.exitProcess();
  machine.spawn('b').main.open();
  const events = lines();
  const states = named(events, 'sched_switch').map(({ what }) =>
    /prev_pid=(\d+).*prev_state=(\w)/.exec(what)?.slice(1),
  );
  assert.ok(states.some((one) => one?.[0] === '1001' && one[1] === 'X'));
  assert.ok(states.some((one) => one?.[0] === '1000' && one[1] === 'Z'));
  assert.is(last(events, 'binder async space'), 'tracing_mark_write: C|1000|binder async space|0');
});

test('a comm has 15 characters, and no white space', () => {
  const { machine, lines } = traced();
  machine.spawn('a name of more than that').main.open();
  const long = machine.spawn('systemserverprocess');
  long.thread().open();
  assert.equal(
    [...new Set(lines().map(({ comm }) => comm))],
    ['<idle>', 'a_name_of_more_', 'systemserverpro', 'serverprocess.1'],
  );
});

test('a step with more events than the ring holds: the trace says how many are lost', () => {
  const { machine, tracer, text } = traced();
  const { thread, fd } = join(machine, 'a');
  thread.writeRead(fd, Array.from({ length: 3000 }, bc.enterLooper), { readSize: 0 });
  const file = text();
  // ioctl, 3000 commands, write_done and ioctl_done
  assert.is(tracer.lost, 3003 - 2048);
  assert.match(file, /\nCPU:0 \[LOST 955 EVENTS\]\n/);
  const [, kept, all] = /entries-written: (\d+)\/(\d+)/.exec(file) ?? [];
  assert.is(Number(all) - Number(kept), 955);
});

test('two runs give the same file', () => {
  const texts = ['one', 'other'].map(() => {
    const { machine, text } = traced();
    serve(machine);
    return text();
  });
  assert.is(texts[0], texts[1]);
});

test('tracing changes nothing in the machine', () => {
  const hashes = [true, false].map((isTraced) => {
    const machine = Machine.boot({ wasm, memoryMiB: 8 });
    const tracer = isTraced ? new Tracer(machine, new FtraceFile(new MemoryFile())) : null;
    const { thread, fd } = serve(machine);
    tracer?.finish();
    return `${machine.nextStep} ${thread.call?.done} ${fd} ${machine.freeFrames()} ${machine.liveObjects()}`;
  });
  assert.is(hashes[0], hashes[1]);
});

test.run();
