/**
 * IActivityManager, limited to starting processes and binding services. Owns its codes and the application's side. The names
 * are Android's, the numbers are not: Android's change with each release.
 */
import { BpInterface } from '../binder/interface.ts';
import type { IBinder } from '../binder/parcel.ts';
import type { Act } from '../sim/request.ts';
import { type ComponentName, writeComponent } from './component.ts';

export const ACTIVITY_MANAGER_DESCRIPTOR = 'android.app.IActivityManager';
/** Its service name. */
export const ACTIVITY_SERVICE = 'activity';

export const ATTACH_APPLICATION_TRANSACTION = 1;
export const START_ACTIVITY_TRANSACTION = 2;
export const BIND_SERVICE_TRANSACTION = 3;
export const UNBIND_SERVICE_TRANSACTION = 4;
export const PUBLISH_SERVICE_TRANSACTION = 5;
export const UNBIND_FINISHED_TRANSACTION = 6;

/** Results of startActivity. */
export const START_SUCCESS = 0;
export const START_CLASS_NOT_FOUND = -92;

/** Flag of bindService: creates the service when it does not exist, and again when its process dies. */
export const BIND_AUTO_CREATE = 1;

export class ActivityManagerProxy extends BpInterface {
  constructor(remote: IBinder) {
    super(remote, ACTIVITY_MANAGER_DESCRIPTOR);
  }

  /**
   * A process that Zygote created attaches.
   *
   * @throws ServiceException SECURITY when ActivityManager did not ask for it.
   */
  *attachApplication(application: IBinder, startSeq: number): Act<void> {
    yield* this.call(
      ATTACH_APPLICATION_TRANSACTION,
      (data) => data.writeStrongBinder(application).writeInt64(startSeq),
      () => {},
    );
  }

  /** @returns START_SUCCESS, or START_CLASS_NOT_FOUND. */
  *startActivity(activity: ComponentName, callingPackage: string | null = null): Act<number> {
    return yield* this.call(
      START_ACTIVITY_TRANSACTION,
      (data) => writeComponent(data.writeString16(callingPackage), activity),
      (reply) => reply.readInt32(),
    );
  }

  /** @returns Whether such a service exists. It arrives later, through `connection`. */
  *bindService(application: IBinder, service: ComponentName, connection: IBinder, flags: number): Act<boolean> {
    return yield* this.call(
      BIND_SERVICE_TRANSACTION,
      (data) =>
        writeComponent(data.writeStrongBinder(application), service).writeStrongBinder(connection).writeInt32(flags),
      (reply) => reply.readInt32() > 0,
    );
  }

  /** @returns Whether that connection was bound. */
  *unbindService(connection: IBinder): Act<boolean> {
    return yield* this.call(
      UNBIND_SERVICE_TRANSACTION,
      (data) => data.writeStrongBinder(connection),
      (reply) => reply.readBool(),
    );
  }

  /** The process of a service passes on the result of its onBind. */
  *publishService(token: IBinder, service: IBinder | null): Act<void> {
    yield* this.call(
      PUBLISH_SERVICE_TRANSACTION,
      (data) => data.writeStrongBinder(token).writeStrongBinder(service),
      () => {},
    );
  }

  /** The process has run onUnbind. */
  *unbindFinished(token: IBinder): Act<void> {
    yield* this.call(
      UNBIND_FINISHED_TRANSACTION,
      (data) => data.writeStrongBinder(token),
      () => {},
    );
  }
}
