/**
 * ActivityThread: the main thread of an application's process. ActivityManager's calls arrive as oneways on any pool thread;
 * each is posted to the main thread, which handles them in order.
 */
import { BnInterface } from '../binder/interface.ts';
import { defaultServiceManager } from '../binder/iservicemanager.ts';
import type { IBinder, Parcel } from '../binder/parcel.ts';
import { type Act, isAct } from '../sim/request.ts';
import { type ComponentName, readComponent } from './component.ts';
import { Context } from './context.ts';
import { ACTIVITY_SERVICE, ActivityManagerProxy } from './iactivitymanager.ts';
import {
  APPLICATION_THREAD_DESCRIPTOR,
  BIND_APPLICATION_TRANSACTION,
  SCHEDULE_BIND_SERVICE_TRANSACTION,
  SCHEDULE_CREATE_SERVICE_TRANSACTION,
  SCHEDULE_STOP_SERVICE_TRANSACTION,
  SCHEDULE_TRANSACTION_TRANSACTION,
  SCHEDULE_UNBIND_SERVICE_TRANSACTION,
} from './iapplicationthread.ts';
import { Looper } from './looper.ts';
import type { Packages, Service } from './packages.ts';
import { giveBack } from './remote.ts';

export class ActivityThread {
  /** Services by ActivityManager's tokens. */
  readonly #services = new Map<IBinder, Service>();
  readonly #context: Context;

  private constructor(
    private readonly packages: Packages,
    packageName: string,
    private readonly looper: Looper,
    activityManager: ActivityManagerProxy,
  ) {
    this.#context = new Context(packageName, activityManager, this.#applicationThread(), looper);
  }

  /** The main of every application. */
  static *main(packages: Packages, packageName: string, startSeq: number): Act<never> {
    const looper = yield* Looper.prepare();
    const manager = yield* (yield* defaultServiceManager()).waitForService(ACTIVITY_SERVICE);
    const thread = new ActivityThread(packages, packageName, looper, new ActivityManagerProxy(manager));
    yield* thread.#context.attach(startSeq);
    return yield* looper.loop();
  }

  #applicationThread(): BnInterface {
    return new BnInterface(APPLICATION_THREAD_DESCRIPTOR, {
      // the code of every package is loaded already, in Zygote
      [BIND_APPLICATION_TRANSACTION]: (data) => data.readString16(),
      [SCHEDULE_TRANSACTION_TRANSACTION]: (data) => {
        const name = readComponent(data);
        return this.looper.post(() => this.packages.activity(name)?.(this.#context));
      },
      [SCHEDULE_CREATE_SERVICE_TRANSACTION]: (data) => this.#post(data, (token, name) => this.#create(token, name)),
      [SCHEDULE_BIND_SERVICE_TRANSACTION]: (data) => this.#post(data, (token) => this.#bind(token)),
      [SCHEDULE_UNBIND_SERVICE_TRANSACTION]: (data) => this.#post(data, (token) => this.#unbind(token)),
      [SCHEDULE_STOP_SERVICE_TRANSACTION]: (data) => {
        const token = data.readStrongBinder();
        return this.looper.post(() => this.#stop(token));
      },
    });
  }

  #post(data: Parcel, handle: (token: IBinder, name: ComponentName) => Act<void>): Act<void> {
    const token = data.readStrongBinder();
    const name = readComponent(data);
    return this.looper.post(() => handle(token, name));
  }

  /** Holds the token while the service exists. */
  *#create(token: IBinder, name: ComponentName): Act<void> {
    const service = this.packages.service(name)?.();
    if (service === undefined) return yield* giveBack(token);
    this.#services.set(token, service);
    yield* run(service.onCreate?.(this.#context));
  }

  *#bind(token: IBinder): Act<void> {
    const service = this.#services.get(token);
    if (service !== undefined) {
      const answer = service.onBind(this.#context);
      const binder = isAct(answer) ? yield* answer : answer;
      yield* this.#context.activityManager.publishService(token, binder);
    }
    yield* giveBack(token);
  }

  *#unbind(token: IBinder): Act<void> {
    const service = this.#services.get(token);
    if (service !== undefined) {
      yield* run(service.onUnbind?.(this.#context));
      yield* this.#context.activityManager.unbindFinished(token);
    }
    yield* giveBack(token);
  }

  *#stop(token: IBinder): Act<void> {
    const service = this.#services.get(token);
    if (service !== undefined) {
      this.#services.delete(token);
      yield* run(service.onDestroy?.(this.#context));
      yield* giveBack(token);
    }
    yield* giveBack(token);
  }
}

function* run(done: unknown): Act<void> {
  if (isAct(done)) yield* done;
}
