/**
 * A new strategy is one file and one case of the switch. The one made here, `ahead`, brings pages four at a time and
 * keeps them; the guest is compiled with it, and a message goes through a mapping of it.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MAP_FIXED_NOREPLACE, MAP_PRIVATE, MAP_STRATEGY_SHIFT } from '../../assembly/abi/machine.ts';
import { messageOf } from '../../host/compare/peers.ts';
import { bc, Machine } from '../../host/index.ts';
import { MAPPED, messageBytes, PAGE } from './pair.ts';

const ROOT = join(import.meta.dirname, '../../..');
const NUMBER = 7;

const AHEAD = `
import { Area, areaPage, Strategy } from './area';
import { funcref } from '../lib/funcref';
import { ownPageDrop, ownPageInstall } from './ownpage';

const record = changetype<Strategy>(memory.data(offsetof<Strategy>(), 8));

export function aheadStrategy(): Strategy {
  record.number = ${NUMBER};
  record.eager = true;
  record.install = funcref(changetype<usize>(install));
  record.kmaps = true;
  record.drop = funcref(changetype<usize>(ownPageDrop));
  return record;
}

function install(area: Area, index: i32): i32 {
  let error = 0;
  for (let page = index; page < min(index + 4, area.pageCount) && !error; page++) {
    if (!areaPage(area, page).frame) error = ownPageInstall(area, page);
  }
  return error;
}
`;

/** The guest with one strategy more. */
function compileWithAhead(folder: string): Uint8Array<ArrayBuffer> {
  cpSync(join(ROOT, 'assembly'), join(folder, 'assembly'), { recursive: true });
  cpSync(join(ROOT, 'asconfig.json'), join(folder, 'asconfig.json'));
  writeFileSync(join(folder, 'assembly/mapping/ahead.ts'), AHEAD);
  const path = join(folder, 'assembly/mapping/index.ts');
  const text = readFileSync(path, 'utf8');
  const withCase = text.replace('    default:\n      return null;', `    case ${NUMBER}: return aheadStrategy();\n$&`);
  assert.is.not(withCase, text);
  writeFileSync(path, `import { aheadStrategy } from './ahead';\n${withCase}`);
  const asc = join(ROOT, 'node_modules/assemblyscript/bin/asc.js');
  const words = [
    asc,
    'assembly/index.ts',
    '--target',
    'debug',
    '--transform',
    join(ROOT, 'layout.js'),
    '--outFile',
    'ahead.wasm',
  ];
  const { status, stderr } = spawnSync(process.execPath, words, { cwd: folder, encoding: 'utf8' });
  assert.is(status, 0, stderr);
  return new Uint8Array(readFileSync(join(folder, 'ahead.wasm')));
}

const test = suite('a new strategy');

test('one file, one case, and messages go', () => {
  const folder = mkdtempSync(join(tmpdir(), 'binderlab-strategy-'));
  try {
    const machine = Machine.boot({ wasm: compileWithAhead(folder), memoryMiB: 16 });
    const frames = machine.freeFrames();
    const server = machine.spawn('server');
    const fd = server.main.open();
    const flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE | ((NUMBER + 1) << MAP_STRATEGY_SHIFT);
    server.main.mmap(fd, 64 * PAGE, MAPPED, { flags });
    server.main.becomeContextManager(fd);
    server.main.writeRead(fd, [bc.enterLooper()], { readSize: 0 });
    const client = machine.spawn('client');
    const clientFd = client.main.open();
    client.main.mmap(clientFd);

    const bytes = messageBytes(100, 1);
    const before = machine.counters(server).pteWrites.user;
    client.main.writeRead(clientFd, [bc.transaction({ handle: 0, flags: 1, data: bytes })]);
    assert.is(machine.counters(server).pteWrites.user - before, 4);
    const message = messageOf(server.main.writeRead(fd, []));
    assert.equal(server.dataOf(message), bytes);
    server.main.writeRead(fd, [bc.freeBuffer(message.buffer)], { readSize: 0 });
    assert.is(machine.framesResident(server), 4);
    machine.check();
    machine.end();
    assert.is(machine.freeFrames(), frames);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
