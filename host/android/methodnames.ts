/** The method names of interfaces' codes, for people. */
import { DUMP_TRANSACTION, INTERFACE_TRANSACTION, PING_TRANSACTION } from '../binder/bbinder.ts';
import * as manager from '../binder/iservicemanager.ts';
import { camelCase } from '../wire/text.ts';
import * as activityManager from './iactivitymanager.ts';
import * as applicationThread from './iapplicationthread.ts';
import * as contentObserver from './icontentobserver.ts';
import * as contentService from './icontentservice.ts';
import * as serviceConnection from './iserviceconnection.ts';

const EVERYWHERE: ReadonlyMap<number, string> = new Map([
  [PING_TRANSACTION, 'ping'],
  [INTERFACE_TRANSACTION, 'getInterfaceDescriptor'],
  [DUMP_TRANSACTION, 'dump'],
]);

const METHODS: ReadonlyMap<string, ReadonlyMap<number, string>> = new Map([
  [manager.SERVICE_MANAGER_DESCRIPTOR, methodsOf(manager)],
  [activityManager.ACTIVITY_MANAGER_DESCRIPTOR, methodsOf(activityManager)],
  [applicationThread.APPLICATION_THREAD_DESCRIPTOR, methodsOf(applicationThread)],
  [contentObserver.CONTENT_OBSERVER_DESCRIPTOR, methodsOf(contentObserver)],
  [contentService.CONTENT_SERVICE_DESCRIPTOR, methodsOf(contentService)],
  [serviceConnection.SERVICE_CONNECTION_DESCRIPTOR, methodsOf(serviceConnection)],
]);

/** `IContentService.notifyChange`; `lab.IThing code 3` for an unknown name. @param descriptor null: no interface token. */
export function methodName(descriptor: string | null, code: number): string {
  const everywhere = EVERYWHERE.get(code);
  if (everywhere !== undefined) return everywhere;
  if (descriptor === null) return `code ${code}`;
  const method = METHODS.get(descriptor)?.get(code);
  const short = descriptor.slice(descriptor.lastIndexOf('.') + 1);
  return method === undefined ? `${short} code ${code}` : `${short}.${method}`;
}

/** BIND_SERVICE_TRANSACTION becomes bindService: an interface's constants name its methods. */
function methodsOf(constants: Readonly<Record<string, unknown>>): Map<number, string> {
  const methods = new Map<number, string>();
  for (const [name, code] of Object.entries(constants)) {
    if (typeof code !== 'number' || !name.endsWith('_TRANSACTION')) continue;
    const words = name.slice(0, -'_TRANSACTION'.length).toLowerCase();
    methods.set(code, camelCase(words));
  }
  return methods;
}
