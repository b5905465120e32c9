/** setresuid: root may become anybody, and nobody else anybody but himself. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EPERM } from '../../assembly/abi/errno.ts';
import { TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import { bc } from '../../host/index.ts';
import { boot, meet } from '../inspect/machines.ts';

const UNCHANGED = 0xffffffff;

const test = suite('credentials');

test('only root may become another', () => {
  const app = boot().spawn('app').main;
  assert.is(app.sys.setUid(1000), 0);
  assert.is(app.sys.setUid(1000), 0);
  assert.is(app.sys.setUid(1001), -EPERM);
  assert.is(app.sys.setUid(0), -EPERM);
  assert.is(app.sys.setUid(UNCHANGED), 0);
  assert.is(app.home.uid, 1000);
});

test('a refusal leaves the sender of messages who he was', () => {
  const { manager, managerFd, app, appFd } = meet(boot());
  manager.signal(); // it sleeps in a read
  app.setUid(1000);
  app.sys.setUid(0);
  app.writeRead(appFd, [bc.transaction({ handle: 0, flags: TF_ONE_WAY })]);
  assert.is(manager.wait(managerFd).expect('BR_TRANSACTION').senderEuid, 1000);
});

test.run();
