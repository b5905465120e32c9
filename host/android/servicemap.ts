/** ServiceMap: the bound services, by component; and their clients, by connection. */
import type { IBinder } from '../binder/parcel.ts';
import { type ComponentName, componentText } from './component.ts';
import type { ProcessRecord } from './processrecord.ts';
import { ConnectionRecord, ServiceRecord } from './servicerecord.ts';

export class ServiceMap {
  readonly #byComponent = new Map<string, ServiceRecord>();
  readonly #connections = new Map<IBinder, ConnectionRecord>();

  get services(): readonly ServiceRecord[] {
    return [...this.#byComponent.values()];
  }

  /** Services that run in a process, or will. */
  servicesIn(app: ProcessRecord): ServiceRecord[] {
    return this.services.filter((service) => service.app === app);
  }

  /** The record of a service; created when missing. */
  retrieve(component: ComponentName): ServiceRecord {
    const key = componentText(component);
    const record = this.#byComponent.get(key) ?? new ServiceRecord(component);
    this.#byComponent.set(key, record);
    return record;
  }

  /** Whether the record belongs to a bound service. */
  has(token: IBinder): token is ServiceRecord {
    return token instanceof ServiceRecord && this.#byComponent.get(componentText(token.component)) === token;
  }

  remove(record: ServiceRecord): void {
    if (this.has(record)) this.#byComponent.delete(componentText(record.component));
  }

  connection(binder: IBinder): ConnectionRecord | undefined {
    return this.#connections.get(binder);
  }

  connect(service: ServiceRecord, client: ProcessRecord, binder: IBinder, flags: number): ConnectionRecord {
    const connection = new ConnectionRecord(service, client, binder, flags);
    service.connections.set(binder, connection);
    this.#connections.set(binder, connection);
    return connection;
  }

  disconnect({ service, binder }: ConnectionRecord): void {
    service.connections.delete(binder);
    this.#connections.delete(binder);
  }

  connectionsOf(client: ProcessRecord): ConnectionRecord[] {
    return [...this.#connections.values()].filter((connection) => connection.client === client);
  }
}
