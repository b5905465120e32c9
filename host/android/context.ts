/** Context: an application's access to the system. Its methods are called on the main thread. */
import type { BBinder } from '../binder/bbinder.ts';
import type { Act } from '../sim/request.ts';
import { BinderlabError } from '../wire/error.ts';
import { type ComponentName, componentOf, componentText } from './component.ts';
import { type ActivityManagerProxy, BIND_AUTO_CREATE } from './iactivitymanager.ts';
import type { Looper } from './looper.ts';
import { type ServiceConnection, ServiceDispatcher } from './servicedispatcher.ts';

export class Context {
  readonly #dispatchers = new Map<ServiceConnection, ServiceDispatcher>();

  constructor(
    readonly packageName: string,
    readonly activityManager: ActivityManagerProxy,
    /** The process's interface for ActivityManager. */
    private readonly application: BBinder,
    /** The main thread's looper. */
    readonly looper: Looper,
  ) {}

  /** Attaches the process to ActivityManager, which asked for it under that number. */
  *attach(startSeq: number): Act<void> {
    yield* this.activityManager.attachApplication(this.application, startSeq);
  }

  /**
   * Binds a service; `connection` is notified whenever it becomes available.
   *
   * @param service `package/class`, or a class of this package that begins with a dot.
   * @returns Whether such a service exists.
   */
  *bindService(service: string | ComponentName, connection: ServiceConnection, flags = BIND_AUTO_CREATE): Act<boolean> {
    const name = this.#componentOf(service);
    if (this.#dispatchers.has(connection)) {
      throw new BinderlabError(`this connection is bound already: ${componentText(name)} takes one of its own`);
    }
    const dispatcher = new ServiceDispatcher(connection, this.looper);
    this.#dispatchers.set(connection, dispatcher);
    const bound = yield* this.activityManager.bindService(this.application, name, dispatcher.stub, flags);
    if (!bound) this.#dispatchers.delete(connection);
    return bound;
  }

  /** @throws BinderlabError when the connection is not bound. */
  *unbindService(connection: ServiceConnection): Act<void> {
    const dispatcher = this.#dispatchers.get(connection);
    if (dispatcher === undefined) throw new BinderlabError('this connection is not bound: it cannot be unbound');
    this.#dispatchers.delete(connection);
    yield* dispatcher.doForget();
    yield* this.activityManager.unbindService(dispatcher.stub);
  }

  /** @returns Whether such an activity exists. */
  *startActivity(activity: string | ComponentName): Act<boolean> {
    return (yield* this.activityManager.startActivity(this.#componentOf(activity), this.packageName)) >= 0;
  }

  #componentOf(name: string | ComponentName): ComponentName {
    if (typeof name !== 'string') return name;
    return componentOf(name.startsWith('.') ? `${this.packageName}/${name}` : name);
  }
}
