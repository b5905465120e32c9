/** More handles than one page of their bitmap has bits: it is replaced by a larger one, or a message fails. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import { bc, Machine } from '../../host/index.ts';
import { debugModule } from '../inspect/machines.ts';

/** Handles of a page, 0 among them. */
const PAGE_HANDLES = 4096 * 8;
const EACH = 1000;
const MAPPING = 4 << 20;
/** Room for the words about all nodes of a message. */
const READ_SIZE = 100 * EACH;

/** A manager, and a sender that has given it `EACH` handles again and again, as many as go into one page. */
function crowded() {
  const machine = Machine.boot({ wasm: debugModule, memoryMiB: 64 });
  const manager = machine.spawn('manager').main;
  const fd = manager.open();
  manager.mmap(fd, MAPPING);
  manager.becomeContextManager(fd);
  const sender = machine.spawn('sender').main;
  const own = sender.open();
  sender.mmap(own);
  let last = 0;
  const send = (count: number) => {
    const objects = Array.from({ length: count }, () => ({ type: 'binder', ptr: 16 * ++last }) as const);
    return sender
      .writeRead(own, [bc.transaction({ handle: 0, flags: TF_ONE_WAY, objects })], { readSize: READ_SIZE })
      .words.join(' ');
  };
  const handles = () => machine.inspect.procs().flatMap(({ refs }) => refs.map(({ desc }) => desc));
  while (last + EACH < PAGE_HANDLES) assert.match(send(EACH), /BR_TRANSACTION_COMPLETE/);
  send(PAGE_HANDLES - 1 - last);
  return { machine, send, handles };
}

const test = suite('handles');

test('the bitmap grows with the first handle that it has no bit for, and a handle is lost to nobody when it cannot', () => {
  const { machine, send, handles } = crowded();
  assert.is(handles().length, PAGE_HANDLES - 1);
  const before = machine.snapshot();
  let failed = 0;
  for (let nth = 1; ; nth++) {
    machine.restore(before);
    const injected = machine.inject({ what: 'frame', nth });
    const answer = send(2);
    machine.check();
    if (injected.passed < nth) break;
    injected.stop();
    if (!answer.includes('BR_FAILED_REPLY')) continue;
    failed++;
    assert.is(handles().length, PAGE_HANDLES - 1);
  }
  assert.ok(failed > 0);
  assert.equal(
    handles()
      .sort((a, b) => a - b)
      .slice(-2),
    [PAGE_HANDLES, PAGE_HANDLES + 1],
  );
  machine.end();
  machine.check();
  assert.is(machine.liveObjects(), 0);
});

test.run();
