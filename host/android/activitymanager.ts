/**
 * ActivityManager: the service that starts applications' processes and binds their services. It runs on the pool threads of
 * the system server; its monitor admits one thread at a time.
 *
 *     client            ActivityManager                           process of the service
 *     bindService  -->  ServiceMap, Zygote if there is no process
 *                       <--------------------- attachApplication  (a new process)
 *                       scheduleCreateService, scheduleBindService -->            oneway
 *                       <------------------------ publishService  what onBind returned
 *     connected    <--  oneway
 */
import { BpBinder } from '../binder/bpbinder.ts';
import { BnInterface } from '../binder/interface.ts';
import { IPCThreadState } from '../binder/ipcthreadstate.ts';
import type { IBinder, Parcel } from '../binder/parcel.ts';
import { ProcessState } from '../binder/processstate.ts';
import { ServiceException } from '../binder/status.ts';
import type { Act } from '../sim/request.ts';
import { sys } from '../sim/sys.ts';
import { type ComponentName, readComponent } from './component.ts';
import {
  ACTIVITY_MANAGER_DESCRIPTOR,
  ATTACH_APPLICATION_TRANSACTION,
  BIND_AUTO_CREATE,
  BIND_SERVICE_TRANSACTION,
  PUBLISH_SERVICE_TRANSACTION,
  START_ACTIVITY_TRANSACTION,
  START_CLASS_NOT_FOUND,
  START_SUCCESS,
  UNBIND_FINISHED_TRANSACTION,
  UNBIND_SERVICE_TRANSACTION,
} from './iactivitymanager.ts';
import { ApplicationThreadProxy } from './iapplicationthread.ts';
import { Monitor } from './monitor.ts';
import type { Packages } from './packages.ts';
import type { ProcessList } from './processlist.ts';
import type { ProcessRecord } from './processrecord.ts';
import { giveBack, tell } from './remote.ts';
import { ServiceMap } from './servicemap.ts';
import type { ConnectionRecord, ServiceRecord } from './servicerecord.ts';
import { ZygoteError } from './zygoteprocess.ts';

/** Delay between a process's death and the restart of its bound services, in milliseconds. */
export const SERVICE_RESTART_DURATION = 1000;
/** Results of bindService. */
const BOUND = 1;
const NOT_FOUND = 0;

export class ActivityManager extends BnInterface {
  readonly #monitor = new Monitor('ActivityManager');
  readonly #map = new ServiceMap();

  /** @internal */ constructor(
    private readonly packages: Packages,
    private readonly processes: ProcessList,
  ) {
    super(ACTIVITY_MANAGER_DESCRIPTOR, {
      [ATTACH_APPLICATION_TRANSACTION]: (data) => this.#attachApplication(data),
      [START_ACTIVITY_TRANSACTION]: (data, reply) => this.#startActivity(data, reply),
      [BIND_SERVICE_TRANSACTION]: (data, reply) => this.#bindService(data, reply),
      [UNBIND_SERVICE_TRANSACTION]: (data, reply) => this.#unbindService(data, reply),
      [PUBLISH_SERVICE_TRANSACTION]: (data) => this.#publishService(data),
      [UNBIND_FINISHED_TRANSACTION]: (data) => this.#inside(() => this.#unbindFinished(data.readStrongBinder())),
    });
  }

  /** The bound services. */
  get services(): readonly ServiceRecord[] {
    return this.#map.services;
  }

