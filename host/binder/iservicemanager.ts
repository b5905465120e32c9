/** IServiceManager: the interface by which services are found. Owns its codes, and the client's side. */
import { BinderlabError } from '../kernel/error.ts';
import type { Act } from '../sim/request.ts';
import { sys } from '../sim/sys.ts';
import { BpInterface } from './interface.ts';
import type { IBinder } from './parcel.ts';
import { ProcessState } from './processstate.ts';

export const SERVICE_MANAGER_DESCRIPTOR = 'android.os.IServiceManager';

export const GET_SERVICE_TRANSACTION = 1;
export const CHECK_SERVICE_TRANSACTION = 2;
export const ADD_SERVICE_TRANSACTION = 3;
export const LIST_SERVICES_TRANSACTION = 4;

/** Bits that tell when a service's state is dumped; a listing names those that share a bit with it. */
export const DUMP_FLAG_PRIORITY_DEFAULT = 8;
export const DUMP_FLAG_PRIORITY_ALL = 15;

/** How long getService waits for a service, and how often it looks, in milliseconds. */
const GET_TIMEOUT_MS = 5000;
const GET_INTERVAL_MS = 100;
/** How long one waits before one looks for the service manager again, in milliseconds. */
const MANAGER_INTERVAL_MS = 1000;

export class ServiceManagerProxy extends BpInterface {
  constructor(remote: IBinder) {
    super(remote, SERVICE_MANAGER_DESCRIPTOR);
  }

  /** @returns null when there is no service of that name at the moment. */
  *checkService(name: string): Act<IBinder | null> {
    return yield* this.#find(CHECK_SERVICE_TRANSACTION, name);
  }

  /**
   * Waits up to five seconds for a service.
   *
   * @throws BinderlabError when there is none of that name by then.
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

  /** Waits for a service however long it takes. */
  *waitForService(name: string): Act<IBinder> {
    for (;;) {
      const service = yield* this.#find(GET_SERVICE_TRANSACTION, name);
      if (service !== null) return service;
      yield* sys.sleep(MANAGER_INTERVAL_MS);
    }
  }

  /**
   * Registers a service; one of the same name is replaced.
   *
   * @throws ServiceException when the manager refuses: the name, or who asks.
   */
  *addService(
    name: string,
    service: IBinder,
    { allowIsolated = false, dumpPriority = DUMP_FLAG_PRIORITY_DEFAULT } = {},
  ): Act<void> {
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

  *#find(code: number, name: string): Act<IBinder | null> {
    return yield* this.call(
      code,
      (data) => data.writeString16(name),
      (reply) => reply.readNullableStrongBinder(),
    );
  }
}

/** The service manager, as this process sees it; waits for it as long as there is none. */
export function* defaultServiceManager(): Act<ServiceManagerProxy> {
  const process = yield* ProcessState.self();
  for (;;) {
    const manager = yield* process.getContextObject();
    if (manager !== null) return new ServiceManagerProxy(manager);
    yield* sys.sleep(MANAGER_INTERVAL_MS);
  }
}
