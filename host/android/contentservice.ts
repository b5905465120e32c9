/**
 * ContentService: delivers changes to observers. A change is one synchronous call to it, and a oneway from it to each observer
 * concerned. It waits for no observer, and neither does the process that made the change.
 */
import { BpBinder } from '../binder/bpbinder.ts';
import { BnInterface } from '../binder/interface.ts';
import type { DeathRecipient, IBinder, Parcel } from '../binder/parcel.ts';
import type { Act } from '../sim/request.ts';
import { ContentObserverProxy } from './icontentobserver.ts';
import {
  CONTENT_SERVICE_DESCRIPTOR,
  NOTIFY_CHANGE_TRANSACTION,
  REGISTER_CONTENT_OBSERVER_TRANSACTION,
  UNREGISTER_CONTENT_OBSERVER_TRANSACTION,
} from './icontentservice.ts';
import { giveBack, tell } from './remote.ts';
import { isWithin, readUri, readUris } from './uri.ts';

interface Entry {
  readonly uri: string;
  readonly notifyForDescendants: boolean;
  /** Held until it is unregistered, or its process dies. */
  readonly observer: IBinder;
  readonly recipient: DeathRecipient;
}

export class ContentService extends BnInterface {
  #entries: readonly Entry[] = [];

  constructor() {
    super(CONTENT_SERVICE_DESCRIPTOR, {
      [UNREGISTER_CONTENT_OBSERVER_TRANSACTION]: (data) => this.#unregister(data),
      [REGISTER_CONTENT_OBSERVER_TRANSACTION]: (data) => this.#register(data),
      [NOTIFY_CHANGE_TRANSACTION]: (data) => this.#notifyChange(data),
    });
  }

  /** Number of registrations. */
  get observers(): number {
    return this.#entries.length;
  }

  *#register(data: Parcel): Act<void> {
    const uri = readUri(data);
    const notifyForDescendants = data.readBool();
    const observer = data.readStrongBinder();
    const recipient = { binderDied: () => this.#forget(entry) };
    const entry: Entry = { uri, notifyForDescendants, observer, recipient };
    this.#entries = [...this.#entries, entry];
    if (!(observer instanceof BpBinder)) return;
    if (!(yield* tell(observer.linkToDeath(recipient)))) yield* this.#forget(entry);
  }

  *#unregister(data: Parcel): Act<void> {
    const observer = data.readStrongBinder();
    for (const entry of this.#entries.filter((one) => one.observer === observer)) yield* this.#forget(entry);
    yield* giveBack(observer);
  }

  *#notifyChange(data: Parcel): Act<void> {
    const uris = readUris(data);
    const own = data.readNullableStrongBinder();
    const wantsSelf = data.readBool();
    const flags = data.readInt32();
    const userId = data.readInt32();
    for (const { observer, concerned } of this.#concerned(uris)) {
      const isOwn = observer === own;
      if (isOwn && !wantsSelf) continue;
      yield* tell(new ContentObserverProxy(observer).onChangeEtc(isOwn, concerned, flags, userId));
    }
    yield* giveBack(own);
  }

  /** Each observer once, with its matching uris. */
  #concerned(uris: readonly string[]): { observer: IBinder; concerned: string[] }[] {
    const found = new Map<IBinder, Set<string>>();
    for (const entry of this.#entries) {
      for (const uri of uris) {
        if (!concerns(entry, uri)) continue;
        const concerned = found.get(entry.observer) ?? new Set();
        found.set(entry.observer, concerned.add(uri));
      }
    }
    return [...found].map(([observer, concerned]) => ({ observer, concerned: [...concerned] }));
  }

  *#forget(entry: Entry): Act<void> {
    if (!this.#entries.includes(entry)) return;
    this.#entries = this.#entries.filter((one) => one !== entry);
    const { observer, recipient } = entry;
    if (observer instanceof BpBinder && observer.isBinderAlive()) yield* observer.unlinkToDeath(recipient);
    yield* giveBack(observer);
  }
}

/** A change of a uri is a change of all uris below it. */
function concerns(entry: Entry, uri: string): boolean {
  return isWithin(entry.uri, uri) || (entry.notifyForDescendants && isWithin(uri, entry.uri));
}
