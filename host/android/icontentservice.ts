/** IContentService, limited to changes. Owns its codes, and the side of the processes that use it. */
import { BpInterface } from '../binder/interface.ts';
import { defaultServiceManager } from '../binder/iservicemanager.ts';
import type { IBinder } from '../binder/parcel.ts';
import type { Act } from '../sim/request.ts';
import type { ContentObserver } from './icontentobserver.ts';
import { writeUri, writeUris } from './uri.ts';

export const CONTENT_SERVICE_DESCRIPTOR = 'android.content.IContentService';
/** Its service name. */
export const CONTENT_SERVICE = 'content';

export const UNREGISTER_CONTENT_OBSERVER_TRANSACTION = 1;
export const REGISTER_CONTENT_OBSERVER_TRANSACTION = 2;
export const NOTIFY_CHANGE_TRANSACTION = 3;

const USER_SYSTEM = 0;
const TARGET_SDK = 34;

export class ContentResolver extends BpInterface {
  constructor(remote: IBinder) {
    super(remote, CONTENT_SERVICE_DESCRIPTOR);
  }

  /** Finds the service; waits until it exists. */
  static *find(): Act<ContentResolver> {
    return new ContentResolver(yield* (yield* defaultServiceManager()).waitForService(CONTENT_SERVICE));
  }

  /**
   * Registers an observer.
   *
   * @param notifyForDescendants Also for uris below `uri`.
   */
  *registerContentObserver(uri: string, notifyForDescendants: boolean, observer: ContentObserver): Act<void> {
    yield* this.call(
      REGISTER_CONTENT_OBSERVER_TRANSACTION,
      (data) =>
        writeUri(data, uri)
          .writeBool(notifyForDescendants)
          .writeStrongBinder(observer)
          .writeInt32(USER_SYSTEM)
          .writeInt32(TARGET_SDK),
      () => {},
    );
  }

  *unregisterContentObserver(observer: ContentObserver): Act<void> {
    yield* this.call(
      UNREGISTER_CONTENT_OBSERVER_TRANSACTION,
      (data) => data.writeStrongBinder(observer),
      () => {},
    );
  }

  /**
   * Announces changes. When it returns, the notifications are sent, not handled.
   *
   * @param observer The caller's own observer; it is skipped unless it asked for its own changes.
   */
  *notifyChange(
    uris: string | readonly string[],
    observer: ContentObserver | null = null,
    { wantsSelf = false, flags = 0, callingPackage = null as string | null } = {},
  ): Act<void> {
    yield* this.call(
      NOTIFY_CHANGE_TRANSACTION,
      (data) =>
        writeUris(data, typeof uris === 'string' ? [uris] : uris)
          .writeStrongBinder(observer)
          .writeBool(wantsSelf)
          .writeInt32(flags)
          .writeInt32(USER_SYSTEM)
          .writeInt32(TARGET_SDK)
          .writeString16(callingPackage),
      () => {},
    );
  }
}
