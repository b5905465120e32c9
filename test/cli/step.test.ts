import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { recordingText } from '../conformance/recordings.ts';
import { Folder, MAIN } from './binderlab.ts';

const test = suite('step');
const folder = new Folder();
test.after(() => folder.remove());
folder.write('oneway.jsonl', recordingText('oneway'));
folder.write('oneway.jsonl.gz', gzipSync(recordingText('oneway')));

const CALL = `
import { bc, type Machine } from 'binderlab';

export default (machine: Machine) => {
  const server = machine.spawn('server').main;
  const client = machine.spawn('client').main;
  const serverFd = server.open();
  server.mmap(serverFd);
  server.becomeContextManager(serverFd);
  const reading = server.writeRead(serverFd, [bc.enterLooper()]);
  const clientFd = client.open();
  client.mmap(clientFd);
  client.version(clientFd);
  client.writeRead(clientFd, [bc.transaction({ handle: 0, data: new Uint8Array(5000) })]);
  const call = reading.expect('BR_TRANSACTION');
  console.log('called');
  server.writeRead(serverFd, [bc.freeBuffer(call.buffer), bc.reply({ data: new Uint8Array(8) })]);
};
`;
folder.write('call.ts', CALL);
const CALLED = 9;

/** What --json prints of one moment. */
function moment(words: readonly string[]) {
  const { code, stdout, stderr } = folder.run(['step', ...words, '--json']);
  assert.is(code, 0, stderr);
  return JSON.parse(stdout);
}

test('a journal at its end, with its calls', () => {
  const { code, stdout, stderr } = folder.run(['step', 'oneway.jsonl']);
  assert.is(code, 0, stderr);
  assert.match(stdout, /^oneway: step 32 of 32, state [0-9a-f]{16}\n\ncalls\n/);
  assert.match(stdout, /\n {2}> {3}32 {2}A\.0 {3}ioctl\(3, BINDER_GET_EXTENDED_ERROR\) -> id /);
  assert.match(stdout, 'this was the last step');
});

test('plain, compressed and from standard input, a journal is the same', () => {
  const words = ['--at', '14', '--show', 'all'];
  const { stdout } = folder.run(['step', 'oneway.jsonl', ...words]);
  assert.is(folder.run(['step', 'oneway.jsonl.gz', ...words]).stdout, stdout);
  assert.is(folder.run(['step', '-', ...words], recordingText('oneway')).stdout, stdout);
});

test('what is there behind the step that sends a call', () => {
  const words = ['step', 'call.ts', '--at', String(CALLED), '--show', 'calls,buffers,pages,threads,nodes'];
  const { code, stdout, stderr } = folder.run(words);
  assert.is(code, 0, stderr);
  assert.is(stderr, 'called\n');
  assert.match(
    stdout,
    /> {4}9 {2}client\.0 {2}ioctl\(3, BINDER_WRITE_READ\) BC_TRANSACTION handle 0, .*\.\.\. sleeps\n/,
  );
  assert.match(stdout, /\n {10}server\.0 {2}wakes \(by client\.0; since step \d+\) -> BR_NOOP; BR_TRANSACTION /);
  assert.match(stdout, 'next: step 10, server.0: ioctl(3, BINDER_WRITE_READ, ');
  assert.match(stdout, / 0x0 +5000 +0x70000000 +delivered +call 2 of client to node 1 +5000\n/);
  assert.match(stdout, / 0x1388 +1035384 +free\n/);
  assert.match(stdout, 'server (1000)   pages 254, active 2, on the LRU 0, unused 252\n');
  assert.match(stdout, / 1 {2}active +0x[0-9a-f]+ +0x70001000\n/);
  assert.match(stdout, / server\.0 +entered +awake +serves 2 of client\.0\n/);
  assert.match(
    stdout,
    / client\.0 +waiting +parked: reads, for the reply +awaits the reply to 2 +TRANSACTION_COMPLETE\n/,
  );
  assert.match(stdout, / 1 +0x0 +0x0 +2 local +1 local .*context manager\n/);
});

test('a page has its twin in the kernel where there is one', () => {
  const pages = (strategy: string) =>
    folder.run(['step', 'call.ts', '--at', String(CALLED), '--show', 'pages', '--strategy', strategy]).stdout;
  assert.match(pages('vmalloc'), / 0x70001000 {2}0xffffff[0-9a-f]+1000\n/);
  assert.not.match(pages('kmap'), 'twin');
});

