/**
 * ServiceDispatcher: one connection of an application to a service. It is called on any pool thread, and notifies the
 * application on its main thread. It links to the death of the service's process itself: ActivityManager does not report it.
 */
import { BpBinder } from '../binder/bpbinder.ts';
import type { DeathRecipient, IBinder } from '../binder/parcel.ts';
import { type Act, isAct } from '../sim/request.ts';
import type { ComponentName } from './component.ts';
import { ServiceConnectionStub } from './iserviceconnection.ts';
import type { Looper } from './looper.ts';
import { giveBack, tell } from './remote.ts';

/** An application's callbacks for a service; each may be a generator, and runs on the main thread. */
export interface ServiceConnection {
  /** @param service The result of the service's onBind; released when the connection ends. */
  onServiceConnected(name: ComponentName, service: IBinder): unknown;
  /** The service's process died; the service may return. */
  onServiceDisconnected?(name: ComponentName): unknown;
  /** The service's onBind returned null. */
  onNullBinding?(name: ComponentName): unknown;
}

export class ServiceDispatcher {
  /** The binder that ActivityManager calls. */
  readonly stub: ServiceConnectionStub;
  #service: IBinder | null = null;
  #recipient: DeathRecipient | null = null;
  #forgotten = false;

  constructor(
    private readonly connection: ServiceConnection,
    private readonly looper: Looper,
  ) {
    this.stub = new ServiceConnectionStub((name, service, dead) =>
      this.looper.post(() => this.#doConnected(name, service, dead)),
    );
  }

  /** The application has unbound: no more callbacks. On the main thread. */
  *doForget(): Act<void> {
    this.#forgotten = true;
    yield* this.#drop();
  }

  *#doConnected(name: ComponentName, service: IBinder | null, dead: boolean): Act<void> {
    if (this.#forgotten || (service !== null && service === this.#service)) {
      yield* giveBack(service);
      return;
    }
    const had = this.#service !== null;
    yield* this.#drop();
    if (had) yield* run(this.connection.onServiceDisconnected?.(name));
    if (service === null) {
      if (!dead) yield* run(this.connection.onNullBinding?.(name));
      return;
    }
    this.#service = service;
    if (!(yield* this.#watch(name, service))) return yield* this.#drop();
    yield* run(this.connection.onServiceConnected(name, service));
  }

  /** @returns Whether it is alive. */
  *#watch(name: ComponentName, service: IBinder): Act<boolean> {
    if (!(service instanceof BpBinder)) return true;
    const recipient = { binderDied: () => this.looper.post(() => this.#doDeath(name, service)) };
    const linked = yield* tell(service.linkToDeath(recipient));
    if (linked) this.#recipient = recipient;
    return linked;
  }

  *#doDeath(name: ComponentName, service: IBinder): Act<void> {
    if (this.#service !== service) return;
    yield* this.#drop();
    yield* run(this.connection.onServiceDisconnected?.(name));
  }

  *#drop(): Act<void> {
    const service = this.#service;
    const recipient = this.#recipient;
    this.#service = null;
    this.#recipient = null;
    if (service instanceof BpBinder && service.isBinderAlive() && recipient !== null)
      yield* service.unlinkToDeath(recipient);
    yield* giveBack(service);
  }
}

function* run(done: unknown): Act<void> {
  if (isAct(done)) yield* done;
}
