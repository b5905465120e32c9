/** ProcessRecord: what ActivityManager knows of one application's process. */
import type { DeathRecipient, IBinder } from '../binder/parcel.ts';
import type { ComponentName } from './component.ts';
import { ApplicationThreadProxy } from './iapplicationthread.ts';

export class ProcessRecord {
  /** Set once Zygote has made it. */
  pid = 0;
  /** What it is called by; null until it has attached, and once it has died. */
  thread: ApplicationThreadProxy | null = null;
  /** Takes the news of its death; null as above. */
  recipient: DeathRecipient | null = null;
  /** Activities to be launched when it has attached. */
  readonly pendingActivities: ComponentName[] = [];

  constructor(
    readonly packageName: string,
    readonly uid: number,
    /** The number of its start. */
    readonly startSeq: number,
  ) {}

  attach(application: IBinder, recipient: DeathRecipient): void {
    this.thread = new ApplicationThreadProxy(application);
    this.recipient = recipient;
  }
}
