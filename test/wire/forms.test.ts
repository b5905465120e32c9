/** What plain JavaScript may hand over: an error names the field, what was given, and what is accepted. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Zygote } from '../../host/android/zygote.ts';
import { ServiceManager } from '../../host/binder/servicemanager.ts';
import { History } from '../../host/history.ts';
import { Machine } from '../../host/machine.ts';
import { record, replay } from '../../host/replay.ts';
import { sys } from '../../host/sim/sys.ts';
import { BinaryJournal } from '../../host/trace/binaryjournal.ts';
import type { JournalHeader } from '../../host/trace/journal.ts';
import { Strace } from '../../host/trace/strace.ts';
import { bc } from '../../host/wire/commands.ts';
import { BinderlabError } from '../../host/wire/error.ts';
import { buildModule } from '../os/builds.ts';

const test = suite('forms');
const wasm = buildModule('debug');

// biome-ignore lint/suspicious/noExplicitAny: what is tested is what types forbid
type Any = any;

function scene(journal: boolean) {
  const machine: Any = Machine.boot({ wasm, memoryMiB: 8, journal });
  const process: Any = machine.spawn('app');
  const thread: Any = process.main;
  const fd: number = thread.open();
  return { machine, process, thread, fd };
}

const boot = (header: JournalHeader) => Machine.fromHeader(header, { wasm });
const JOURNAL = Machine.boot({ wasm, memoryMiB: 8, journal: true }).journal;

type Wrong = readonly [what: string, act: (it: ReturnType<typeof scene>) => unknown, told: string | RegExp];

/** Names that nothing has. A compiler refuses them only where an object is written out. */
const MISSPELT: readonly Wrong[] = [
  [
    'a misspelt uid',
    ({ machine }) => machine.spawn('a', { udi: 5 }),
    'spawn: there is no field "udi"; there are name, uid, pid, memory.',
  ],
  ['a misspelt device', ({ thread }) => thread.open({ devise: 'binder' }), /^open: there is no field "devise"; /],
  ['a misspelt flag', ({ thread, fd }) => thread.mmap(fd, 4096, 0x6000_0000, { port: 1 }), /^mmap: .* "port"; /],
  [
    'a misspelt size of a read',
    ({ thread, fd }) => thread.writeRead(fd, [], { readsize: 0 }),
    /^writeRead: .* "readsize"; /,
  ],
  [
    'a misspelt option beside the size of a read',
    ({ thread, fd }) => thread.writeRead(fd, [], { readSize: 0, mayfail: true }),
    'writeRead: there is no field "mayfail"; there are readSize, mayFail.',
  ],
  ['a misspelt wait for a call', ({ thread, fd }) => thread.wait(fd, { readSize: 0, mayfail: 1 }), /"mayfail"; /],
  [
    'a size in place of options',
    ({ thread, fd }) => thread.writeRead(fd, [], 0),
    'writeRead: 0 is no object of options.',
  ],
  [
    'a misspelt option of an ioctl',
    ({ thread, fd }) => thread.ioctl(fd, 1, { outlen: 4 }),
    'ioctl: there is no field "outlen"; there are arg, poke, outLen, mayFail.',
  ],
  [
    'a misspelt node',
    ({ thread, fd }) => thread.becomeContextManager(fd, { flag: 1 }),
    'becomeContextManager: there is no field "flag"; there are flags, ptr, cookie.',
  ],
  ['a misspelt arena', () => Machine.boot({ arena: { address: 0x1000, size: 1 << 20, seize: 1 } as Any }), /^arena: /],
  [
    'a misspelt distance of snapshots',
    () => new History(JOURNAL, boot, { evry: 3 } as Any),
    /^History: there is no field "evry"; there are every, /,
  ],
  [
    'a misspelt option of a replay',
    () => replay(JOURNAL, boot, { chekc: true } as Any),
    'replay: there is no field "chekc"; there are skipDumps, check, origins.',
  ],
  [
    'misspelt bytes',
    () => new Strace({ byts: true } as Any),
    'Strace: there is no field "byts"; the only one is bytes.',
  ],
  [
    'a misspelt service manager',
    ({ machine }) => ServiceManager.start(machine.simulate(), { nmae: 'sm' } as Any),
    'ServiceManager.start: there is no field "nmae"; there are name, uid, device, declared.',
  ],
  [
    'a misspelt declaration',
    () => new ServiceManager({ declares: [] } as Any),
    'ServiceManager: there is no field "declares"; the only one is declared.',
  ],
  [
    'a misspelt zygote',
    ({ machine }) => Zygote.start(machine.simulate(), { main: () => undefined } as Any),
    /^Zygote.start: there is no field "main"; /,
  ],
  ['a misspelt thread', ({ process }) => process.thread('x.1', { id: 4 }), /^thread: .* "id"; /],
  ['a misspelt child', ({ process }) => process.fork('child', { parent: 4 }), /^fork: .* "parent"; /],
  ['a misspelt freeze', ({ thread, fd }) => thread.freeze(fd, 1, { enabled: false }), /^freeze: .* "enabled"; /],
  ['a misspelt wait', ({ thread, fd }) => thread.poll(fd, { timeoutMs: 1 }), /^poll: .* "timeoutMs"; /],
  [
    'a misspelt order',
    ({ machine }) => machine.simulate({ sed: 5 }),
    /^simulate: there is no field "sed"; there are seed, /,
  ],
  ['a misspelt timeout', () => (sys as Any).until(() => true, 'x', { timeout: 1 }), /^until: .* "timeout"; /],
  ['a misspelt failure', ({ machine }) => machine.inject({ what: 'object', nth: 1, byte: 3 }), /^inject: .* "byte"; /],
  [
    'a misspelt journal',
    ({ machine }) => machine.keepJournal({ last: 5, size: 3 }),
    /^keepJournal: keep is an object with last, size; /,
  ],
  [
    'a misspelt strategy',
    () => Machine.boot({ strategey: 'kmap' } as Any),
    /^boot: there is no field "strategey"; there are wasm, strategy, .*, args\.$/,
  ],
  [
    'misspelt data',
    () => (bc as Any).transaction({ handle: 0, dta: 'x' }),
    'bc.transaction: there is no field "dta"; there are handle, code, flags, cookie, data, objects, offsets, buffersSize.',
  ],
  [
    'a misspelt code',
    () => (bc as Any).reply({ cod: 1, data: new Uint8Array(1) }),
    /^bc\.reply: there is no field "cod"; /,
  ],
  [
    'a misspelt object',
    () => (bc as Any).transaction({ handle: 0, objects: [{ type: 'fd', fd: 3, cokie: 1 }] }),
    'object 0 of a message, of the type fd: there is no field "cokie"; there are type, at, fd, cookie.',
  ],
];

