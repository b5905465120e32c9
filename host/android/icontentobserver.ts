/** IContentObserver: notifies a process of changed content. Its methods are oneway. */
import { BnInterface, BpInterface } from '../binder/interface.ts';
import type { IBinder } from '../binder/parcel.ts';
import type { Act } from '../sim/request.ts';
import { readUris, writeUris } from './uri.ts';

export const CONTENT_OBSERVER_DESCRIPTOR = 'android.database.IContentObserver';
export const ON_CHANGE_ETC_TRANSACTION = 2;

/** An observer's handler; a generator when it makes system calls. It runs on a pool thread. */
export type OnChange = (uris: readonly string[], selfChange: boolean) => unknown;

export class ContentObserverProxy extends BpInterface {
  constructor(remote: IBinder) {
    super(remote, CONTENT_OBSERVER_DESCRIPTOR);
  }

  /** @param selfChange Whether the process that made the change passed this observer as its own. */
  *onChangeEtc(selfChange: boolean, uris: readonly string[], flags: number, userId: number): Act<void> {
    yield* this.oneway(ON_CHANGE_ETC_TRANSACTION, (data) =>
      writeUris(data.writeBool(selfChange), uris).writeInt32(flags).writeInt32(userId),
    );
  }
}

export class ContentObserver extends BnInterface {
  constructor(onChange: OnChange) {
    super(CONTENT_OBSERVER_DESCRIPTOR, {
      [ON_CHANGE_ETC_TRANSACTION]: (data) => {
        const selfChange = data.readBool();
        return onChange(readUris(data), selfChange);
      },
    });
  }
}
