/** What one may make the machine do instead of the recorded step: another thread runs, a process is killed or frozen, pages are taken. */

import { O_RDWR } from '../../../assembly/abi/machine.ts';
import { BINDER_FREEZE } from '../../../assembly/abi/protocol.ts';
import type { Process } from '../../os/process.ts';
import { callPicture } from '../../picture/calls.ts';
import type { StepOf } from '../../trace/journal.ts';
import { hexOfAddress, hexOfBytes } from '../../wire/hex.ts';
import { ioctlBytes } from '../../wire/ioctls.ts';
import { callText } from '../screen/callspane.ts';
import type { Path } from './path.ts';

export interface BranchChoice {
  readonly text: string;
  /** @throws BinderlabError when it cannot be done. */
  readonly take: () => void;
}

/** The process that freezes others: on Android it is system_server. */
const FREEZER = 'freezer';
const PID_STEP = 1000;

/** All that can be done at this moment. */
export function branchChoices(path: Path): BranchChoice[] {
  const { machine } = path.history;
  const living = machine.processes.filter(({ alive, name }) => alive && name !== FREEZER);
  const procs = machine.inspect.procs();
  const frozen = new Set(procs.filter((proc) => proc.frozen).map(({ pid }) => pid));
  const withBinder = living.filter(({ pid }) => procs.some((proc) => proc.pid === pid));
  return [
    ...path.candidates().map(({ position, step }) => ({
      text: `run ${callText(callPicture(step))}`,
      take: () => void path.perform(step, position),
    })),
    ...living.map(({ name, pid }) => ({
      text: `kill ${name}`,
      take: () => void path.perform({ op: 'kill', in: { proc: name, pid } }),
    })),
    ...withBinder.map(({ name, pid }) => {
      const isFrozen = frozen.has(pid);
      return { text: `${isFrozen ? 'thaw' : 'freeze'} ${name}`, take: () => freeze(path, pid, !isFrozen) };
    }),
    {
      text: `shrink: ${idleText(machine.inspect.lru().length)}`,
      take: () => void path.perform({ op: 'shrink', in: { pages: machine.inspect.lru().length } }),
    },
  ];
}

/** BINDER_FREEZE, by a process of its own: every other thread may be asleep. */
function freeze(path: Path, pid: number, enable: boolean): void {
  const { machine, header } = path.history;
  const isFreezer = ({ name, alive }: Process) => name === FREEZER && alive;
  if (!machine.processes.some(isFreezer)) {
    const own = Math.max(...machine.processes.map((process) => process.pid)) + PID_STEP;
    path.perform({ op: 'proc', in: { name: FREEZER, pid: own, uid: 0 } });
    path.perform({ op: 'open', by: `${FREEZER}.0`, in: { flags: O_RDWR } });
  }
  const freezer = machine.processes.find(isFreezer) as Process;
  const view = machine.inspect.processes().find((process) => process.pid === freezer.pid);
  const fd = view?.descriptors.find(({ kind }) => kind === 'binder')?.fd ?? -1;
  const input: StepOf<'ioctl'>['in'] = {
    fd,
    cmd: hexOfAddress(BINDER_FREEZE >>> 0),
    name: 'BINDER_FREEZE',
    arg: header.arena.addr,
    poke: hexOfBytes(ioctlBytes('BINDER_FREEZE', { pid, enable })),
    out_len: 0,
  };
  path.perform({ op: 'ioctl', by: freezer.main.name, in: input });
}

function idleText(pages: number): string {
  if (pages === 0) return 'a buffer touches each page, so none is taken';
  return pages === 1 ? 'take the one page that no buffer touches' : `take all ${pages} pages that no buffer touches`;
}