test('what a step changed', () => {
  const { stdout } = folder.run(['step', 'call.ts', '--at', String(CALLED), '--show', 'diff']);
  assert.match(
    stdout,
    /in buffers\n {4}server \(1000\)\n {6}~ at 0x0: size 1040384 -> 5000, .*state free -> delivered/,
  );
  assert.match(stdout, '+ page 0, state active, frame 0x');
  assert.match(stdout, 'client.0: looper no looper -> waiting, is awake -> parked: reads, for the reply');
  const start = folder.run(['step', 'call.ts', '--at', 'start', '--show', 'diff']).stdout;
  assert.match(start, 'nothing has happened yet');
});

test('JSON has the same as data', () => {
  const shown = moment(['call.ts', '--at', String(CALLED), '--show', 'all']);
  assert.equal([shown.source, shown.step, shown.steps, shown.difference], ['call.ts', CALLED, 11, null]);
  assert.is(shown.calls.length, 2);
  const [delivered, free] = shown.buffers[0].rows;
  assert.equal([delivered.offset, delivered.size, delivered.free, delivered.id], [0, 5000, false, 2]);
  assert.equal([free.offset, free.size, free.free], [5000, 1035384, true]);
  assert.is(shown.pages[0].rows.length, 2);
  assert.is(shown.threads[1].rows[0].stack[0].role, 'outgoing');
  assert.is(shown.nodes[0].rows[0].ptr, '0x0');
  assert.ok(shown.diff.buffers.some((change: { kind: string }) => change.kind === 'row added'));
});

test('the state at a step is the same however one gets there', () => {
  const { hash } = moment(['oneway.jsonl', '--at', '10']);
  const lines = ['goto 30', 'back 5', 'hash', 'goto 10', 'hash', 'next 3', 'b', 'b', 'b', 'hash', 'quit'];
  const { code, stdout, stderr } = folder.run(
    ['step', 'oneway.jsonl', '--interactive', '--show', 'calls'],
    lines.join('\n'),
  );
  assert.is(code, 0, stderr);
  const hashes = stdout.match(/^[0-9a-f]{16}$/gm) ?? [];
  assert.is(hashes.length, 3);
  assert.equal(hashes.slice(1), [hash, hash]);
  assert.is.not(hashes[0], hash);
});

/** What the interactive form prints for these lines. */
function session(...lines: string[]): string {
  const { code, stdout, stderr } = folder.run(['step', 'call.ts', '--interactive'], `${lines.join('\n')}\n`);
  assert.is(code, 0, stderr);
  return stdout;
}

test('one command a line, an empty one is next, and the end of input ends it', () => {
  const text = session('', 'n', 'back');
  assert.match(text, 'the machine as it was booted; 11 steps are to come');
  assert.equal(text.match(/^(start|step \d+ of 10)> /gm), [
    'start> ',
    'step 0 of 10> ',
    'step 1 of 10> ',
    'step 0 of 10> ',
  ]);
});

test('views once, and after every move', () => {
  assert.match(session('end', 'show threads buffers'), / 0x0 +1040384 +free\n/);
  const watched = session('watch pages', 'goto 9', 'goto 10');
  assert.match(watched, 'active 2, on the LRU 0');
  assert.match(watched, 'active 0, on the LRU 2');
  assert.not.match(watched.slice(watched.indexOf('watch pages')), 'calls');
});

test('until a word, an event, somebody, a kind of step, or a count', () => {
  const wanted = {
    'until BR_TRANSACTION': 'step 9 of 10',
    'until BC_REPLY': 'step 10 of 10',
    'until parked': 'step 5 of 10',
    'until woken': 'step 9 of 10',
    'until client': 'step 1 of 10',
    'until client.0': 'step 6 of 10',
    'u mmap': 'step 3 of 10',
    'until buffers = 1': 'step 9 of 10',
    'until free >= 2': 'step 7 of 10',
    'until nodes = 1': 'step 4 of 10',
    'until threads = 2': 'step 1 of 10',
    'until pages > 1': 'step 9 of 10',
    'until error': 'step 10 of 10',
  };
  const text = session(...Object.keys(wanted).flatMap((line) => ['start', line]));
  const places = [...text.matchAll(/^(start|step \d+ of 10)> /gm)].map(([, place]) => place);
  assert.equal(places, ['start', ...Object.values(wanted).flatMap((place) => ['start', place])]);
  assert.match(text, 'it did not come to "error" up to the end');
});

