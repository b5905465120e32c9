/** fsync of files that can, and of those that cannot. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sys } from '../../host/index.ts';
import { Strace } from '../../host/trace/strace.ts';
import { boot } from '../inspect/machines.ts';

const test = suite('fsync');

test('memfds can, Binder devices cannot, and it is an operation as any other', () => {
  const machine = boot();
  const sim = machine.simulate();
  const errors: string[] = [];
  sim.process('app', function* () {
    yield* sys.fsync(yield* sys.memfd());
    for (const fd of [yield* sys.open(), 99]) {
      try {
        yield* sys.fsync(fd);
      } catch (error) {
        errors.push((error as Error).message);
      }
    }
  });
  sim.run();
  assert.match(errors[0] ?? '', /^app\.0: fsync of descriptor 4 failed with EINVAL: /);
  assert.match(errors[1] ?? '', /^app\.0: fsync of descriptor 99 failed with EBADF: /);
  const { journal } = machine;
  const strace = new Strace();
  const lines = journal.steps.flatMap((step) => strace.lines(step));
  assert.ok(lines.includes('1000<app.0> fsync(3) = 0'), lines.join('\n'));
  const again = boot();
  for (const step of journal.steps) again.perform(step);
  assert.equal(
    again.journal.steps.map(({ op, in: input, out }) => ({ op, input, out })),
    journal.steps.map(({ op, in: input, out }) => ({ op, input, out })),
  );
});

test.run();
