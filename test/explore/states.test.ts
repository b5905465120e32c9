/** States that count as equal are: no schedule leads to a state that the search has not seen. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { explore } from '../../host/explore/explorer.ts';
import type { Machine } from '../../host/machine.ts';
import { sys } from '../../host/sim/sys.ts';
import { bc } from '../../host/wire/commands.ts';

const boot = { wasm: guestModule(), memoryMiB: 8 };

const test = suite('explored states');

test('random schedules reach no state that the search with any number of preemptions does not', async () => {
  const searched = new Set<string>();
  const full = await explore(senders, { boot, preemptions: 100, onState: (state) => searched.add(state) });
  assert.ok(full.isComplete);
  assert.is(searched.size, full.states);
  const met = new Set<string>();
  await explore(senders, { boot, random: 400, onState: (state) => met.add(state) });
  assert.ok(met.size > searched.size / 2, `${met.size} of ${searched.size}`);
  for (const state of met) assert.ok(searched.has(state));
});

/** Three processes; one makes a thread, which sends a message to the first. */
function senders(machine: Machine) {
  const sim = machine.simulate();
  for (const name of ['a', 'b', 'c']) {
    sim.process(name, function* () {
      const fd = yield* sys.open();
      yield* sys.mmap(fd);
      if (name === 'a') (yield* sys.self()).kernel.becomeContextManager(fd);
      const send = [bc.transaction({ handle: 0, code: 1, flags: 1, data: name })];
      if (name === 'b') yield* sys.spawn(() => sys.writeRead(fd, send, { readSize: 0 }));
      yield* sys.pause();
    });
  }
  sim.run();
}

test('a script that lets the shrinker take pages is explored without equal states', async () => {
  const counts = async (script: (machine: Machine) => void) => {
    const { isComplete, merged, schedules } = await explore(script, { boot, preemptions: 1 });
    assert.ok(isComplete);
    return { merged, schedules };
  };
  const two = (machine: Machine) => {
    const sim = machine.simulate();
    for (const name of ['a', 'b']) {
      sim.process(name, function* () {
        yield* sys.open();
        yield* sys.pause();
      });
    }
    sim.run();
  };
  assert.ok((await counts(two)).merged > 0);
  const { merged, schedules } = await counts((machine) => {
    machine.shrink(1);
    two(machine);
  });
  assert.is(merged, 0);
  assert.ok(schedules > (await counts(two)).schedules);
});

test.run();