test('a count is of what its name says: no hole is a buffer, no handle a node', () => {
  const told = session('until buffers > 3', 'start', 'until nodes > 1', 'start', 'until handles > 0');
  assert.match(told, 'it did not come to "buffers > 3" up to the end');
  assert.match(told, 'it did not come to "nodes > 1" up to the end');
  assert.match(told, 'it did not come to "handles > 0" up to the end'); // the client never acquired handle 0
});

test('what cannot be done is told, and nothing else happens', () => {
  const text = session(
    'fly',
    'goto 99',
    'goto',
    'back',
    'next 0',
    'show',
    'show rivers',
    'until',
    'until BR_NEVER',
    'until rivers > 1',
    '7',
    'hash',
    'quit',
    'next',
  );
  for (const reason of [
    /there is no command "fly"; there are next, back/,
    /there is no step "99"; there are steps 0 to 10/,
    /to which step\?/,
    /this is the start/,
    /"0" is no number of steps/,
    /show what\? There are calls/,
    /there is no view "rivers"/,
    /until what\? "" is no BC_ or BR_ word/,
    /the protocol has no word BR_NEVER/,
    /"rivers" cannot be counted/,
    /goto 7 goes to step 7/,
  ]) {
    assert.match(text, reason);
  }
  assert.not.match(text, 'step 0 of 10> ');
  assert.match(session('help'), /back, b +\[COUNT\]/);
});

test('a break ends a script, and finds a place in a journal', () => {
  const { code, stdout, stderr } = folder.run(['step', 'call.ts', '--break', 'BR_TRANSACTION']);
  assert.is(code, 0, stderr);
  assert.match(stdout, 'step 9 of 9');
  assert.not.match(stdout, 'called');
  folder.run(['run', 'call.ts', '--journal', 'call.jsonl']);
  const { step, explain } = moment(['call.jsonl', '--break', 'buffers = 1', '--show', 'explain']);
  assert.is(step, CALLED);
  assert.is(explain.waits[0].thread.name, 'client.0');
  const never = folder.run(['step', 'call.jsonl', '--break', 'buffers > 3']);
  assert.is(never.code, 1);
  assert.match(never.stderr, 'it never came to "buffers > 3"; this is the end');
  assert.is(folder.run(['step', 'call.ts', '--break', 'buffers >']).code, 2);
});

test('the history of a thing, and what does not go on', () => {
  const text = session('goto 9', 'story node 1 localStrongRefs', 'story node 99', 'show explain');
  assert.match(text, /^step 4, .*: it was not there, it is \d$/m);
  assert.match(text, /^step 9, client\.0, BC_TRANSACTION: it was \d, it is \d$/m);
  assert.match(text, 'no step up to here changed node 99');
  assert.match(
    text,
    'client.0 waits for the reply to its call of code 0: server.0 has taken it, and has to send BC_REPLY',
  );
});

test('a script that fails can be walked up to there', () => {
  folder.write('fails.ts', CALL.replace("console.log('called');", "throw new Error('enough');"));
  const { code, stdout, stderr } = folder.run(['step', 'fails.ts']);
  assert.is(code, 1);
  assert.match(stderr, 'fails.ts:16:9: enough');
  assert.match(stdout, 'step 9 of 9');
});

test('what such a script throws later is no news, and an error of the command is', () => {
  folder.write(
    'later.js',
    `export default (machine) => {
  machine.spawn('app');
  const ours = Object.assign(Error('ours'), { stack: 'Error: ours\\n    at step (${MAIN}:1:1)' });
  for (const error of [Error('late'), ours]) setTimeout(() => { throw error; }, 1);
  throw Error('first');
};
`,
  );
  const { code, stderr } = folder.run(['step', 'later.js']);
  assert.is(code, 1);
  assert.match(stderr, /^later\.js:5:9: first\n/);
  assert.not.match(stderr, 'late\n');
  assert.match(stderr, /^Error: ours\n {4}at step/m);
});