const WRONG: readonly Wrong[] = [
  [
    'a device',
    ({ thread }) => thread.open({ device: 'foo' }),
    'open: device is "foo"; it is to be "binder" or "hwbinder" or "vndbinder".',
  ],
  ['no name', ({ machine }) => machine.spawn(''), /^spawn: name is ""; it is to be a name without dots/],
  ['a name with a dot', ({ machine }) => machine.spawn('a.b'), /^spawn: name is "a\.b"; /],
  [
    'a negative pid',
    ({ machine }) => machine.spawn('a', { pid: -4 }),
    'spawn: pid is -4; it is to be a whole number from 1 to 2147483647.',
  ],
  ['half a uid', ({ machine }) => machine.spawn('a', { uid: 1.5 }), /^spawn: uid is 1\.5; /],
  ['a child without a name', ({ process }) => process.fork(), /^fork: name is missing; /],
  ['a negative size', ({ process }) => process.alloc(-1), /^alloc: length is -1; /],
  [
    'text as bytes',
    ({ process }) => process.write(0x10000000, 'abc'),
    'process.write: bytes is "abc"; it is to be a Uint8Array.',
  ],
  ['text to write', ({ thread, fd }) => thread.write(fd, 'abc'), /^write: bytes is "abc"; /],
  ['a number as a note', ({ machine }) => machine.note(5), 'note: text is 5; it is to be text.'],
  ['no snapshot', ({ machine }) => machine.restore({}), 'restore takes what snapshot() gave.'],
  [
    'an unknown event',
    ({ machine }) => machine.on('birth' as never, () => {}),
    /^on: event is "birth"; it is to be "step" or "log" or "transaction"/,
  ],
  ['no listener', ({ machine }) => machine.on('step'), /^on: listener is missing; it is to be a function/],
  [
    'a command for a list',
    ({ thread, fd }) => thread.writeRead(fd, bc.enterLooper()),
    /^writeRead: commands is of the kind Command; it is to be a list of commands/,
  ],
  [
    'nothing in a list',
    ({ thread, fd }) => thread.writeRead(fd, [bc.enterLooper(), undefined]),
    'command 2 of 2 is missing; "bc" makes commands.',
  ],
  [
    'a maker for a command',
    ({ thread, fd }) => thread.writeRead(fd, [bc.enterLooper]),
    'command 1 of 1 is a function; "bc" makes commands.',
  ],
  [
    'a word for a number',
    ({ thread, fd }) => thread.writeRead(fd, [(bc as Any).acquire('one')]),
    'bc.acquire: handle is "one"; it is to be a whole number, or a bigint for more than 53 bits.',
  ],
  [
    'a word for a cookie',
    ({ thread, fd }) => thread.writeRead(fd, [bc.reply({ data: new Uint8Array(0), cookie: 'one' } as Any)]),
    'bc.reply: cookie is "one"; it is to be a whole number, or a bigint for more than 53 bits, or nothing.',
  ],
  ['a negative read', ({ thread, fd }) => thread.writeRead(fd, [], { readSize: -1 }), /^writeRead: readSize is -1; /],
  ['no descriptor', ({ thread }) => thread.writeRead(undefined, []), /^writeRead: fd is missing; /],
  [
    'an address below zero',
    ({ thread }) => thread.munmap(-1),
    'munmap: address is -1; it is to be a whole number from 0 to 2^53 - 1.',
  ],
  ['half a length', ({ thread, fd }) => thread.ftruncate(fd, 0.5), /^ftruncate: length is 0\.5; /],
  ['text for a number of a file', ({ thread }) => thread.close('3'), /^close: fd is "3"; .* as open\(\) gives\.$/],
  ['time that no journal holds', ({ thread }) => thread.awaitTimeout(1.5), /^awaitTimeout: ms is 1\.5; /],
  ['a length that is none', ({ thread, fd }) => thread.mmap(fd, -1), /^mmap: length is -1; /],
  ['bytes that are none', ({ thread, fd }) => thread.ioctl(fd, 1, { poke: 'abc' }), /^ioctl: poke is "abc"; /],
  [
    'a handle',
    () => (bc as Any).transaction({ handle: 'zero' }),
    'bc.transaction: handle is "zero"; it is to be a whole number, or a bigint for more than 53 bits.',
  ],
  ['no handle', () => (bc as Any).transaction({ code: 1, data: 'x' }), /^bc\.transaction: handle is missing; /],
  ['a code', () => (bc as Any).reply({ code: 'one', data: new Uint8Array(1) }), /^bc\.reply: code is "one"; /],
  [
    'a code of more than 32 bits',
    () => bc.transaction({ handle: 0, code: 2 ** 32 + 1, data: new Uint8Array(1) }),
    'bc.transaction: code is 4294967297; it is to be a whole number of 32 bits, or nothing.',
  ],
  [
    'bytes that are still on their way',
    () => Machine.boot({ wasm: Promise.resolve(new Uint8Array(8)) } as Any),
    'boot: wasm is of the kind Promise; it is to be the bytes of release.wasm or debug.wasm, or a module compiled of them, or nothing.',
  ],
  ['a name for bytes', () => Machine.boot({ wasm: 'release.wasm' } as Any), /^boot: wasm is "release.wasm"; /],
  ['a number for bytes', () => Machine.boot({ wasm: 5 } as Any), /^boot: wasm is 5; /],
  ['half a handle', () => bc.transaction({ handle: 0.5, data: new Uint8Array(1) }), /: handle is 0\.5; /],
  [
    'an object for a list',
    () => (bc as Any).transaction({ handle: 0, objects: { type: 'fd' } }),
    /^bc\.transaction: objects is an object with type; it is to be a list/,
  ],
  [
    'an object of no type',
    () => (bc as Any).transaction({ handle: 0, objects: [{ type: 'file', fd: 3 }] }),
    /^object 0 of a message: type is "file"; it is to be "binder" or "weak-binder" or /,
  ],
  [
    'an object without its number',
    () => (bc as Any).transaction({ handle: 0, objects: [{ type: 'fd' }] }),
    /^object 0 of a message, of the type fd: fd is missing; /,
  ],
  [
    'no program',
    ({ machine }) => machine.simulate().process('p', 7),
    /^program: program is 7; it is to be a generator function/,
  ],
  ['a plain function', ({ machine }) => machine.simulate().process('p', () => 7), /a program is a generator function/],
  ['an order', ({ machine }) => machine.simulate({ order: 'lifo' }), /^simulate: order is "lifo"; /],
  [
    'a history without a way to boot',
    () => new (History as Any)(JOURNAL),
    'History: boot is missing; it is to be a function, (header) => Machine.fromHeader(header).',
  ],
  [
    'a history of text',
    () => new History('{"t":"header"}' as Any, boot),
    /^History: journal is "\{"t":.*parseJournal\(text, /,
  ],
  ['a replay of a machine', ({ machine }) => replay(machine, boot), /^replay: journal is of the kind Machine; /],
  ['a replay on a machine', ({ machine }) => replay(JOURNAL, machine), /^replay: boot is of the kind Machine; /],
  ['a record of nothing', () => (record as Any)(), /^record: journal is missing; /],
  [
    'the name of a binary journal',
    () => (BinaryJournal as Any).of('run.journal'),
    /^BinaryJournal.of: bytes is "run.journal"; it is to be a Uint8Array/,
  ],
  ['bytes that are text', () => (bc as Any).raw('x'), /^bc\.raw: bytes is "x"; it is to be a Uint8Array/],
  [
    'an unknown strategy of a mapping',
    ({ thread, fd }) => thread.mmap(fd, 4096, 0x7000_0000, { strategy: 'fast' }),
    /^mmap: strategy is "fast"; it is to be "kmap" or /,
  ],
  ['no thread that makes one', ({ process }) => process.thread('t', { by: 3 }), /^thread: by is 3; .* a thread of app/],
  [
    'a thread of another process',
    ({ machine, process }) => process.fork('child', { by: machine.spawn('other').main }),
    'fork: by is other.0; it is to be a thread of app.',
  ],
  ['time that is none', () => (sys as Any).sleep('long'), /^sleep: ms is "long"; /],
  ...MISSPELT,
];

