/** ServiceRecord: ActivityManager's record of one service; also the token that names it to the service's process. */
import { BBinder } from '../binder/bbinder.ts';
import type { IBinder } from '../binder/parcel.ts';
import type { ComponentName } from './component.ts';
import { ServiceConnectionProxy } from './iserviceconnection.ts';
import type { ProcessRecord } from './processrecord.ts';

/** A client of a service. */
export class ConnectionRecord {
  readonly proxy: ServiceConnectionProxy;

  constructor(
    readonly service: ServiceRecord,
    readonly client: ProcessRecord,
    /** Held until the client unbinds or dies. */
    readonly binder: IBinder,
    readonly flags: number,
  ) {
    this.proxy = new ServiceConnectionProxy(binder);
  }
}

export class ServiceRecord extends BBinder {
  /** The process where it runs, or will; null while unbound, and between a death and the restart. */
  app: ProcessRecord | null = null;
  /** Whether its process was asked to create it. */
  created = false;
  /** Whether onBind was requested; and whether it has returned. */
  requested = false;
  published = false;
  /** The result of its onBind, held; null also when that is null. */
  binder: IBinder | null = null;
  readonly connections = new Map<IBinder, ConnectionRecord>();

  constructor(readonly component: ComponentName) {
    super();
  }

  /** Its process is dead. @returns The binder, to be released. */
  reset(): IBinder | null {
    const { binder } = this;
    this.app = null;
    this.created = false;
    this.requested = false;
    this.published = false;
    this.binder = null;
    return binder;
  }
}