test('a step that cannot be performed stops the walk before it', () => {
  const lines = recordingText('oneway').trimEnd().split('\n');
  lines[8] = JSON.stringify({ i: 7, op: 'open', by: 'nobody.0', in: { flags: 0 } });
  folder.write('broken.jsonl', lines.join('\n'));
  const { code, stdout, stderr } = folder.run(['step', 'broken.jsonl', '--at', '20']);
  assert.is(code, 1);
  assert.match(stderr, /step 7 \(open\) cannot be performed: .*nobody\.0.*this is the moment before it/);
  assert.match(stdout, 'step 6 of 32');
});

test('a recording that says otherwise is told', () => {
  const lines = recordingText('oneway').trimEnd().split('\n');
  lines[2] = JSON.stringify({ i: 1, op: 'open', by: 'SM.0', in: { flags: 0 }, out: { ret: 5 } });
  folder.write('otherwise.jsonl', lines.join('\n'));
  const { stdout } = folder.run(['step', 'otherwise.jsonl', '--at', '1']);
  assert.match(stdout, '! recorded otherwise: ret was 5, and is 3');
  assert.match(moment(['otherwise.jsonl', '--at', '1']).difference, 'ret was 5');
  assert.is(moment(['otherwise.jsonl', '--at', '2']).difference, null);
});

test('fields of kernel objects: which ones a step changed, and what lies at an address', () => {
  const { code, stdout, stderr } = folder.run(['step', 'call.ts', '--at', String(CALLED), '--show', 'raw']);
  assert.is(code, 0, stderr);
  const [, address = ''] = /\n {2}\+ Transaction (0x[0-9a-f]+)\n/.exec(stdout) ?? [];
  assert.match(stdout, new RegExp(`~ BinderThread 0x[0-9a-f]+: .*stack 0 -> ${address}`));
  const changes = moment(['call.ts', '--at', String(CALLED), '--show', 'raw']).raw;
  const made = changes.find(
    ({ kind, type }: { kind: string; type: string }) => kind === 'made' && type === 'Transaction',
  );
  assert.is(made.address, Number(address));

  const field = `0x${(Number(address) + 8).toString(16)}`;
  const commands = [`goto ${CALLED}`, `at ${field}`, 'at 5', 'at there', 'at 0xffffffff', 'quit'].join('\n');
  const asked = folder.run(['step', 'call.ts', '--interactive'], commands).stdout;
  assert.match(asked, `${field} is in a frame of kind slab\nfield type (u32, byte 8) of Transaction ${address}\n`);
  assert.match(asked, /\n {2}debugId +2\n/);
  assert.match(asked, '0x5 is in a frame of kind reserved');
  assert.match(asked, '"there" is no address, such as 0x9a070');
  assert.match(asked, 'nothing is at 4294967295: that is outside');
});

test('why: the step, the thread and the command that changed something', () => {
  const asked = session(
    'why 0x70000000',
    'end',
    'why server 0x70000000',
    'why 0x70000000 2',
    'why pte server 0x70000000',
    'why node 1 localStrongRefs',
    'why buffer 2',
    'why thread client.0 stack',
    'why proc client pid',
    'why ref client 0',
    'back',
    'why thread server.0 waiter',
  );
  for (const sentence of [
    'no thread made this step; name the process: server 0x70000010',
    '10> why server 0x70000000\nstep 9, client.0, BC_TRANSACTION: it was not there, it is 00 00 00 00\n',
    '10> why 0x70000000 2\nstep 9, client.0, BC_TRANSACTION: it was not there, it is 00 00\n',
    'step 9, client.0, BC_TRANSACTION: level was 1, is 3; descriptor was 0x0, is 0x',
    'step 10, server.0, BC_FREE_BUFFER: it was 2, it is 1\n',
    'step 10, server.0, BC_FREE_BUFFER: it went away\n',
    'step 10, server.0, BC_REPLY: it was 0x',
    'step 6, client.0, open: it was not there, it is 2000\n',
    'ref client 0 is not there, and was not before\n',
    'step 9, server.0 (woken by client.0), BR_TRANSACTION: it was 0x',
  ]) {
    assert.ok(asked.includes(sentence), `${sentence}\nis missing in\n${asked}`);
  }
});