for (const journal of [false, true]) {
  for (const [what, act, told] of WRONG) {
    test(`${what}, ${journal ? 'with a journal' : 'unwatched'}`, () => {
      const it = scene(journal);
      const before = it.machine.hash();
      assert.throws(
        () => act(it),
        (error: unknown) => {
          assert.instance(error, BinderlabError);
          if (typeof told === 'string') assert.is((error as Error).message, told);
          else assert.match((error as Error).message, told);
          return true;
        },
      );
      if (!/descriptor|read|maker|list|word/.test(what)) assert.is(it.machine.hash(), before, 'nothing has happened');
    });
  }
}

test('a listener that acts is refused, and the machine goes on', () => {
  const acts: ((it: ReturnType<typeof scene>) => unknown)[] = [
    ({ machine }) => machine.spawn('evil'),
    ({ thread }) => thread.open(),
    ({ thread, fd }) => thread.writeRead(fd, [bc.enterLooper()], { readSize: 0 }),
    ({ process }) => process.write(0x10000000, new Uint8Array(1)),
    ({ machine }) => machine.note('x'),
    ({ machine }) => machine.dump('state'),
  ];
  for (const act of acts) {
    for (const journal of [false, true]) {
      const it = scene(journal);
      let told = '';
      const stop = it.machine.on('step', () => {
        stop();
        try {
          act(it);
        } catch (error) {
          told = (error as Error).message;
        }
      });
      it.thread.version(it.fd);
      assert.match(told, /^a listener of machine\.on\(\) may look at the machine, and not act in it/);
      assert.is(it.machine.nextStep, 3);
      assert.is(it.thread.version(it.fd), 8);
    }
  }
});

test('an error of a listener reaches who made the call, and nobody is told twice', () => {
  const { machine, thread, fd } = scene(true);
  let count = 0;
  machine.on('step', () => {
    count++;
    if (count === 1) throw new Error('enough');
  });
  assert.throws(() => thread.version(fd), /enough/);
  assert.is(thread.version(fd), 8);
  assert.is(count, 2);
});

test.run();
