/** `binderlab serve`: C programs of this machine, which know nothing of the emulator. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Folder } from './binderlab.ts';

const test = suite('serve');
const folder = new Folder();
const PEERS = join(folder.path, 'peers');

const SOURCE = join(import.meta.dirname, '../../../test/cli/serve/peers.c');
const compiler = spawnSync('cc', ['-pthread', '-o', PEERS, SOURCE], { encoding: 'utf8' });

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
      'cancelled: 1, then 1',
      'select: 0 11',
      'after exec: 1',
      'still 1',
      'after exec: 1',
      '',
    ]);
    assert.is(code, 5);
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
