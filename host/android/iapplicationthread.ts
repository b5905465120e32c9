/**
 * IApplicationThread: ActivityManager's calls to an application's process. All are oneway: the system never waits for an
 * application. The names are Android's, the numbers are not: Android's change with each release.
 */
import { BpInterface } from '../binder/interface.ts';
import type { IBinder } from '../binder/parcel.ts';
import type { Act } from '../sim/request.ts';
import { type ComponentName, writeComponent } from './component.ts';

export const APPLICATION_THREAD_DESCRIPTOR = 'android.app.IApplicationThread';

export const BIND_APPLICATION_TRANSACTION = 1;
export const SCHEDULE_TRANSACTION_TRANSACTION = 2;
export const SCHEDULE_CREATE_SERVICE_TRANSACTION = 3;
export const SCHEDULE_BIND_SERVICE_TRANSACTION = 4;
export const SCHEDULE_UNBIND_SERVICE_TRANSACTION = 5;
export const SCHEDULE_STOP_SERVICE_TRANSACTION = 6;

export class ApplicationThreadProxy extends BpInterface {
  constructor(remote: IBinder) {
    super(remote, APPLICATION_THREAD_DESCRIPTOR);
  }

  /** Assigns the process to that package. */
  *bindApplication(packageName: string): Act<void> {
    yield* this.oneway(BIND_APPLICATION_TRANSACTION, (data) => data.writeString16(packageName));
  }

  /** Launches an activity. */
  *scheduleTransaction(activity: ComponentName): Act<void> {
    yield* this.oneway(SCHEDULE_TRANSACTION_TRANSACTION, (data) => writeComponent(data, activity));
  }

  /** @param token Names the service in both processes. */
  *scheduleCreateService(token: IBinder, service: ComponentName): Act<void> {
    yield* this.oneway(SCHEDULE_CREATE_SERVICE_TRANSACTION, (data) =>
      writeComponent(data.writeStrongBinder(token), service),
    );
  }

  *scheduleBindService(token: IBinder, service: ComponentName): Act<void> {
    yield* this.oneway(SCHEDULE_BIND_SERVICE_TRANSACTION, (data) =>
      writeComponent(data.writeStrongBinder(token), service),
    );
  }

  *scheduleUnbindService(token: IBinder, service: ComponentName): Act<void> {
    yield* this.oneway(SCHEDULE_UNBIND_SERVICE_TRANSACTION, (data) =>
      writeComponent(data.writeStrongBinder(token), service),
    );
  }

  *scheduleStopService(token: IBinder): Act<void> {
    yield* this.oneway(SCHEDULE_STOP_SERVICE_TRANSACTION, (data) => data.writeStrongBinder(token));
  }
}
