/** machine.fork(): a second machine in the same state, of which the first knows nothing. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Machine } from '../../host/machine.ts';
import type { WriteReadCall } from '../../host/os/writeread.ts';
import { bc } from '../../host/wire/commands.ts';
import { recording } from '../conformance/recordings.ts';
import { buildModule } from '../os/builds.ts';
import { scene } from './scene.ts';

const test = suite('fork');

test('both go their own way, from the same state', () => {
  const { machine, client, server, waiting } = scene();
  const copy = machine.fork();
  assert.is(copy.hash(), machine.hash());
  assert.is(copy.nextStep, machine.nextStep);
  const there = copy.thread('client.0');
  const before = machine.hash();
  there.writeRead(client.fd, [bc.transaction({ handle: 0, code: 3, data: 'only there' })]);
  assert.is(machine.hash(), before);
  assert.is(waiting.parked, true);
  assert.is(copy.thread('server.0').parked, false);
  copy.process('server').kill();
  copy.check();
  assert.is(server.main.alive, true);

  client.main.writeRead(client.fd, [bc.transaction({ handle: 0, code: 4, data: 'only here' })]);
  assert.is(machine.process('server').textOf(waiting.expect('BR_TRANSACTION')), 'only here');
  machine.check();
});

test('a thread sleeps in the same call there, which returns to the copy', () => {
  const { machine, client, waiting } = scene();
  const copy = machine.fork();
  const call = copy.thread('server.0').call as WriteReadCall;
  assert.is(call.parked, true);
  assert.is(call.step, waiting.step);
  assert.is(call.by, 'server.0');
  copy.thread('client.0').writeRead(client.fd, [bc.transaction({ handle: 0, code: 3, data: 'there' })]);
  assert.is(copy.process('server').textOf(call.expect('BR_TRANSACTION')), 'there');
  assert.is(waiting.parked, true);
});

test('listeners, also of former times, make no difference to the state', () => {
  const silent = scene();
  const heard = scene();
  const words: string[] = [];
  const unheard = heard.machine.on('command', ({ word }) => {
    heard.machine.hash();
    words.push(word);
  });
  const act = ({ client }: typeof heard) =>
    client.main.writeRead(client.fd, [bc.increfs(0), bc.acquire(0), bc.transaction({ handle: 0, code: 3 })]);
  act(silent);
  act(heard);
  assert.equal(words, ['BC_INCREFS', 'BC_ACQUIRE', 'BC_TRANSACTION'], 'a digest in a listener loses nothing');
  assert.is(heard.machine.hash(), silent.machine.hash());
  assert.is(heard.machine.fork().fork().hash(), silent.machine.hash());
  heard.server.main.version(heard.server.fd);
  unheard();
  silent.server.main.version(silent.server.fd);
  assert.is(heard.machine.hash(), silent.machine.hash());
});

test('a thread of the copy is no thread of the first machine', () => {
  const { machine } = scene();
  const by = machine.fork().thread('client.0');
  assert.throws(
    () => machine.process('client').thread('more', { by }),
    /by is client\.0 of another machine; it is to be/,
  );
});

test('a fork of a fork, after threads that ended and names that came again', () => {
  const { machine, client } = scene();
  const first = machine.spawn('again');
  first.thread();
  first.kill();
  machine.spawn('again').main.open();
  const copy = machine.fork().fork();
  assert.is(copy.hash(), machine.hash());
  for (const one of [machine, copy]) {
    one.process('again').thread('next');
    one.thread('client.0').version(client.fd);
    one.spawn('new');
  }
  assert.is(copy.hash(), machine.hash());
  assert.equal(
    copy.processes.map(({ pid, alive }) => [pid, alive]),
    machine.processes.map(({ pid, alive }) => [pid, alive]),
  );
});

test('at any step of a recording the rest of it is the same in the fork', () => {
  const { header, steps } = recording('nested-callback');
  const wasm = buildModule('release');
  const machine = Machine.fromHeader(header, { wasm, memoryMiB: 16 });
  for (const [at, input] of steps.entries()) {
    if (at % 7 === 3) {
      const copy = machine.fork();
      const rest = steps.slice(at).map((step) => copy.perform(step));
      const woken = (list: typeof rest) => list.map(({ out, woken: by }) => ({ out, by }));
      assert.equal(woken(rest), woken(steps.slice(at).map((step) => step)));
    }
    machine.perform(input);
  }
});

test('a listener may fork where it may not act', () => {
  const { machine, client } = scene();
  const tried: number[] = [];
  machine.break('BC_TRANSACTION', () => {
    const copy = machine.fork();
    copy.process('client').kill();
    copy.check();
    tried.push(copy.processes.filter(({ alive }) => alive).length);
  });
  client.main.writeRead(client.fd, [bc.transaction({ handle: 0 })]);
  assert.equal(tried, [1]);
  assert.is(machine.process('client').alive, true);
});

test.run();
