/**
 * The service manager: the process behind handle 0, which knows services by name. One thread, no pool. It refuses bad
 * names and applications, and forgets services whose process dies.
 */
import type { Process } from '../kernel/process.ts';
import type { Act } from '../sim/request.ts';
import type { Simulation } from '../sim/simulation.ts';
import { BpBinder, type DeathRecipient } from './bpbinder.ts';
import { BnInterface } from './interface.ts';
import { IPCThreadState } from './ipcthreadstate.ts';
import {
  ADD_SERVICE_TRANSACTION,
  CHECK_SERVICE_TRANSACTION,
  DUMP_FLAG_PRIORITY_DEFAULT,
  GET_SERVICE_TRANSACTION,
  LIST_SERVICES_TRANSACTION,
  SERVICE_MANAGER_DESCRIPTOR,
} from './iservicemanager.ts';
import type { IBinder, Parcel } from './parcel.ts';
import { ProcessState } from './processstate.ts';
import { ServiceException } from './status.ts';

interface Service {
  readonly binder: IBinder;
  readonly dumpPriority: number;
  /** Takes the news of its death; null for the manager's own. */
  readonly recipient: DeathRecipient | null;
}

const NAME = /^[A-Za-z0-9_./-]{1,127}$/;
/** The name by which the manager itself is found. */
const OWN_NAME = 'manager';
/** Users are this many uids apart, and applications begin at this uid of each user. */
const USER_UIDS = 100000;
const APP_UID_FIRST = 10000;

export class ServiceManager extends BnInterface {
  readonly #services = new Map<string, Service>();

  constructor() {
    super(SERVICE_MANAGER_DESCRIPTOR, {
      [GET_SERVICE_TRANSACTION]: (data, reply) => this.#find(data, reply),
      [CHECK_SERVICE_TRANSACTION]: (data, reply) => this.#find(data, reply),
      [ADD_SERVICE_TRANSACTION]: (data) => this.#add(data),
      [LIST_SERVICES_TRANSACTION]: (data, reply) => this.#list(data, reply),
    });
    this.#services.set(OWN_NAME, { binder: this, dumpPriority: DUMP_FLAG_PRIORITY_DEFAULT, recipient: null });
  }

  /** Makes the process that runs it. */
  static start(simulation: Simulation, { name = 'servicemanager', uid = 1000 } = {}): Process {
    return simulation.process(name, () => new ServiceManager().#main(), { uid });
  }

  /** The names of all services, sorted. */
  get names(): string[] {
    return [...this.#services.keys()].sort();
  }

  *#main(): Act<void> {
    const process = yield* ProcessState.self();
    yield* process.setThreadPoolMaxThreadCount(0);
    yield* process.becomeContextManager(this);
    yield* (yield* IPCThreadState.self()).joinThreadPool();
  }

  #find(data: Parcel, reply: Parcel): void {
    reply.writeStrongBinder(this.#services.get(data.readString16())?.binder ?? null);
  }

  *#add(data: Parcel): Act<void> {
    const name = data.readString16();
    const binder = data.readNullableStrongBinder();
    data.readBool();
    const dumpPriority = data.readInt32();
    const refusal = this.#refusal(name, binder, (yield* IPCThreadState.self()).getCallingUid());
    if (binder === null || refusal !== null) {
      if (binder instanceof BpBinder) yield* binder.release();
      throw refusal;
    }
    const recipient: DeathRecipient = { binderDied: () => this.#forget(name, recipient) };
    if (binder instanceof BpBinder) yield* binder.linkToDeath(recipient);
    const old = this.#services.get(name);
    this.#services.set(name, { binder, dumpPriority, recipient });
    if (old !== undefined) yield* this.#giveBack(old);
  }

  #refusal(name: string, binder: IBinder | null, uid: number): ServiceException | null {
    if (uid % USER_UIDS >= APP_UID_FIRST) {
      return new ServiceException('SECURITY', `uid ${uid} is an application's, and may not add services`);
    }
    if (binder === null) return new ServiceException('ILLEGAL_ARGUMENT', 'null is no service');
    if (NAME.test(name)) return null;
    const rule = 'a name has 1 to 127 letters, digits and characters of "_./-"';
    return new ServiceException('ILLEGAL_ARGUMENT', `"${name}" cannot name a service: ${rule}`);
  }

  #list(data: Parcel, reply: Parcel): void {
    const wanted = data.readInt32();
    const listed = this.names.filter((name) => ((this.#services.get(name)?.dumpPriority ?? 0) & wanted) !== 0);
    reply.writeString16Array(listed);
  }

  /** The process of a service has died. */
  *#forget(name: string, recipient: DeathRecipient): Act<void> {
    const service = this.#services.get(name);
    if (service?.recipient !== recipient) return;
    this.#services.delete(name);
    yield* this.#giveBack(service);
  }

  *#giveBack({ binder, recipient }: Service): Act<void> {
    if (!(binder instanceof BpBinder)) return;
    if (binder.alive && recipient !== null) yield* binder.unlinkToDeath(recipient);
    yield* binder.release();
  }
}
