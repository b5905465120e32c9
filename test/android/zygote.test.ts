/** Zygote: its requests byte by byte, what it refuses, and what its children have. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Zygote } from '../../host/android/zygote.ts';
import {
  answerBytes,
  answeredPid,
  argumentsOf,
  requestBytes,
  takeRequest,
} from '../../host/android/zygotearguments.ts';
import { ZygoteProcess } from '../../host/android/zygoteprocess.ts';
import type { Act } from '../../host/sim/request.ts';
import { sys } from '../../host/sim/sys.ts';
import { bootMachine } from '../sim/boot.ts';
import { appPackage, worldWithAndroid } from './world.ts';

const test = suite('zygote');

const WANTED = { uid: 10001, niceName: 'app', packageName: 'app', startSeq: 7 };
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (text: string) => new TextEncoder().encode(text);

test('a request is a number of lines, and the lines', () => {
  assert.is(
    text(requestBytes(WANTED)),
    '7\n--runtime-args\n--setuid=10001\n--setgid=10001\n--nice-name=app\n--package-name=app\nandroid.app.ActivityThread\nseq=7\n',
  );
  assert.throws(() => requestBytes({ ...WANTED, niceName: 'a\nb' }), /one line/);
});

test('a request is taken once it is there as a whole, and what is behind it stays', () => {
  const request = requestBytes(WANTED);
  for (let length = 0; length < request.length; length++) assert.is(takeRequest(request.subarray(0, length)), null);
  const taken = takeRequest(new Uint8Array([...request, ...bytes('2\na')]));
  assert.equal(argumentsOf(taken?.words ?? []), WANTED);
  assert.is(text(taken?.rest ?? new Uint8Array()), '2\na');
});

test('what is no request is refused', () => {
  assert.throws(() => takeRequest(bytes('many\n')), /begins with the number of its arguments, not "many"/);
  const { words } = takeRequest(requestBytes(WANTED)) ?? { words: [] };
  const without = (start: string) => words.filter((word) => !word.startsWith(start));
  assert.throws(() => argumentsOf(without('--setuid')), /has no --setuid/);
  assert.throws(() => argumentsOf(without('android.')), /was not asked for android.app.ActivityThread/);
  assert.throws(() => argumentsOf([...without('--setuid'), '--setuid=-1']), /--setuid=-1, which is not a number/);
});

test('an answer is a pid of four bytes, big endian, and a byte', () => {
  assert.equal([...answerBytes(5000)], [0, 0, 0x13, 0x88, 0]);
  assert.is(answeredPid(answerBytes(5000)), 5000);
  assert.is(answeredPid(answerBytes(null)), null);
});

/** Runs a system server on a Zygote that knows the package `app` alone. @returns What it returns, and the machine. */
function serve(systemServer: (socket: number) => Act<string[]>) {
  const machine = bootMachine();
  const sim = machine.simulate();
  let heard: string[] = [];
  const zygote = Zygote.start(sim, {
    *systemServer(socket) {
      heard = yield* systemServer(socket);
    },
    mainOf: (name) => (name === 'app' ? () => sys.pause() : undefined),
  });
  sim.run();
  return { machine, zygote, heard };
}

test('it forks what it knows, refuses what it does not, and goes on', () => {
  const { machine, zygote, heard } = serve(function* (socket) {
    const process = new ZygoteProcess(socket);
    const heard: string[] = [];
    for (const packageName of ['nothing', 'app', 'app']) {
      try {
        heard.push(`${yield* process.start({ ...WANTED, packageName })}`);
      } catch (error) {
        heard.push((error as Error).message);
      }
    }
    return heard;
  });
  assert.equal(heard, ['Zygote made no process for nothing', '3000', 'Zygote made no process for app']);
  const app = machine.process('app');
  assert.is(app.uid, 10001);
  assert.ok(app.alive);
  assert.not.ok(zygote.alive, 'the system server has ended, and with it the only one who asks');
  machine.end();
});

test('who asks a Zygote that has died is told so', () => {
  const machine = bootMachine();
  const sim = machine.simulate();
  let says = '';
  let dead = false;
  const zygote = Zygote.start(sim, {
    *systemServer(socket) {
      yield* sys.until(() => dead, 'the end of Zygote');
      try {
        yield* new ZygoteProcess(socket).start(WANTED);
      } catch (error) {
        says = (error as Error).message;
      }
    },
    mainOf: () => undefined,
  });
  sim.run({ until: () => machine.processes.length === 2 && machine.process('system_server').threads.length > 1 });
  zygote.kill();
  dead = true;
  sim.run();
  assert.is(says, 'Zygote cannot be asked: EPIPE');
});

test('its children open Binder for themselves; it does not', () => {
  for (let seed = 0; seed < 10; seed++) {
    const { machine, sim, android } = worldWithAndroid([appPackage(function* () {})], seed);
    android.startActivity('app/.Main');
    sim.run();
    const pids = machine.inspect.procs().map(({ pid }) => pid);
    assert.not.ok(pids.includes(android.zygote.pid));
    assert.is(android.zygote.threads.length, 1);
    for (const name of ['system_server', 'app']) assert.ok(pids.includes(machine.process(name).pid), name);
    const threads = machine.process('app').threads.map(({ name }) => name);
    assert.equal(threads.slice(0, 2), ['app.0', `binder:${machine.process('app').pid}_1`]);
  }
});

test('all that it took is given back', () => {
  const { machine, sim, android } = worldWithAndroid([appPackage(function* () {})]);
  const bare = bootMachine();
  android.startActivity('app/.Main');
  sim.run();
  machine.end();
  assert.is(machine.freeFrames(), bare.freeFrames());
  assert.is(machine.liveObjects(), bare.liveObjects());
});

test.run();
