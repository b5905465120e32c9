/** IServiceManager: the interface to register and find services, in Android 14's form. Owns its codes and the client's side. */

import type { Act } from '../sim/request.ts';
import { sys } from '../sim/sys.ts';
import type { Poll } from '../sim/thread.ts';
import { noted, noteMethods } from '../sim/unrun.ts';
import { BinderlabError } from '../wire/error.ts';
import { checkForm } from '../wire/forms.ts';
import { BnInterface, BpInterface } from './interface.ts';
import type { IBinder, Parcel } from './parcel.ts';
import { ProcessState } from './processstate.ts';

export const SERVICE_MANAGER_DESCRIPTOR = 'android.os.IServiceManager';
export const SERVICE_CALLBACK_DESCRIPTOR = 'android.os.IServiceCallback';

export const GET_SERVICE_TRANSACTION = 1;
export const CHECK_SERVICE_TRANSACTION = 2;
export const ADD_SERVICE_TRANSACTION = 3;
export const LIST_SERVICES_TRANSACTION = 4;
export const REGISTER_FOR_NOTIFICATIONS_TRANSACTION = 5;
export const UNREGISTER_FOR_NOTIFICATIONS_TRANSACTION = 6;
export const IS_DECLARED_TRANSACTION = 7;
export const GET_DECLARED_INSTANCES_TRANSACTION = 8;
export const GET_SERVICE_DEBUG_INFO_TRANSACTION = 14;

/** The only method of IServiceCallback; oneway. */
export const ON_REGISTRATION_TRANSACTION = 1;

/** Dump flags: a listing contains the services that share a bit with the given ones. */
export const DUMP_FLAG_PRIORITY_DEFAULT = 8;
export const DUMP_FLAG_PRIORITY_ALL = 15;

/** How long getService waits for a service, and the interval of its tries, in milliseconds. */
const GET_TIMEOUT_MS = 5000;
const GET_INTERVAL_MS = 100;
/** Interval of tries to find the service manager, in milliseconds. */
const MANAGER_INTERVAL_MS = 1000;
const MANAGER_POLL: Poll = {
  what: 'handle 0',
  cause: 'there is no context manager; ServiceManager.start(sim) makes a service manager',
  forever: true,
};
/** How long waitForService waits for a notification before it asks again, in milliseconds. */
const NOTIFICATION_INTERVAL_MS = 1000;

/** The process of a service. */
export interface ServiceDebugInfo {
  readonly name: string;
  readonly debugPid: number;
}

/** Receives notifications about registered services. */
export class ServiceCallback extends BnInterface {
  /** @param onRegistration Receives the name and the service, which it has to release. */
  constructor(onRegistration: (name: string, service: IBinder) => unknown) {
    super(SERVICE_CALLBACK_DESCRIPTOR, {
      [ON_REGISTRATION_TRANSACTION]: (data) => onRegistration(data.readString16(), data.readStrongBinder()),
    });
  }
}

export class ServiceManagerProxy extends BpInterface {
  constructor(remote: IBinder) {
    super(remote, SERVICE_MANAGER_DESCRIPTOR);
  }

  /** @returns null when no service has that name now. */
  *checkService(name: string): Act<IBinder | null> {
    return yield* this.#find(CHECK_SERVICE_TRANSACTION, name);
  }

  /**
   * Waits up to five seconds for a service.
   *
   * @throws BinderlabError when no such service appears.
   */
  *getService(name: string): Act<IBinder> {
    const start = yield* sys.now();
    let service = yield* this.checkService(name);
    while (service === null && (yield* sys.now()) - start < GET_TIMEOUT_MS) {
      yield* sys.sleep(GET_INTERVAL_MS);
      service = yield* this.checkService(name);
    }
    if (service !== null) return service;
    throw new BinderlabError(
      `no service "${name}" in ${GET_TIMEOUT_MS} ms; there are ${(yield* this.listServices()).join(', ') || 'none at all'}.`,
    );
  }

  /**
   * Waits for a service without a limit. The manager notifies it on a pool thread; in a process without a pool it asks again
   * once a second.
   */
  *waitForService(name: string): Act<IBinder> {
    let service = yield* this.#find(GET_SERVICE_TRANSACTION, name);
    if (service !== null) return service;
    let told: IBinder | null = null;
    const waiter = new ServiceCallback((_, binder) => {
      told = binder;
    });
    yield* this.registerForNotifications(name, waiter);
    const thread = yield* sys.self();
    thread.polls = {
      what: `the service "${name}"`,
      cause: 'no process has registered it; addService is an act, which "yield*" runs',
      forever: true,
    };
    try {
      while (service === null) {
        const came = yield* sys.until(() => told !== null, `the service "${name}"`, {
          timeoutMs: NOTIFICATION_INTERVAL_MS,
        });
        if (!came) yield* this.#complainOfWaiting(name);
        service = came ? told : yield* this.#find(GET_SERVICE_TRANSACTION, name);
      }
    } finally {
      thread.polls = null;
    }
    yield* this.unregisterForNotifications(name, waiter);
    return service;
  }

