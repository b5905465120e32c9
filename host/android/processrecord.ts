/** ProcessRecord: ActivityManager's record of one application's process. */
import type { DeathRecipient, IBinder } from '../binder/parcel.ts';
import type { ComponentName } from './component.ts';
import { ApplicationThreadProxy } from './iapplicationthread.ts';

export class ProcessRecord {
  /** Set once Zygote has created it. */
  pid = 0;
  /** Its IApplicationThread; null before it attaches, and after its death. */
  thread: ApplicationThreadProxy | null = null;
  /** Receives its death notification; null as above. */
  recipient: DeathRecipient | null = null;
  /** Activities to launch when it attaches. */
  readonly pendingActivities: ComponentName[] = [];

  constructor(
    readonly packageName: string,
    readonly uid: number,
    /** Number of this start. */
    readonly startSeq: number,
  ) {}

  attach(application: IBinder, recipient: DeathRecipient): void {
    this.thread = new ApplicationThreadProxy(application);
    this.recipient = recipient;
  }
}
