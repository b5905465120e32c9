/**
 * Perfetto's own trace processor reads both forms of a trace: it finds every call with its client, its server and its reply,
 * and reports no error.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Folder } from '../cli/binderlab.ts';
import { MISSING, type Row, TraceProcessor } from './traceprocessor.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples');
const FORMS = ['ftrace', 'pftrace'] as const;

const test = suite(MISSING === null ? 'judge' : `judge: skipped, ${MISSING}`);
const testIfThere = MISSING === null ? test : test.skip;
const folder = new Folder();
const processor = MISSING === null ? await TraceProcessor.open() : (null as unknown as TraceProcessor);
test.after(() => {
  folder.remove();
  processor?.close();
});

/** Traces by script and form. */
const traces = new Map<string, Uint8Array>();

function traceOf(script: string, form: string): Uint8Array {
  const key = `${script} ${form}`;
  if (!traces.has(key)) {
    const { code, stderr } = folder.run(['run', script, '--trace', `run.${form}`]);
    assert.is(code, 0, stderr);
    traces.set(key, readFileSync(join(folder.path, `run.${form}`)));
  }
  return traces.get(key) as Uint8Array;
}

/** Loads the trace of a script. @returns The same trace in the kernel's text. */
async function traced(script: string, form: (typeof FORMS)[number]): Promise<string> {
  await processor.load(traceOf(script, form));
  return new TextDecoder().decode(traceOf(script, 'ftrace'));
}

/** What the kernel's text says of each call: who sends, who receives it, and who receives the reply. */
function callsIn(text: string): { client: number; server: number; replied: boolean }[] {
  const lines = text.split('\n').flatMap((line) => {
    const found = /-(\d+) +\( *\d+\).*: binder_(transaction|transaction_received): transaction=(\d+)(.*)$/.exec(line);
    return found === null
      ? []
      : [{ tid: Number(found[1]), name: found[2], id: Number(found[3]), rest: found[4] ?? '' }];
  });
  const receiver = new Map(lines.filter(({ name }) => name !== 'transaction').map(({ id, tid }) => [id, tid]));
  const sent = lines.filter(({ name }) => name === 'transaction');
  return sent
    .filter(({ rest }) => rest.includes('reply=0'))
    .map(({ id, tid }) => {
      const server = receiver.get(id) ?? 0;
      const replies = sent.filter((one) => one.rest.includes('reply=1') && one.tid === server);
      return { client: tid, server, replied: replies.some((reply) => receiver.get(reply.id) === tid) };
    });
}

const noErrors = async () =>
  assert.equal(await processor.rows("select name, value from stats where value != 0 and severity != 'info'"), []);

const pairs = (rows: readonly Row[]) => rows.map(({ client_tid, server_tid }) => `${client_tid} ${server_tid}`);

const OPEN_CALLS = "select count(*) as n from slice where dur = -1 and name = 'binder transaction'";

const TXNS = `include perfetto module android.binder;
  select client_tid, server_tid, client_process, server_process, client_dur, server_dur, is_sync
  from android_binder_txns order by client_ts`;

