/** Observers in company: several at once, and one that looks away up to a step. */
import type { StepLog } from '../wire/steplog.ts';
import type { Call } from './call.ts';
import type { Observer, ScheduleChoice, Task } from './system.ts';

/** Several, in order. */
export class Observers implements Observer {
  constructor(
    private readonly stepLog: StepLog,
    private readonly all: readonly Observer[],
  ) {}

  begin(...step: Parameters<Observer['begin']>): void {
    for (const one of this.all) one.begin(...step);
  }

  call(step: number, sched: readonly ScheduleChoice[], by: Task): void {
    this.stepLog.detachFull(); // the guest records the call, whether one of them keeps it or not
    for (const one of this.all) one.call(step, sched, by);
  }

  result(task: Task, call: Call, record: number, isOwn: boolean): void {
    for (const one of this.all) one.result(task, call, record, isOwn);
  }

  end(op: Parameters<Observer['end']>[0], output: object | null): void {
    for (const one of this.all) one.end(op, output);
  }
}

/** Calls `reached` before a step, and leaves that step to the observer that the system has then. */
export class Awaiting implements Observer {
  constructor(
    private readonly system: { observer: Observer | null; readonly stepLog: StepLog },
    private readonly step: number,
    private readonly reached: () => void,
    /** Who observes the steps before it. */
    private readonly before: Observer | null,
  ) {}

  begin(...step: Parameters<Observer['begin']>): void {
    this.#at(step[0])?.begin(...step);
  }

  call(step: number, sched: readonly ScheduleChoice[], by: Task): void {
    this.system.stepLog.detachFull();
    this.#at(step)?.call(step, sched, by);
  }

  result(task: Task, call: Call, record: number, isOwn: boolean): void {
    this.before?.result(task, call, record, isOwn);
  }

  end(op: Parameters<Observer['end']>[0], output: object | null): void {
    this.before?.end(op, output);
  }

  #at(step: number): Observer | null {
    if (step < this.step) return this.before;
    this.reached();
    return this.system.observer;
  }
}
