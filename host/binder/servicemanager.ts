/**
 * The service manager: the process behind handle 0, a directory of services by name. It has one thread and no pool. It rejects
 * bad names and calls by applications, drops services whose process dies, and notifies clients that wait for a name.
 *
 * Android's also stops unused services (registerClientCallback, tryUnregisterService) and answers questions about APEX
 * packages; here those methods are unknown.
 */
import type { Process } from '../os/process.ts';
import type { Device } from '../os/thread.ts';
import type { Act } from '../sim/request.ts';
import type { Simulation } from '../sim/simulation.ts';
import { checkForm, checkNames } from '../wire/forms.ts';
import { BpBinder } from './bpbinder.ts';
import { BnInterface, BpInterface } from './interface.ts';
import { IPCThreadState } from './ipcthreadstate.ts';
import {
  ADD_SERVICE_TRANSACTION,
  CHECK_SERVICE_TRANSACTION,
  DUMP_FLAG_PRIORITY_DEFAULT,
  GET_DECLARED_INSTANCES_TRANSACTION,
  GET_SERVICE_DEBUG_INFO_TRANSACTION,
  GET_SERVICE_TRANSACTION,
  IS_DECLARED_TRANSACTION,
  LIST_SERVICES_TRANSACTION,
  ON_REGISTRATION_TRANSACTION,
  REGISTER_FOR_NOTIFICATIONS_TRANSACTION,
  SERVICE_CALLBACK_DESCRIPTOR,
  SERVICE_MANAGER_DESCRIPTOR,
  UNREGISTER_FOR_NOTIFICATIONS_TRANSACTION,
} from './iservicemanager.ts';
import type { DeathRecipient, IBinder, Parcel } from './parcel.ts';
import { ProcessState } from './processstate.ts';
import { STABILITY_VINTF } from './stability.ts';
import { ServiceException, StatusError } from './status.ts';

interface Service {
  readonly binder: IBinder;
  readonly dumpPriority: number;
  /** Whether isolated processes may find it. */
  readonly allowIsolated: boolean;
  readonly pid: number;
  /** Receives its death notification; null for the manager's own. */
  readonly recipient: DeathRecipient | null;
}

/** A client that waits for a name. */
interface Waiter {
  readonly name: string;
  readonly callback: BpBinder;
  readonly recipient: DeathRecipient;
}

export interface ServiceManagerOptions {
  /** Names in the device's manifest: a service with VINTF stability must be among them. */
  readonly declared?: readonly string[];
}

const NAME = /^[A-Za-z0-9_./-]{1,127}$/;
const NAME_RULE = 'a name has 1 to 127 letters, digits and characters of "_./-"';
/** The manager's own name. */
const OWN_NAME = 'manager';
/** Distance of the uids of two users; offset of a user's first application, and of its first isolated process. */
const USER_UIDS = 100000;
const APP_UID_FIRST = 10000;
const ISOLATED_UID_FIRST = 90000;

export class ServiceManager extends BnInterface {
  readonly #services = new Map<string, Service>();
  readonly #declared: readonly string[];
  #waiters: Waiter[] = [];