for (const form of FORMS) {
  for (const example of ['first-call', 'thread-pool', 'nested-call', 'death']) {
    testIfThere(
      `${example}.${form}: every call has a client, a server, and a reply unless the server died`,
      async () => {
        const calls = callsIn(await traced(join(EXAMPLES, `${example}.ts`), form));
        const answered = calls.filter(({ replied }) => replied);
        const found = await processor.rows(TXNS);
        assert.equal(
          pairs(found),
          answered.map(({ client, server }) => `${client} ${server}`),
        );
        for (const { is_sync, client_dur, server_dur } of found) {
          assert.is(is_sync, 1);
          assert.ok(Number(client_dur) > Number(server_dur) && Number(server_dur) > 0);
        }
        if (form === 'pftrace') {
          assert.ok(
            found.every(({ client_process, server_process }) => client_process !== null && server_process !== null),
          );
        }
        // A call whose server died is closed by BR_DEAD_REPLY. Its server never ends what it was doing.
        const open = "select count(*) as n from slice where dur = -1 and name = 'binder transaction'";
        assert.equal(await processor.rows(open), [{ n: 0 }]);
        assert.is(calls.length - answered.length, example === 'death' ? 1 : 0);
        await noErrors();
      },
    );
  }

  testIfThere(`oneway-order.${form}: oneways have a sender and a receiver`, async () => {
    await traced(join(EXAMPLES, 'oneway-order.ts'), form);
    const found = await processor.rows(
      `include perfetto module android.binder; select client_tid, server_tid from android_binder_txns where is_sync = 0`,
    );
    assert.ok(found.length > 0 && found.every(({ client_tid, server_tid }) => client_tid !== server_tid));
    await noErrors();
  });

  testIfThere(`freeze.${form}: a call that the driver refuses is closed`, async () => {
    const text = await traced(join(EXAMPLES, 'freeze.ts'), form);
    assert.ok(text.includes('BR_FROZEN_REPLY'));
    assert.equal(await processor.rows(OPEN_CALLS), [{ n: 0 }]);
    await noErrors();
  });

  testIfThere(`${form}: the processor is never two threads', and who is woken runs`, async () => {
    await traced(join(EXAMPLES, 'first-call.ts'), form);
    const [{ overlaps } = {}] = await processor.rows(
      'select count(*) as overlaps from sched a join sched b on a.id < b.id and a.ts + a.dur > b.ts and a.dur >= 0',
    );
    assert.is(overlaps, 0);
    const states = await processor.rows('select distinct state from thread_state order by state');
    assert.equal(
      states.map(({ state }) => state),
      ['R', 'Running', 'S', 'Z'],
    );
    const [{ woken } = {}] = await processor.rows(
      'select count(*) as woken from thread_state where waker_utid is not null',
    );
    assert.ok(Number(woken) > 0);
  });

  testIfThere(`${form}: counters have the driver's values`, async () => {
    await traced(join(EXAMPLES, 'first-call.ts'), form);
    const rows = await processor.rows(`select t.name, max(c.value) as most from counter c
      join process_counter_track t on t.id = c.track_id where t.name glob 'binder *' group by t.name order by t.name`);
    assert.equal(
      rows.map(({ name }) => name),
      [
        'binder async space',
        'binder buffers held',
        'binder bytes held',
        'binder oneway queue',
        'binder pages mapped',
        'binder queue',
      ],
    );
    assert.is(rows[0]?.most, 520192);
  });

  testIfThere(`${form}: a trace that lost events says so`, async () => {
    const script = folder.write(
      'many.ts',
      `import { bc } from 'binderlab';
      export default (machine) => {
        const thread = machine.spawn('a').main;
        const fd = thread.open();
        thread.writeRead(fd, Array.from({ length: 3000 }, () => bc.enterLooper()), { readSize: 0 });
      };`,
    );
    await traced(script, form);
    const stats = await processor.rows(
      "select name from stats where value != 0 and severity in ('error', 'data_loss')",
    );
    assert.ok(stats.length > 0);
  });
}

testIfThere('pftrace: a call has a slice with what it copied, a message one while it is held', async () => {
  await traced(join(EXAMPLES, 'raw-first-call.ts'), 'pftrace');
  const copied = await processor.rows(`select extract_arg(arg_set_id, 'debug.bytes of messages copied') as bytes
    from slice where name = 'BINDER_WRITE_READ' and dur > 0 order by bytes desc limit 1`);
  assert.ok(Number(copied[0]?.bytes) > 0);
  const held = await processor.rows(`select s.dur, extract_arg(s.arg_set_id, 'debug.data_size') as size
    from slice s join process_track t on t.id = s.track_id where t.name = 'buffers held'`);
  assert.ok(held.length > 0 && held.every(({ dur, size }) => Number(dur) > 0 && size !== null));
});

testIfThere('pftrace: what Perfetto has no message for has named fields', async () => {
  await traced(join(EXAMPLES, 'raw-first-call.ts'), 'pftrace');
  const names = await processor.rows("select distinct name from ftrace_event where name glob 'binder_*' order by name");
  for (const name of ['binder_ioctl', 'binder_update_page_range', 'binder_wait_for_work', 'binder_alloc_page_start']) {
    assert.ok(
      names.some((row) => row.name === name),
      name,
    );
  }
  const [first] =
    await processor.rows(`select extract_arg(arg_set_id, 'proc') as proc, extract_arg(arg_set_id, 'size') as size
    from ftrace_event where name = 'binder_update_page_range' limit 1`);
  assert.ok(Number(first?.proc) > 0 && Number(first?.size) > 0);
});

test.run();