test('change: on to the step that changes something next', () => {
  const told = session('watch calls', 'goto 5', 'change node 1', 'c node 1', 'change node 1 debugId');
  assert.match(told, /\nstep 9, client\.0, BC_TRANSACTION: localStrongRefs was 1, is 2\nstep 9 of 10> /);
  assert.match(told, /\nstep 10, server\.0, BC_FREE_BUFFER: localStrongRefs was 2, is 1\nstep 10 of 10> /);
  assert.match(told, 'no later step changes node 1 debugId\nstep 10 of 10> ');
});

const TOO_MUCH = ['0x70000010 4 a', 'client 0x70000010 4 b', 'pte client 0x70000010 c', 'ref client 0 strong d'];

test('a question that cannot be asked is told', () => {
  const text = session('end', 'why', 'why rivers', 'why node', 'why node one', 'why node 1 colour', 'why ref nobody 1');
  assert.match(text, 'nothing is named; what can be: 0x70000010, server 0x70000010 16');
  assert.match(text, '"rivers" is not one of these: 0x70000010');
  assert.match(text, 'a number is missing');
  assert.match(text, '"one" is no number');
  assert.match(text, 'Node has no field "colour"; it has next');
  assert.match(text, 'no process is called "nobody"; there are server, client');
  const told = session(...TOO_MUCH.map((thing) => `why ${thing}`)).match(/"\w" is too much; what can/g);
  assert.equal(
    told?.map((text) => text[1]),
    ['a', 'b', 'c', 'd'],
  );
});

test('--why answers without a prompt, also as JSON', () => {
  const words = ['step', 'call.ts', '--why', 'node 1 localStrongRefs'];
  assert.match(
    folder.run(words).stdout,
    'why node 1 localStrongRefs\n  step 10, server.0, BC_FREE_BUFFER: it was 2, it is 1\n',
  );
  assert.equal(moment(words.slice(1)).why, {
    step: 10,
    op: 'wr',
    by: 'server.0',
    words: ['BC_FREE_BUFFER'],
    changes: [{ name: 'localStrongRefs', before: 2, after: 1 }],
  });
  assert.is(moment(['call.ts', '--why', 'node 99']).why, null);
  const { code, stderr } = folder.run(['step', 'call.ts', '--why', 'rivers']);
  assert.is(code, 2);
  assert.match(stderr, '"rivers" is not one of these');
});

test('the command line is checked', () => {
  const refused = (words: string[], reason: RegExp) => {
    const { code, stdout, stderr } = folder.run(['step', ...words]);
    assert.is(code, 2, stderr);
    assert.is(stdout, '');
    assert.match(stderr, reason);
    assert.not.match(stderr, /^\s+at /m);
  };
  refused([], /source/i);
  refused(['nowhere.jsonl'], /there is no such file/);
  refused(['nowhere.ts'], /there is no script nowhere\.ts/);
  refused(['oneway.jsonl', 'call.ts'], /step takes one SOURCE, not also call\.ts/);
  refused(['.'], /holds \d+ journals; name one of them/);
  refused(['oneway.jsonl', '--at', '33'], /there is no step "33"; there are steps 0 to 32, start and end/);
  refused(['oneway.jsonl', '--at', '-1'], /there is no step "-1"/);
  refused(['oneway.jsonl', '--show', 'calls,rivers'], /there is no view "rivers"/);
  refused(['oneway.jsonl', '--interactive', '--json'], /exclude each other/);
  refused(['-', '--interactive'], /cannot both come from -/);
});

test('a journal without steps has a start', () => {
  const [header = ''] = recordingText('oneway').split('\n');
  folder.write('empty.jsonl', `${JSON.stringify({ ...JSON.parse(header), steps: 0 })}\n`);
  const { code, stdout, stderr } = folder.run(['step', 'empty.jsonl', '--show', 'all']);
  assert.is(code, 0, stderr);
  assert.match(stdout, 'the machine as it was booted; 0 steps are to come');
  assert.match(stdout, 'there is no process');
  const { stderr: refusal } = folder.run(['step', 'empty.jsonl', '--at', '0']);
  assert.match(refusal, 'there is no step "0"; there are no steps, only start and end');
});

test.run();