  constructor(options: ServiceManagerOptions = {}) {
    super(SERVICE_MANAGER_DESCRIPTOR, {
      [GET_SERVICE_TRANSACTION]: (data, reply) => this.#find(data, reply),
      [CHECK_SERVICE_TRANSACTION]: (data, reply) => this.#find(data, reply),
      [ADD_SERVICE_TRANSACTION]: (data) => this.#add(data),
      [LIST_SERVICES_TRANSACTION]: (data, reply) => this.#list(data, reply),
      [REGISTER_FOR_NOTIFICATIONS_TRANSACTION]: (data) => this.#register(data),
      [UNREGISTER_FOR_NOTIFICATIONS_TRANSACTION]: (data) => this.#unregister(data),
      [IS_DECLARED_TRANSACTION]: (data, reply) => reply.writeBool(this.#declared.includes(data.readString16())),
      [GET_DECLARED_INSTANCES_TRANSACTION]: (data, reply) => this.#instances(data, reply),
      [GET_SERVICE_DEBUG_INFO_TRANSACTION]: (_, reply) => this.#debugInfo(reply),
    });
    checkNames('ServiceManager', options, ['declared']);
    this.#declared = options.declared ?? [];
  }

  /** Creates the process that runs it. Android has one for `binder`, and vndservicemanager for `vndbinder`. */
  static start(
    simulation: Simulation,
    {
      name = 'servicemanager',
      uid = 1000,
      device = 'binder',
      ...options
    }: { name?: string; uid?: number; device?: Device } & ServiceManagerOptions = {},
  ): Process {
    const { declared, ...others } = options;
    checkForm('ServiceManager.start', { name, uid, device, declared }, others);
    return simulation.process(name, () => new ServiceManager(options).#main(device), { uid });
  }

  /** The names of all services, sorted. */
  get names(): string[] {
    return [...this.#services.keys()].sort();
  }

  *#main(device: Device): Act<void> {
    const state = yield* ProcessState.initWithDriver(device);
    yield* state.setThreadPoolMaxThreadCount(0);
    // without security contexts the driver rejects calls to an object that asks for them
    this.requestingSid = state.process.namesSenders;
    yield* state.becomeContextManager(this);
    const { pid } = state.process;
    const dumpPriority = DUMP_FLAG_PRIORITY_DEFAULT;
    this.#services.set(OWN_NAME, { binder: this, dumpPriority, allowIsolated: false, pid, recipient: null });
    yield* (yield* IPCThreadState.self()).joinThreadPool();
  }

  *#find(data: Parcel, reply: Parcel): Act<void> {
    const service = this.#services.get(data.readString16());
    const uid = (yield* IPCThreadState.self()).getCallingUid();
    const hidden = service !== undefined && !service.allowIsolated && uid % USER_UIDS >= ISOLATED_UID_FIRST;
    reply.writeStrongBinder(hidden ? null : (service?.binder ?? null));
  }

  *#add(data: Parcel): Act<void> {
    const name = data.readString16();
    const binder = data.readNullableStrongBinder();
    const allowIsolated = data.readBool();
    const dumpPriority = data.readInt32();
    const ipc = yield* IPCThreadState.self();
    const refusal = this.#refusal(name, binder, ipc.getCallingUid());
    if (binder === null || refusal !== null) {
      if (binder instanceof BpBinder) yield* binder.release();
      throw refusal;
    }
    const recipient: DeathRecipient = { binderDied: () => this.#forget(name, recipient) };
    if (binder instanceof BpBinder) yield* binder.linkToDeath(recipient);
    const old = this.#services.get(name);
    this.#services.set(name, { binder, dumpPriority, allowIsolated, pid: ipc.getCallingPid(), recipient });
    if (old !== undefined) yield* this.#giveBack(old.binder, old.recipient);
    for (const waiter of this.#waiters) if (waiter.name === name) yield* this.#tell(waiter, binder);
  }

  #refusal(name: string, binder: IBinder | null, uid: number): ServiceException | null {
    if (uid % USER_UIDS >= APP_UID_FIRST) {
      return new ServiceException('SECURITY', `uid ${uid} is an application's, and may not add services`);
    }
    if (binder === null) return new ServiceException('ILLEGAL_ARGUMENT', 'null is no service');
    if (!NAME.test(name)) {
      return new ServiceException('ILLEGAL_ARGUMENT', `"${name}" cannot name a service: ${NAME_RULE}`);
    }
    if (binder.stability !== STABILITY_VINTF || this.#declared.includes(name)) return null;
    return new ServiceException('ILLEGAL_ARGUMENT', `"${name}" has VINTF stability, and no manifest declares it`);
  }

  #list(data: Parcel, reply: Parcel): void {
    const wanted = data.readInt32();
    const listed = this.names.filter((name) => ((this.#services.get(name)?.dumpPriority ?? 0) & wanted) !== 0);
    reply.writeString16Array(listed);
  }

  *#register(data: Parcel): Act<void> {
    const name = data.readString16();
    const callback = data.readStrongBinder();
    if (!(callback instanceof BpBinder)) throw new ServiceException('ILLEGAL_STATE', 'the manager does not wait');
    if (!NAME.test(name)) {
      yield* callback.release();
      throw new ServiceException('ILLEGAL_ARGUMENT', `"${name}" cannot name a service: ${NAME_RULE}`);
    }
    const waiter: Waiter = { name, callback, recipient: { binderDied: () => this.#dismiss(waiter) } };
    yield* callback.linkToDeath(waiter.recipient);
    this.#waiters.push(waiter);
    const service = this.#services.get(name);
    if (service !== undefined) yield* this.#tell(waiter, service.binder);
  }

  *#unregister(data: Parcel): Act<void> {
    const name = data.readString16();
    const callback = data.readStrongBinder();
    const waiter = this.#waiters.find((one) => one.name === name && one.callback === callback);
    if (callback instanceof BpBinder) yield* callback.release();
    if (waiter === undefined)
      throw new ServiceException('ILLEGAL_STATE', `no client waits for "${name}" with that callback`);
    yield* this.#dismiss(waiter);
  }

  *#tell({ name, callback }: Waiter, service: IBinder): Act<void> {
    try {
      const waiting = new BpInterface(callback, SERVICE_CALLBACK_DESCRIPTOR);
      yield* waiting.oneway(ON_REGISTRATION_TRANSACTION, (data) => data.writeString16(name).writeStrongBinder(service));
    } catch (error) {
      // a dead client waits no more: its death notification is on its way
      if (!(error instanceof StatusError)) throw error;
    }
  }

  *#dismiss(waiter: Waiter): Act<void> {
    this.#waiters = this.#waiters.filter((one) => one !== waiter);
    yield* this.#giveBack(waiter.callback, waiter.recipient);
  }

  #instances(data: Parcel, reply: Parcel): void {
    const prefix = `${data.readString16()}/`;
    const named = this.#declared.filter((name) => name.startsWith(prefix));
    reply.writeString16Array(named.map((name) => name.slice(prefix.length)));
  }

  #debugInfo(reply: Parcel): void {
    const services = [...this.#services].sort(([a], [b]) => (a < b ? -1 : 1));
    reply.writeParcelableArray(
      services.map(([name, { pid }]) => ({
        writeToParcel: (parcel) => parcel.writeStructured(() => parcel.writeString16(name).writeInt32(pid)),
      })),
    );
  }

  /** The process of a service died. */
  *#forget(name: string, recipient: DeathRecipient): Act<void> {
    const service = this.#services.get(name);
    if (service?.recipient !== recipient) return;
    this.#services.delete(name);
    yield* this.#giveBack(service.binder, recipient);
  }

  *#giveBack(binder: IBinder, recipient: DeathRecipient | null): Act<void> {
    if (!(binder instanceof BpBinder)) return;
    if (binder.isBinderAlive() && recipient !== null) yield* binder.unlinkToDeath(recipient);
    yield* binder.release();
  }
}
