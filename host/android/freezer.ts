/**
 * Freezer: stops idle processes, and lets them continue. It freezes the process for the driver first: then calls to it are
 * refused and oneways wait. After that its threads stop, by the freezer of its control group.
 */
import { BINDER_FREEZE, BINDER_GET_FROZEN_INFO } from '../../assembly/abi/protocol.ts';
import { ProcessState } from '../binder/processstate.ts';
import type { Act } from '../sim/request.ts';
import { sys } from '../sim/sys.ts';
import { BinderlabError, callError } from '../wire/error.ts';
import { type FrozenInfo, frozenInfoOf, ioctlBytes } from '../wire/ioctls.ts';

/** Interval of its tries, in milliseconds. */
const RETRY_MS = 100;

export const Freezer = {
  /**
   * Freezes or thaws a process in the driver. Does not wait for pending calls.
   *
   * @returns Whether it succeeded; false when the process serves a call, and must finish it first.
   * @throws BinderlabError when no process of that pid has Binder open.
   */
  *freezeBinder(pid: number, frozen: boolean): Act<boolean> {
    const { fd } = yield* ProcessState.self();
    const poke = ioctlBytes('BINDER_FREEZE', { pid, enable: frozen });
    const { ret, errno } = yield* sys.ioctl(fd, BINDER_FREEZE, { poke, mayFail: true });
    if (errno === 'EAGAIN') return false;
    if (errno === 'EINVAL') throw new BinderlabError(`no process ${pid} has Binder open, so none can be frozen`);
    if (ret !== 0) throw callError(`freezing process ${pid}`, ret ?? 0);
    return true;
  },

  /** Freezes a process, driver and threads; repeats until it succeeds. @returns The number of tries. */
  *freezeProcess(pid: number): Act<number> {
    let tries = 1;
    while (!(yield* Freezer.freezeBinder(pid, true))) {
      tries++;
      yield* sys.sleep(RETRY_MS);
    }
    yield* sys.setFrozen(pid, true);
    return tries;
  },

  /** Thaws a process. */
  *unfreezeProcess(pid: number): Act<void> {
    yield* Freezer.freezeBinder(pid, false);
    yield* sys.setFrozen(pid, false);
  },

  /** Calls to it since: `syncRecv` bit 0: a synchronous call was refused; `asyncRecv`: oneways wait. */
  *getBinderFreezeInfo(pid: number): Act<FrozenInfo> {
    const { fd } = yield* ProcessState.self();
    const poke = ioctlBytes('BINDER_GET_FROZEN_INFO', { pid });
    return frozenInfoOf((yield* sys.ioctl(fd, BINDER_GET_FROZEN_INFO, { poke, outLen: poke.length })).bytes);
  },
} as const;