  #inside<T>(body: () => Act<T>): Act<T> {
    return this.#monitor.synchronized(body);
  }

  *#attachApplication(data: Parcel): Act<void> {
    const application = data.readStrongBinder();
    const startSeq = Number(data.readInt64());
    const pid = (yield* IPCThreadState.self()).getCallingPid();
    yield* this.#inside(() => this.#attach(application, pid, startSeq));
  }

  *#attach(application: IBinder, pid: number, startSeq: number): Act<void> {
    const app = this.processes.byPid(pid);
    if (app === undefined || app.startSeq !== startSeq || app.thread !== null) {
      yield* giveBack(application);
      throw new ServiceException('SECURITY', `process ${pid} is not one that ActivityManager waits for`);
    }
    const recipient = { binderDied: () => this.#inside(() => this.#appDied(app)) };
    app.attach(application, recipient);
    if (application instanceof BpBinder) yield* tell(application.linkToDeath(recipient));
    yield* tell(new ApplicationThreadProxy(application).bindApplication(app.packageName));
    for (const activity of app.pendingActivities.splice(0)) yield* this.#launch(app, activity);
    for (const service of this.#map.servicesIn(app)) yield* this.#realStartService(service);
  }

  *#startActivity(data: Parcel, reply: Parcel): Act<void> {
    data.readNullableString16();
    const activity = readComponent(data);
    reply.writeInt32(yield* this.#inside(() => this.#startIn(activity)));
  }

  *#startIn(activity: ComponentName): Act<number> {
    if (this.packages.activity(activity) === undefined) return START_CLASS_NOT_FOUND;
    const app = yield* this.#startProcess(activity.package);
    if (app === null) return START_CLASS_NOT_FOUND;
    if (app.thread === null) app.pendingActivities.push(activity);
    else yield* this.#launch(app, activity);
    return START_SUCCESS;
  }

  *#launch(app: ProcessRecord, activity: ComponentName): Act<void> {
    if (app.thread !== null) yield* tell(app.thread.scheduleTransaction(activity));
  }

  *#bindService(data: Parcel, reply: Parcel): Act<void> {
    const application = data.readStrongBinder();
    const component = readComponent(data);
    const connection = data.readStrongBinder();
    const flags = data.readInt32();
    const pid = (yield* IPCThreadState.self()).getCallingPid();
    // the process is known by its pid: its thread object is not needed again
    yield* giveBack(application);
    reply.writeInt32(yield* this.#inside(() => this.#bind(pid, component, connection, flags)));
  }

  *#bind(pid: number, component: ComponentName, binder: IBinder, flags: number): Act<number> {
    const client = this.processes.byPid(pid);
    if (client === undefined) {
      yield* giveBack(binder);
      throw new ServiceException('SECURITY', `process ${pid} binds a service, and is no application`);
    }
    if (this.packages.service(component) === undefined || this.#map.connection(binder) !== undefined) {
      yield* giveBack(binder);
      return NOT_FOUND;
    }
    const service = this.#map.retrieve(component);
    const connection = this.#map.connect(service, client, binder, flags);
    if (service.published) {
      yield* this.#tellConnected(connection);
    } else if (service.created) {
      yield* this.#requestBinding(service);
    } else if ((flags & BIND_AUTO_CREATE) !== 0 && !(yield* this.#bringUp(service))) {
      yield* this.#removeConnection(connection);
      return NOT_FOUND;
    }
    return BOUND;
  }

  /** Runs a service: at once when its process exists, otherwise when the new one attaches. */
  *#bringUp(service: ServiceRecord): Act<boolean> {
    const app = yield* this.#startProcess(service.component.package);
    if (app === null) return false;
    service.app = app;
    yield* this.#realStartService(service);
    return true;
  }

  /** @returns null when Zygote creates none. */
  *#startProcess(packageName: string): Act<ProcessRecord | null> {
    try {
      return yield* this.processes.startProcess(packageName);
    } catch (error) {
      if (error instanceof ZygoteError) return null;
      throw error;
    }
  }

  *#realStartService(service: ServiceRecord): Act<void> {
    const thread = service.app?.thread;
    if (thread === null || thread === undefined || service.created) return;
    service.created = true;
    yield* tell(thread.scheduleCreateService(service, service.component));
    yield* this.#requestBinding(service);
  }

  *#requestBinding(service: ServiceRecord): Act<void> {
    const thread = service.app?.thread;
    if (thread === null || thread === undefined || service.requested) return;
    service.requested = true;
    yield* tell(thread.scheduleBindService(service, service.component));
  }

  *#publishService(data: Parcel): Act<void> {
    const token = data.readStrongBinder();
    const binder = data.readNullableStrongBinder();
    const pid = (yield* IPCThreadState.self()).getCallingPid();
    yield* this.#inside(() => this.#publish(token, binder, pid));
  }

  *#publish(token: IBinder, binder: IBinder | null, pid: number): Act<void> {
    if (!this.#map.has(token) || token.app?.pid !== pid || token.published) {
      // it was unbound since, or belongs to another process
      yield* giveBack(token, binder);
      return;
    }
    token.binder = binder;
    token.published = true;
    for (const connection of token.connections.values()) yield* this.#tellConnected(connection);
  }

  *#tellConnected({ proxy, service }: ConnectionRecord): Act<void> {
    yield* tell(proxy.connected(service.component, service.binder, false));
  }

  *#unbindService(data: Parcel, reply: Parcel): Act<void> {
    const binder = data.readStrongBinder();
    reply.writeBool(yield* this.#inside(() => this.#unbind(binder)));
    yield* giveBack(binder);
  }

  *#unbind(binder: IBinder): Act<boolean> {
    const connection = this.#map.connection(binder);
    if (connection === undefined) return false;
    yield* this.#removeConnection(connection);
    return true;
  }

  /** Stops a service without bindings. */
  *#removeConnection(connection: ConnectionRecord): Act<void> {
    const { service } = connection;
    this.#map.disconnect(connection);
    yield* giveBack(connection.binder);
    if (service.connections.size > 0) return;
    const { app, component, requested, created } = service;
    this.#map.remove(service);
    if (app?.thread !== null && app?.thread !== undefined) {
      if (requested) yield* tell(app.thread.scheduleUnbindService(service, component));
      if (created) yield* tell(app.thread.scheduleStopService(service));
    }
    yield* giveBack(service.reset());
  }

  *#unbindFinished(token: IBinder): Act<void> {
    yield* giveBack(token);
  }

  /** The process of an application died: drops its connections, and restarts its bound services. */
  *#appDied(app: ProcessRecord): Act<void> {
    this.processes.remove(app);
    for (const connection of this.#map.connectionsOf(app)) yield* this.#removeConnection(connection);
    for (const service of this.#map.servicesIn(app)) {
      yield* giveBack(service.reset());
      yield* this.#scheduleRestart(service);
    }
    const thread = app.thread;
    app.thread = null;
    yield* giveBack(thread?.remote ?? null);
  }

  *#scheduleRestart(service: ServiceRecord): Act<void> {
    const restart = () => this.#inside(() => this.#restart(service));
    yield* sys.spawn(function* () {
      yield* ProcessState.self();
      yield* sys.sleep(SERVICE_RESTART_DURATION);
      yield* restart();
    });
  }

  *#restart(service: ServiceRecord): Act<void> {
    const wanted = [...service.connections.values()].some(({ flags }) => (flags & BIND_AUTO_CREATE) !== 0);
    if (wanted && service.app === null) yield* this.#bringUp(service);
  }
}
