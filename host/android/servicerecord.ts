/** ServiceRecord: what ActivityManager knows of one service; also the token that names it to the service's process. */
import { BBinder } from '../binder/bbinder.ts';
import type { IBinder } from '../binder/parcel.ts';
import type { ComponentName } from './component.ts';
import { ServiceConnectionProxy } from './iserviceconnection.ts';
import type { ProcessRecord } from './processrecord.ts';

/** Somebody who has bound a service. */
export class ConnectionRecord {
  readonly proxy: ServiceConnectionProxy;

  constructor(
    readonly service: ServiceRecord,
    readonly client: ProcessRecord,
    /** Held until it unbinds or dies. */
    readonly binder: IBinder,
    readonly flags: number,
  ) {
    this.proxy = new ServiceConnectionProxy(binder);
  }
}

export class ServiceRecord extends BBinder {
  /** Where it runs, or shall; null while nobody wants it, and between a death and the next start. */
  app: ProcessRecord | null = null;
  /** Whether its process has been told to make it. */
  created = false;
  /** Whether it has been asked to bind; and whether it has answered. */
  requested = false;
  published = false;
  /** What its onBind returned, held; null as well when that was null. */
  binder: IBinder | null = null;
  readonly connections = new Map<IBinder, ConnectionRecord>();

  constructor(readonly component: ComponentName) {
    super();
  }

  /** Its process is gone. @returns The binder, to be given back. */
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
