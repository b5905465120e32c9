/**
 * ContentService: a change is one synchronous call, and becomes a oneway to each observer concerned. The process that makes the
 * change waits for no observer, and a slow observer delays only itself.
 *
 *     binderlab run examples/content-service.ts --strace
 */
import { Android, assert, CallLog, ContentObserver, ContentResolver, type Machine, ProcessState, sys } from 'binderlab';

const PEOPLE = 'content://contacts/people';
const SLOW_MS = 100;

interface Heard {
  who: string;
  uri: string;
  ms: number;
}

/** Observes a uri, and needs some time for each change. */
function* observer(who: string, uri: string, ms: number, heard: Heard[], ready: Set<string>) {
  yield* (yield* ProcessState.self()).startThreadPool();
  const observer = new ContentObserver(function* ([changed = '']) {
    heard.push({ who, uri: changed, ms: yield* sys.now() });
    yield* sys.sleep(ms);
  });
  yield* (yield* ContentResolver.find()).registerContentObserver(uri, true, observer);
  ready.add(who);
  yield* sys.pause();
}

/** Announces two changes. @param waited Receives how long that took. */
function* writer(observers: number, ready: Set<string>, log: CallLog, waited: number[]) {
  yield* sys.until(() => ready.size === observers, 'all observers');
  const resolver = yield* ContentResolver.find();
  log.clear();
  const start = yield* sys.now();
  yield* resolver.notifyChange(`${PEOPLE}/7`);
  yield* resolver.notifyChange(`${PEOPLE}/8`);
  waited.push(start, (yield* sys.now()) - start);
}

export default (machine: Machine) => {
  const heard: Heard[] = [];
  const ready = new Set<string>();
  const waited: number[] = [];
  const log = new CallLog(machine);
  const sim = machine.simulate();
  const android = Android.start(sim);
  const wanted: [who: string, uri: string, ms: number][] = [
    ['dialer', PEOPLE, 0],
    ['search', 'content://contacts', SLOW_MS],
    ['person7', `${PEOPLE}/7`, 0],
    ['calendar', 'content://calendar', 0],
  ];
  for (const [who, uri, ms] of wanted) sim.process(who, () => observer(who, uri, ms, heard, ready), { uid: 10001 });
  sim.process('writer', () => writer(wanted.length, ready, log, waited), { uid: 10002 });
  sim.run();

  const [start = 0, took = 0] = waited;
  const told = (who: string) =>
    heard.filter((one) => one.who === who).map(({ uri, ms }) => `${uri.slice(-1)} after ${ms - start} ms`);
  const sync = log.calls.filter(({ method }) => method === 'IContentService.notifyChange');
  const fanOut = log.calls.filter(({ method }) => method === 'IContentObserver.onChangeEtc');
  assert(android.systemServer.contentService.observers === 4, 'four observers are registered');
  assert(
    sync.length === 2 && sync.every(({ oneway }) => !oneway),
    'a change is one call, which waits for ContentService',
  );
  assert(fanOut.length === 5 && fanOut.every(({ oneway }) => oneway), 'it becomes oneways, one an observer');
  assert(took === 0, 'the process that makes the change waits for no observer');
  assert(told('dialer').join() === '7 after 0 ms,8 after 0 ms', 'an observer gets changes below its uri');
  assert(told('search').join() === `7 after 0 ms,8 after ${SLOW_MS} ms`, 'a slow observer gets the second change late');
  assert(told('person7').join() === '7 after 0 ms', 'an observer of one person gets no other');
  assert(told('calendar').length === 0, 'an observer of another uri gets nothing');

  console.log(`writer: ${sync.length} changes in ${took} ms, each a ${sync[0]?.method}`);
  console.log(`system_server: ${fanOut.length} x ${fanOut[0]?.method}, oneway`);
  for (const [who, uri] of wanted)
    console.log(`${who.padEnd(8)} observes ${uri.padEnd(27)} gets ${told(who).join(', ') || 'nothing'}`);
};
