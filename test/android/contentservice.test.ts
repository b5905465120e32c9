/** ContentService: who hears of which changes, and who does not any more. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ContentObserver } from '../../host/android/icontentobserver.ts';
import { ContentResolver } from '../../host/android/icontentservice.ts';
import { isWithin } from '../../host/android/uri.ts';
import { ProcessState } from '../../host/binder/processstate.ts';
import type { Act } from '../../host/sim/request.ts';
import { sys } from '../../host/sim/sys.ts';
import { messagesOf } from '../binder/world.ts';
import { worldWithAndroid } from './world.ts';

const test = suite('content service');

const PEOPLE = 'content://contacts/people';

/** Runs a program that has a pool and a resolver. */
function observe(program: (resolver: ContentResolver) => Act<void>) {
  const world = worldWithAndroid();
  world.sim.process('app', function* () {
    yield* (yield* ProcessState.self()).startThreadPool();
    yield* program(yield* ContentResolver.find());
  });
  world.sim.run();
  return world;
}

/** An observer that notes its name with what it hears. */
function noting(heard: string[], name: string): ContentObserver {
  return new ContentObserver((uris, selfChange) =>
    heard.push(`${name}: ${uris.join(' ')}${selfChange ? ' self' : ''}`),
  );
}

test('what lies below what', () => {
  assert.ok(isWithin(`${PEOPLE}/7`, PEOPLE));
  assert.ok(isWithin(PEOPLE, PEOPLE));
  assert.ok(isWithin(PEOPLE, 'content://contacts/'));
  assert.not.ok(isWithin(`${PEOPLE}2`, PEOPLE));
});

test('an observer hears of its own uri, of what contains it, and if it wants of what lies below', () => {
  const heard: string[] = [];
  observe(function* (resolver) {
    yield* resolver.registerContentObserver(PEOPLE, true, noting(heard, 'deep'));
    yield* resolver.registerContentObserver(PEOPLE, false, noting(heard, 'flat'));
    for (const uri of ['content://contacts', PEOPLE, `${PEOPLE}/7`, 'content://other']) {
      heard.push(uri);
      yield* resolver.notifyChange(uri);
      yield* sys.sleep(1);
    }
  });
  assert.equal(heard, [
    'content://contacts',
    'deep: content://contacts',
    'flat: content://contacts',
    PEOPLE,
    `deep: ${PEOPLE}`,
    `flat: ${PEOPLE}`,
    `${PEOPLE}/7`,
    `deep: ${PEOPLE}/7`,
    'content://other',
  ]);
});

test('one call tells of many changes, and an observer hears of them at once', () => {
  const heard: string[] = [];
  observe(function* (resolver) {
    yield* resolver.registerContentObserver(PEOPLE, true, noting(heard, 'all'));
    yield* resolver.notifyChange([`${PEOPLE}/1`, 'content://other', `${PEOPLE}/2`]);
    yield* sys.sleep(1);
  });
  assert.equal(heard, [`all: ${PEOPLE}/1 ${PEOPLE}/2`]);
});

test('who makes the change hears of it when it wants to', () => {
  const heard: string[] = [];
  observe(function* (resolver) {
    const own = noting(heard, 'own');
    yield* resolver.registerContentObserver(PEOPLE, true, own);
    yield* resolver.notifyChange(PEOPLE, own);
    yield* resolver.notifyChange(`${PEOPLE}/1`, own, { wantsSelf: true });
    yield* sys.sleep(1);
  });
  assert.equal(heard, [`own: ${PEOPLE}/1 self`]);
});

test('who has unregistered, or died, hears nothing and is forgotten', () => {
  const heard: string[] = [];
  const { machine, sim, android } = observe(function* (resolver) {
    const gone = noting(heard, 'gone');
    yield* resolver.registerContentObserver(PEOPLE, true, gone);
    yield* resolver.registerContentObserver(PEOPLE, true, noting(heard, 'there'));
    yield* resolver.unregisterContentObserver(gone);
    yield* resolver.notifyChange(PEOPLE);
    yield* sys.pause();
  });
  assert.equal(heard, [`there: ${PEOPLE}`]);
  assert.is(android.systemServer.contentService.observers, 1);
  machine.process('app').kill();
  sim.run();
  assert.is(android.systemServer.contentService.observers, 0);
  const server = machine.inspect.procs().find(({ pid }) => pid === machine.process('system_server').pid);
  assert.equal(
    server?.refs.map(({ desc }) => desc),
    [0],
  );
});

test('onChangeEtc, byte by byte', () => {
  const { machine } = observe(function* (resolver) {
    yield* resolver.registerContentObserver('content://a', true, noting([], 'a'));
    yield* resolver.notifyChange('content://a', null, { flags: 3 });
    yield* sys.sleep(1);
  });
  const pid = machine.process('system_server').pid;
  const sent = messagesOf(machine.journal.steps).find(
    ({ by, flags }) => by.startsWith(`binder:${pid}`) && (flags & 1) === 1,
  );
  const descriptor = Buffer.from('android.database.IContentObserver\0', 'utf16le').toString('hex');
  const uri = Buffer.from('content://a\0').toString('hex');
  assert.is(sent?.code, 2);
  assert.is(
    sent?.data,
    `00000080ffffffff5453595321000000${descriptor}000000000100000001000000010000000b000000${uri}0300000000000000`,
  );
});

test.run();
