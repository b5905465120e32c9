/** Programs of the hunt: the seed decides them, they reach every part of the protocol, and the emulator performs them all. */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../../host/cli/boot.ts';
import { Dice } from '../../../host/fuzz/dice.ts';
import type { JournalHeader } from '../../../host/trace/journal.ts';
import { Coverage } from '../../../oracle/hunt/coverage.ts';
import { programSeed } from '../../../oracle/hunt/hunt.ts';
import { peekAt } from '../../../oracle/hunt/looks.ts';
import { bootFor, makeProgram } from '../../../oracle/hunt/program.ts';
import { Scene } from '../../../oracle/hunt/scene.ts';
import { SourceFolders } from '../../../oracle/hunt/sources.ts';

const CONFORMANCE = join(import.meta.dirname, '../../../../test/conformance');
const sources = new SourceFolders([join(CONFORMANCE, 'hand'), join(CONFORMANCE, 'random')]);
const SEEDS = Array.from({ length: 80 }, (_, number) => programSeed(3, number));
/** Operations of journals that the kernel's recordings do not have. */
const EMULATOR_ONLY = ['setcon', 'ftruncate', 'note'];
/** Operations that only hand-written recordings, and changes of those, have. */
const HAND_ONLY = ['read', 'write'];
/** Commands that no driver implements. */
const REFUSED = ['BC_ATTEMPT_ACQUIRE', 'BC_ACQUIRE_RESULT'];

const test = suite('programs of the hunt');
const programs = SEEDS.map((seed) => makeProgram(guestModule(), sources, seed));

test('the emulator performs them all, and stays in order', () => {
  for (const { header, defect } of programs) assert.is(defect, null, `${header.name}: ${defect?.message}`);
});

test('a message that names no address is not looked at', () => {
  const scene = new Scene(bootFor(guestModule(), programs[0]?.header as JournalHeader), new Dice(1), false);
  scene.perform({ op: 'proc', in: { name: 'A', pid: 1000, uid: 0 } });
  assert.is(peekAt(scene, 'A.0', 0x72_0600_0000_0000, 8), false);
  assert.is(peekAt(scene, 'A.0', 0x1000_0000, 8), true);
  assert.is(scene.steps.length, 2);
});

test('a seed makes the same program again', () => {
  for (const [index, seed] of SEEDS.slice(0, 6).entries()) {
    const again = makeProgram(guestModule(), sources, seed);
    assert.equal(JSON.stringify(again.steps), JSON.stringify(programs[index]?.steps));
  }
});

test('neighbouring seeds of a hunt share no program', () => {
  const seeds = [1, 2, 3].flatMap((seed) => Array.from({ length: 500 }, (_, number) => programSeed(seed, number)));
  assert.is(new Set(seeds).size, seeds.length);
});

test('some are made up, and some are made of recordings', () => {
  const mutated = programs.filter(({ header }) => header.desc.includes(' after '));
  assert.ok(mutated.length > 20 && mutated.length < 60, `${mutated.length} of ${programs.length}`);
});

test('they end by looking at everything, and killing all processes', () => {
  for (const { steps } of programs) {
    const files = steps.slice(-2).flatMap((step) => (step.op === 'dump' ? [step.in.file] : []));
    assert.equal(files, ['state', 'stats']);
    for (const file of ['transaction_log', 'failed_transaction_log']) {
      assert.ok(steps.some((step) => step.op === 'dump' && step.in.file === file));
    }
  }
});

test('they reach every operation and every command that recordings have', () => {
  const [made, recorded] = [new Coverage(), new Coverage()];
  for (const { steps } of programs) made.add(steps);
  for (const name of sources.names) recorded.add(sources.journal(name).steps);
  const { ops, commands, ioctls, errnos } = made.tables();
  const wanted = recorded.tables();
  assert.equal(
    Object.keys(wanted.ops).filter((op) => !(op in ops) && !HAND_ONLY.includes(op)),
    [],
  );
  assert.equal(
    EMULATOR_ONLY.filter((op) => op in ops),
    [],
  );
  assert.equal(
    [...Object.keys(wanted.commands), ...REFUSED].filter((name) => !(name in commands)),
    [],
  );
  assert.ok(Object.keys(wanted.ops).length >= 25 && Object.keys(wanted.commands).length >= 21);
  assert.ok(Object.keys(ioctls).length >= 14, Object.keys(ioctls).join(', '));
  for (const errno of ['EFAULT', 'EINVAL', 'EAGAIN', 'EBADF', 'ENOMEM']) assert.ok(errno in errnos, errno);
});

test.run();
