/** Published faults of binder drivers: with one the checker says what broke, at which step; without it the call works or fails. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Machine } from '../../host/machine.ts';
import { parseJournal } from '../../host/trace/journaltext.ts';
import { bc } from '../../host/wire/commands.ts';
import { HISTORICAL_BUGS } from '../../host/wire/historicalbugs.ts';
import { Folder } from '../cli/binderlab.ts';
import { debugModule } from '../inspect/machines.ts';

const SCRIPTS = join(import.meta.dirname, '../../../examples/history');
const CASES = [
  {
    bug: 'CVE-2024-26606',
    script: 'own-work',
    sound: '1 descriptor is ready\nthe server reads BR_NOOP, BR_FAILED_REPLY\n',
    broken: /LOST_WAKEUP.*BinderThread.*allocated in step 3.*found in step 8, epoll_wait by server\.0/s,
  },
  {
    bug: 'CVE-2019-2215',
    script: 'thread-exit',
    sound:
      'the thread has left binder; the epoll instance watches its device still\nthe device has left the epoll instance\n',
    broken:
      /USE_AFTER_FREE.*BinderThread.*allocated in step 4, epoll_ctl by app\.0.*freed in step 5, ioctl BINDER_THREAD_EXIT by app\.0.*used in step 6, epoll_ctl by app\.0/s,
  },
  {
    bug: 'CVE-2020-0041',
    script: 'unverified-parent',
    sound:
      'the parent is object 0: BR_NOOP, BR_TRANSACTION_COMPLETE\nthe parent is object 2 of 2, counted from 0: BR_NOOP, BR_FAILED_REPLY\n',
    broken: /UNVERIFIED_PARENT.*entry 2 of the offsets as its parent, and 1 were verified.*found in step 12/s,
  },
  {
    bug: 'CVE-2024-46740',
    script: 'gap',
    sound:
      "the call: BR_NOOP, BR_FAILED_REPLY\ncalls and messages that hold the server's object, by its own count: 2 before, 2 now\n",
    broken: /OFFSETS_OVERWRITTEN.*ends at 56 .*whose data end at 48.*found in step 10/s,
  },
  {
    bug: 'CVE-2025-68260',
    script: 'two-releases',
    sound: 'the client reads BR_NOOP, BR_DEAD_BINDER cookie=0x7\n',
    broken: /DEATH_LIST.*RefDeath.*allocated in step 9, wr by app\.0.*freed in step 10, kill\n.*used in step 10, kill/s,
  },
] as const;

const test = suite('historical bugs');
const folder = new Folder();
test.after(() => folder.remove());

for (const { bug, script, sound, broken } of CASES) {
  const path = join(SCRIPTS, `${script}.ts`);

  test(`${bug}: a sound machine`, () => {
    const { code, stdout, stderr } = folder.run(['run', path]);
    assert.is(code, 0, stderr);
    assert.is(stdout, sound);
    assert.is(stderr, '');
  });

  test(`${bug}: a machine that has it`, () => {
    const { code, stderr } = folder.run(['run', path, '--bug', bug, '--journal', `${script}.jsonl`]);
    assert.is(code, 1);
    assert.match(stderr, new RegExp(`this machine has the fault ${bug}, on purpose`));
    assert.match(stderr, broken);
    const journal = parseJournal(readFileSync(join(folder.path, `${script}.jsonl`), 'utf8'), script);
    assert.equal(journal.header.historical_bugs, [bug]);
    const replayed = folder.run(['replay', `${script}.jsonl`, '--check']);
    assert.match(replayed.stdout, broken);
  });
}

test('CVE-2025-68260: deaths that others keep still come, and a second release that would sleep does not cut in', () => {
  for (const polls of [false, true]) {
    const machine = Machine.boot({ wasm: debugModule, memoryMiB: 8, historicalBugs: ['CVE-2025-68260'] });
    const [app, client] = [machine.spawn('app'), machine.spawn('client')];
    const [watching, owning] = [app.main.open(), app.main.open()];
    const fd = client.main.open();
    client.main.mmap(fd);
    app.main.becomeContextManager(owning);
    const other = machine.spawn('other').main;
    const otherFd = other.open();
    other.writeRead(otherFd, [bc.increfs(0), bc.acquire(0)], { readSize: 0 }); // asks for no death
    const words = [bc.increfs(0), bc.acquire(0), bc.requestDeathNotification(0, 7)];
    const watchers = [{ thread: app.main, fd: watching }];
    // the newest ref is the first of the list
    watchers.splice(polls ? 0 : 1, 0, { thread: client.main, fd });
    for (const one of watchers) one.thread.writeRead(one.fd, words, { readSize: 0 });
    if (polls) app.main.poll(watching, { wait: false });
    app.kill();
    machine.check();
    assert.match(client.main.writeRead(fd, []).words.join(' '), /BR_DEAD_BINDER/);
    const free = machine.freeFrames();
    machine.end();
    machine.check();
    assert.is(machine.liveObjects(), 0);
    assert.ok(machine.freeFrames() > free);
  }
});

test('each one has a script, and a machine has none unless it is asked for', () => {
  assert.equal([...HISTORICAL_BUGS].sort(), CASES.map(({ bug }) => bug as string).sort());
  const boot = (historicalBugs: unknown) => Machine.boot({ wasm: debugModule, historicalBugs } as object);
  assert.throws(() => boot(['CVE-2000-1']), /no historical bug is called "CVE-2000-1"; there are CVE-2019-2215/);
  const { code, stderr } = folder.run(['run', join(SCRIPTS, 'gap.ts'), '--bug', 'all']);
  assert.is(code, 2);
  assert.match(stderr, /--bug/);
});

test.run();