  /**
   * Registers a service; replaces one of the same name.
   *
   * @throws ServiceException when the manager rejects the name or the caller.
   */
  *addService(
    name: string,
    service: IBinder,
    { allowIsolated = false, dumpPriority = DUMP_FLAG_PRIORITY_DEFAULT, ...others } = {},
  ): Act<void> {
    checkForm('addService', { allowIsolated, dumpPriority }, others);
    yield* this.call(
      ADD_SERVICE_TRANSACTION,
      (data) => data.writeString16(name).writeStrongBinder(service).writeBool(allowIsolated).writeInt32(dumpPriority),
      () => {},
    );
  }

  /** @returns The names, sorted. */
  *listServices(dumpPriority = DUMP_FLAG_PRIORITY_ALL): Act<string[]> {
    return yield* this.call(
      LIST_SERVICES_TRANSACTION,
      (data) => data.writeInt32(dumpPriority),
      (reply) => (reply.readString16Array() ?? []).map((name) => name ?? ''),
    );
  }

  /** Calls `callback` with each service registered under that name, and with the present one. */
  *registerForNotifications(name: string, callback: IBinder): Act<void> {
    yield* this.#subscribe(REGISTER_FOR_NOTIFICATIONS_TRANSACTION, name, callback);
  }

  /** @throws ServiceException when the callback is not registered for that name. */
  *unregisterForNotifications(name: string, callback: IBinder): Act<void> {
    yield* this.#subscribe(UNREGISTER_FOR_NOTIFICATIONS_TRANSACTION, name, callback);
  }

  /** Whether the device's manifest declares it; it need not run. */
  *isDeclared(name: string): Act<boolean> {
    return yield* this.call(
      IS_DECLARED_TRANSACTION,
      (data) => data.writeString16(name),
      (reply) => reply.readBool(),
    );
  }

  /** The instances of an interface that the device's manifest declares. */
  *getDeclaredInstances(descriptor: string): Act<string[]> {
    return yield* this.call(
      GET_DECLARED_INSTANCES_TRANSACTION,
      (data) => data.writeString16(descriptor),
      (reply) => (reply.readString16Array() ?? []).map((name) => name ?? ''),
    );
  }

  /** All services with their processes, by name. */
  *getServiceDebugInfo(): Act<ServiceDebugInfo[]> {
    return yield* this.call(
      GET_SERVICE_DEBUG_INFO_TRANSACTION,
      () => {},
      (reply) => reply.readParcelableArray(debugInfoOf) ?? [],
    );
  }

  *#find(code: number, name: string): Act<IBinder | null> {
    return yield* this.call(
      code,
      (data) => data.writeString16(name),
      (reply) => reply.readNullableStrongBinder(),
    );
  }

  *#subscribe(code: number, name: string, callback: IBinder): Act<void> {
    yield* this.call(
      code,
      (data) => data.writeString16(name).writeStrongBinder(callback),
      () => {},
    );
  }

  *#complainOfWaiting(name: string): Act<void> {
    const { process, threadCount } = yield* ProcessState.self();
    const text = `waited a second for the service ${name}; threads in the pool: ${threadCount}`;
    process.log('warning', 'ServiceManager', text);
  }
}

function debugInfoOf(parcel: Parcel): ServiceDebugInfo {
  return parcel.readStructured(() => ({ name: parcel.readString16(), debugPid: parcel.readInt32() }));
}

/** The service manager's proxy in this process; waits until there is a service manager. */
export const defaultServiceManager = noted(connect, 'defaultServiceManager');

function* connect(): Act<ServiceManagerProxy> {
  const process = yield* ProcessState.self();
  const thread = yield* sys.self();
  try {
    for (;;) {
      const manager = yield* process.getContextObject();
      if (manager !== null) return new ServiceManagerProxy(manager);
      thread.polls = MANAGER_POLL;
      yield* sys.sleep(MANAGER_INTERVAL_MS);
    }
  } finally {
    thread.polls = null;
  }
}

noteMethods(ServiceManagerProxy.prototype);
