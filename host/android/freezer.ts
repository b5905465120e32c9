/**
 * Freezer: stops processes that nobody needs at the moment, and lets them go on. First the driver is told: from then on who
 * calls the process is refused, and oneways wait. Then its threads stop, by the freezer of its control group.
 */
import { BINDER_FREEZE, BINDER_GET_FROZEN_INFO } from '../../assembly/abi/protocol.ts';
import { FROZEN_STATUS_INFO_SIZE } from '../../assembly/abi/wire.ts';
import { ProcessState } from '../binder/processstate.ts';
import { BinderlabError, callError } from '../kernel/error.ts';
import { type FrozenInfo, freezeBytes, frozenInfoOf, frozenQueryBytes } from '../kernel/ioctls.ts';
import type { Act } from '../sim/request.ts';
import { sys } from '../sim/sys.ts';

/** How long the freezer waits before it tries again, in milliseconds. */
const RETRY_MS = 100;

export const Freezer = {
  /**
   * Freezes or thaws a process as far as the driver goes. Does not wait for what is under way in it.
   *
   * @returns Whether it is so now; false when it serves a call, and cannot be frozen before it is done.
   * @throws BinderlabError when no process of that pid has Binder open.
   */
  *freezeBinder(pid: number, frozen: boolean): Act<boolean> {
    const { fd } = yield* ProcessState.self();
    const { ret, errno } = yield* sys.ioctl(fd, BINDER_FREEZE, { poke: freezeBytes(pid, frozen, 0), mayFail: true });
    if (errno === 'EAGAIN') return false;
    if (errno === 'EINVAL') throw new BinderlabError(`no process ${pid} has Binder open, so none can be frozen`);
    if (ret !== 0) throw callError(`freezing process ${pid}`, ret ?? 0);
    return true;
  },

  /** Freezes a process whole, however often it has to be tried. @returns How often. */
  *freezeProcess(pid: number): Act<number> {
    let tries = 1;
    while (!(yield* Freezer.freezeBinder(pid, true))) {
      tries++;
      yield* sys.sleep(RETRY_MS);
    }
    yield* sys.setFrozen(pid, true);
    return tries;
  },

  /** Lets a process go on. */
  *unfreezeProcess(pid: number): Act<void> {
    yield* Freezer.freezeBinder(pid, false);
    yield* sys.setFrozen(pid, false);
  },

  /** Who has called it meanwhile: `syncRecv` bit 0: a synchronous call was refused; `asyncRecv`: oneways wait. */
  *getBinderFreezeInfo(pid: number): Act<FrozenInfo> {
    const { fd } = yield* ProcessState.self();
    const query = { poke: frozenQueryBytes(pid), outLen: FROZEN_STATUS_INFO_SIZE };
    return frozenInfoOf((yield* sys.ioctl(fd, BINDER_GET_FROZEN_INFO, query)).bytes);
  },
} as const;
