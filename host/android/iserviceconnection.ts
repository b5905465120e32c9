/** IServiceConnection: reports a bound service to an application. Its one method is oneway. */
import { BnInterface, BpInterface } from '../binder/interface.ts';
import type { IBinder } from '../binder/parcel.ts';
import type { Act } from '../sim/request.ts';
import { type ComponentName, readComponent, writeComponent } from './component.ts';

export const SERVICE_CONNECTION_DESCRIPTOR = 'android.app.IServiceConnection';
export const CONNECTED_TRANSACTION = 1;

export class ServiceConnectionProxy extends BpInterface {
  constructor(remote: IBinder) {
    super(remote, SERVICE_CONNECTION_DESCRIPTOR);
  }

  /** @param service null: the service returned none. @param dead Whether the process of the former one died. */
  *connected(name: ComponentName, service: IBinder | null, dead: boolean): Act<void> {
    yield* this.oneway(CONNECTED_TRANSACTION, (data) =>
      writeComponent(data, name).writeStrongBinder(service).writeBool(dead),
    );
  }
}

export class ServiceConnectionStub extends BnInterface {
  /** @param connected Receives the service, and has to release it. */
  constructor(connected: (name: ComponentName, service: IBinder | null, dead: boolean) => Act<void>) {
    super(SERVICE_CONNECTION_DESCRIPTOR, {
      [CONNECTED_TRANSACTION]: (data) =>
        connected(readComponent(data), data.readNullableStrongBinder(), data.readBool()),
    });
  }
}
