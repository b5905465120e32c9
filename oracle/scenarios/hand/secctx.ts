/** Security contexts of senders. */
import { DATA } from '../../calls.ts';
import { bc } from '../../commands.ts';
import { object, parcel } from '../../objects.ts';
import { message } from '../../outcome.ts';
import { trio } from '../handshakes.ts';
import { SELINUX_CONTEXT, scenario } from '../scenario.ts';

// without a policy SELinux names every sender "kernel" (7 bytes with the NUL)
const SELINUX = { secctx: SELINUX_CONTEXT };

export default [
  scenario(
    'secctx-none',
    'TXN_SECURITY_CTX on a kernel whose LSM cannot name the sender: the call fails',
    async (s) => {
      const sm = await s.start('SM');
      await sm.setContextMgrExt(object.binder(0, 0, 0x1000));
      await sm.loop();
      const a = await s.start('A');
      await a.rw([bc.transaction({ handle: 0, data: Buffer.from('x') })]);
      await a.extendedError();
      await a.rw([bc.transaction({ handle: 0, flags: 1, data: Buffer.from('x') })]);
      await a.extendedError();
      await s.dump('failed_transaction_log');
      await s.dump('state');
    },
  ),
  scenario(
    'secctx',
    'BR_TRANSACTION_SEC_CTX: the context string sits behind the data (SELinux without a policy)',
    async (s) => {
      const sm = await s.start('SM');
      await sm.setContextMgrExt(object.binder(0x10, 0x20, 0x1000));
      await sm.loop();
      const a = await s.start('A');
      await a.rw([bc.transaction({ handle: 0, code: 1, data: Buffer.from('hello') })]);
      const t = message(sm.done());
      await sm.peek(t.buffer, 64);
      if (t.secctx) await sm.peek(t.secctx, 16);
      await s.dump('state');
      await sm.write(bc.freeBuffer(t.buffer), bc.reply({ data: Buffer.from('yo') }));
      s.want(a.done(), 'NOOP TRANSACTION_COMPLETE REPLY');
      await a.write(bc.freeBuffer(message(a.done()).buffer));
      await sm.read();
      await sm.read();
      await a.rw([bc.transaction({ handle: 0, code: 2, flags: 1, ...parcel(object.binder(1, 2)) })]);
      const t2 = message(sm.done());
      await sm.peek(t2.buffer, 64);
      await s.dump('state');
      await s.dump('transaction_log');
    },
    SELINUX,
  ),
  scenario(
    'secctx-sg',
    'scatter-gather together with a security context',
    async (s) => {
      const sm = await s.start('SM');
      await sm.setContextMgrExt(object.binder(0x10, 0x20, 0x1000));
      await sm.loop();
      const a = await s.start('A');
      await a.poke(DATA, 'scatter!gather');
      await a.rw([
        bc.transactionSg({
          handle: 0,
          buffers_size: 16,
          ...parcel('ab', 'cd', object.ptr({ buffer: DATA, length: 14 })),
        }),
      ]);
      const t = message(sm.done());
      await sm.peek(t.buffer, 96);
      await sm.peek(t.secctx, 8);
      await sm.write(bc.freeBuffer(t.buffer), bc.reply());
      await sm.read();
      await sm.read();
      await a.rw([
        bc.transactionSg({ handle: 0, buffers_size: 16, ...parcel(object.ptr({ buffer: DATA, length: 17 })) }),
      ]);
      await a.extendedError();
      await a.rw([bc.transactionSg({ handle: 0, buffers_size: 12 })]);
      await a.extendedError();
      await a.rw([bc.transactionSg({ handle: 0, buffers_size: 0xfffffffffffffff8n })]);
      await a.extendedError();
      await s.dump('failed_transaction_log');
    },
    SELINUX,
  ),
  scenario(
    'secctx-node',
    'an ordinary node that asks for security contexts; a small read buffer',
    async (s) => {
      const { a, b, bh } = await trio(s, { flags: 0x1100, park: false });
      await b.rw([bc.transaction({ handle: bh, code: 3 })]);
      await a.read(79);
      const r = await a.read(80);
      s.want(r, 'NOOP TRANSACTION_SEC_CTX');
      await a.peek(message(r).buffer, 16);
      await s.dump('state');
      await a.write(bc.reply());
    },
    SELINUX,
  ),
  scenario(
    'secctx-space',
    'the context counts against the buffer space',
    async (s) => {
      const { b, bh } = await trio(s, { flags: 0x1100, park: false, serverMap: 8192 });
      await b.rw([bc.transaction({ handle: bh, code: 3, buffer: DATA, data_size: 8192 })]);
      await b.extendedError();
      await b.rw([bc.transaction({ handle: bh, code: 3, buffer: DATA, data_size: 8184 })]);
      await s.dump('state');
    },
    SELINUX,
  ),
];
