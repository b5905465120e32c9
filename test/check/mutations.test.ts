/** Whatever is broken in the machine's memory, the checker says what it is; and once it is mended, that all is well. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as codes from '../../assembly/abi/check.ts';
import type { GuestExports } from '../../build/layout.ts';
import { sizeOf } from '../../host/inspect/kernelmemory.ts';
import { findViolation } from '../../host/os/violation.ts';
import { BinderlabError } from '../../host/wire/error.ts';
import { BUILDS, Scene, type Write, word } from './scene.ts';

interface Mutation {
  /** What is done to the machine. */
  name: string;
  /** The violation that the checker has to find, and a piece of its sentence. */
  violation: string;
  says?: RegExp;
  /** Address of what it has to blame, if that is certain. */
  blames?: (scene: Scene) => number;
  writes: (scene: Scene) => Write[];
}

const MUTATIONS: readonly Mutation[] = [
  {
    name: 'a store through a null pointer',
    violation: 'POISON',
    says: /byte at 0x64 is 0x7, and was filled with 0xa5/,
    blames: () => 100,
    writes: () => [{ at: 100, bytes: Uint8Array.of(7) }],
  },
  {
    name: 'a frame that is counted twice',
    violation: 'FRAME_REFS',
    says: /count 2 references, but 1 holders/,
    blames: (scene) => scene.page('active').frame as number,
    writes: (scene) => [word(scene.frameEntry(scene.page('active').frame as number) + 4, 2)],
  },
  {
    name: 'a frame that no page keeps though it names one',
    violation: 'KEEPER',
    says: /names 1 page that keeps it for a message that was freed, and 0 does/,
    blames: (scene) => scene.page('active').frame as number,
    writes: (scene) => [word(scene.frameEntry(scene.page('active').frame as number) + 12, 8)],
  },
  {
    name: 'a page record that has forgotten its frame',
    violation: 'PAGE_FRAME',
    writes: (scene) => {
      const { handle, userAddress } = scene.page('active');
      const at = scene.leaf(scene.machine.process('manager'), userAddress);
      const space = scene.u32(scene.process('manager').handle, 'Process.space');
      return [
        scene.set(handle, 'LruPage.frame', 0),
        word(at, 0),
        word(at + 4, 0),
        scene.add(space, 'Space.resident', -1),
      ];
    },
  },
  {
    name: 'an idle page that is not on the LRU',
    violation: 'LIST',
    writes: (scene) => {
      const link = scene.field(scene.page('lru').handle, 'LruPage.lruNext');
      return [word(link, 0), word(link + 4, 0)];
    },
  },
  {
    name: 'a user page that maps another frame',
    violation: 'LEAF_FRAME',
    writes: (scene) => {
      const { userAddress, frame } = scene.page('active');
      const at = scene.leaf(scene.machine.process('manager'), userAddress);
      return [word(at, (scene.machine.guest.data.getUint32(at, true) & 0xfff) | ((frame as number) + 4096))];
    },
  },
  {
    name: 'a user page that may be written',
    violation: 'LEAF_RIGHTS',
    writes: (scene) => {
      const at = scene.leaf(scene.machine.process('manager'), scene.page('active').userAddress);
      return [word(at, scene.machine.guest.data.getUint32(at, true) & ~0x80)];
    },
  },
  {
    name: 'a user page that is gone',
    violation: 'AREA_LEAVES',
    writes: (scene) => {
      const at = scene.leaf(scene.machine.process('manager'), scene.page('active').userAddress);
      return [word(at, 0), word(at + 4, 0)];
    },
  },
  {
    name: 'a space that counts a page too many',
    violation: 'RESIDENT',
    writes: (scene) => [scene.add(scene.u32(scene.process('app').handle, 'Process.space'), 'Space.resident', 1)],
  },
  {
    name: 'a translation that was never flushed',
    violation: 'TLB',
    writes: (scene) => {
      const space = scene.u32(scene.process('app').handle, 'Process.space');
      const tlb = space + ((sizeOf('Space') + 7) & ~7); // it follows the record in memory
      return [word(tlb, 1), word(tlb + 4, 0), word(tlb + 8, 0x100000)]; // nothing is mapped at address 0
    },
  },
  {
    name: 'a space that nobody could free',
    violation: 'SPACE_REFS',
    writes: (scene) => [scene.add(scene.u32(scene.process('app').handle, 'Process.space'), 'Space.refs', 1)],
  },
  {
    name: 'a memory area that reaches into the next one',
    violation: 'AREA',
    writes: (scene) => {
      const first = scene.u32(scene.u32(scene.process('manager').handle, 'Process.space'), 'Space.vmas');
      return [word(scene.field(first, 'Vma.end'), 0x70001000)];
    },
  },
  {
    name: 'a process that is held too often',
    violation: 'PROCESS_REFS',
    says: /counts 3 references, but 2 holders/,
    blames: (scene) => scene.process('manager').handle,
    writes: (scene) => [scene.add(scene.process('manager').handle, 'Process.refs', 1)],
  },
  {
    name: 'a descriptor that vanished',
    violation: 'DESCRIPTOR',
    says: /wrong at number 1 /,
    writes: (scene) => [word(scene.u32(scene.process('app').handle, 'Process.files') + 8, 0)],
  },
  {
    name: 'a file that a descriptor forgot to hold',
    violation: 'FILE_REFS',
    says: /counts 3 references, but 4 descriptors, mappings, parked calls and messages/,
    writes: (scene) => [scene.add(scene.process('app').descriptors.at(4)?.file as number, 'OpenFile.refs', -1)],
  },
  {
    name: 'a pipe with a reader too many',
    violation: 'STREAM_READERS',
    writes: (scene) => {
      const file = scene.process('app').descriptors.find(({ fd }) => fd === 6)?.file as number;
      return [scene.add(scene.u32(file, 'OpenFile.reads'), 'Stream.readers', 1)];
    },
  },
  {
    name: 'a thread that sleeps and does not know it',
    violation: 'THREAD',
    writes: (scene) => [scene.flag(scene.process('watcher').threads[0]?.handle as number, 'Thread.parked', 0)],
  },
  {
    name: 'an allocated buffer that says it is free',
    violation: 'BUFFER_TREE',
    writes: (scene) => [scene.flag(scene.buffers[0]?.handle as number, 'Buffer.free', 1)],
  },
  {
    name: 'a buffer that says it holds less',
    violation: 'BUFFER_SIZE',
    writes: (scene) => [scene.set(scene.buffers[0]?.handle as number, 'Buffer.dataSize', 8)],
  },
  {
    name: 'a gap in front of the first buffer',
    violation: 'BUFFER_TILE',
    writes: (scene) => [scene.set(scene.buffers[0]?.handle as number, 'Buffer.offset', 8)],
  },
  {
    name: 'bytes for oneways that leaked',
    violation: 'ASYNC_SPACE',
    blames: (scene) => scene.alloc,
    writes: (scene) => [scene.add(scene.alloc, 'BinderAlloc.asyncFree', -64)],
  },
  {
    name: 'a page used beyond the high-water mark',
    violation: 'PAGES_HIGH',
    writes: (scene) => [scene.set(scene.alloc, 'BinderAlloc.pagesHigh', 1)],
  },
  {
    name: 'a tree node of the wrong colour',
    violation: 'TREE',
    writes: (scene) => {
      const root = scene.u32(scene.proc('app').handle, 'Proc.threads');
      return [word(root, scene.machine.guest.data.getUint32(root, true) & ~1)];
    },
  },
  {
    name: 'loopers out of order',
    violation: 'TREE_ORDER',
    writes: (scene) => [scene.set(scene.proc('app').loopers[1]?.handle as number, 'BinderThread.tid', 1)],
  },
  {
    name: 'a strong reference that was not counted',
    violation: 'NODE_STRONG',
    says: /internal_strong_refs 2, but 1 refs to it are strong/,
    blames: (scene) => scene.node('app').handle,
    writes: (scene) => [scene.add(scene.node('app').handle, 'Node.internalStrongRefs', 1)],
  },
  {
    name: 'a local reference that a buffer lost',
    violation: 'NODE_LOCAL_STRONG',
    says: /local_strong_refs 3, but 4 buffers/,
    blames: (scene) => scene.node('manager').handle,
    writes: (scene) => [scene.add(scene.node('manager').handle, 'Node.localStrongRefs', -1)],
  },
  {
    name: 'a weak reference of nobody',
    violation: 'NODE_LOCAL_WEAK',
    writes: (scene) => [scene.add(scene.node('manager').handle, 'Node.localWeakRefs', 1)],
  },
  {
    name: 'a node that has forgotten its oneway',
    violation: 'NODE_FLAGS',
    writes: (scene) => [scene.flag(scene.node('manager').handle, 'Node.hasAsyncTransaction', 0)],
  },
  {
    name: 'a node that waits for a oneway that never was',
    violation: 'NODE_ONEWAY',
    writes: (scene) => [scene.flag(scene.node('app').handle, 'Node.hasAsyncTransaction', 1)],
  },
  {
    name: 'a ref under another handle',
    violation: 'HANDLES',
    writes: (scene) => [scene.set(scene.ref.handle, 'Ref.desc', 77)],
  },
  {
    name: 'a handle that is taken and is nobody’s',
    violation: 'HANDLES',
    says: /has 2 handles marked as taken, and refs 1/,
    writes: (scene) => [word(scene.u32(scene.proc('manager').handle, 'Proc.descBitmap') + 8, 1)],
  },
  {
    name: 'a ref without any count',
    violation: 'REF',
    writes: (scene) => [scene.set(scene.ref.handle, 'Ref.strong', 0), scene.set(scene.ref.handle, 'Ref.weak', 0)],
  },
  {
    name: 'a death notification that its ref has lost',
    violation: 'OWNER',
    says: /1 in use there, 0 found to own it/,
    blames: (scene) => scene.u32(scene.ref.handle, 'Ref.death'),
    writes: (scene) => [scene.set(scene.ref.handle, 'Ref.death', 0)],
  },
  {
    name: 'a death that is told of while the node lives',
    violation: 'DEATH',
    writes: (scene) => [scene.set(scene.u32(scene.ref.handle, 'Ref.death'), 'RefDeath.type', 7)],
  },
  {
    name: 'a freeze notification that was sent and still waits to be',
    violation: 'WORK',
    writes: (scene) => [scene.flag(scene.u32(scene.ref.handle, 'Ref.freeze'), 'RefFreeze.sent', 1)],
  },
  {
    name: 'a call whose caller does not know it any more',
    violation: 'STACK_ORDER',
    writes: (scene) => [scene.set(scene.call.handle, 'Transaction.from', 0)],
  },
  {
    name: 'a stack that has lost its top',
    violation: 'STACK',
    says: /should stand on 2 stacks, and stands on 1/,
    blames: (scene) => scene.call.handle,
    writes: (scene) => [scene.set(scene.looper('manager').handle, 'BinderThread.stack', 0)],
  },
  {
    name: 'a stack that goes round in circles',
    violation: 'STACK_ORDER',
    writes: (scene) => [scene.set(scene.call.handle, 'Transaction.fromParent', scene.call.handle)],
  },
  {
    name: 'a transaction that its receiver does not count',
    violation: 'OUTSTANDING',
    says: /counts 2 outstanding transactions, but 3 are queued or served/,
    blames: (scene) => scene.proc('manager').handle,
    writes: (scene) => [scene.add(scene.proc('manager').handle, 'Proc.outstandingTxns', -1)],
  },
  {
    name: 'a buffer that does not know its transaction',
    violation: 'TRANSACTION_BUFFER',
    writes: (scene) => [scene.set(scene.buffers[0]?.handle as number, 'Buffer.transaction', 0)],
  },
  {
    name: 'a looper that does not know who sleeps there',
    violation: 'WAITER',
    writes: (scene) => [scene.set(scene.looper('watcher').handle, 'BinderThread.waiter', 0)],
  },
  {
    name: 'a looper that waits and does not say so',
    violation: 'LOOPER',
    writes: (scene) => [scene.set(scene.looper('watcher').handle, 'BinderThread.state', 2)],
  },
  {
    name: 'a looper that somebody held and did not let go',
    violation: 'LOOPER_REFS',
    writes: (scene) => [scene.add(scene.looper('watcher').handle, 'BinderThread.tmpRefs', 1)],
  },
  {
    name: 'a proc that somebody held and did not let go',
    violation: 'PROC_REFS',
    writes: (scene) => [scene.add(scene.proc('watcher').handle, 'Proc.tmpRefs', 1)],
  },
  {
    name: 'a dead proc that nobody released',
    violation: 'PROC',
    writes: (scene) => [scene.flag(scene.proc('watcher').handle, 'Proc.isDead', 1)],
  },
  {
    name: 'a queue that does not close',
    violation: 'LIST',
    blames: (scene) => scene.field(scene.looper('watcher').handle, 'BinderThread.todoNext'),
    writes: (scene) => [scene.set(scene.looper('watcher').handle, 'BinderThread.todoNext', scene.looper('app').handle)],
  },
  {
    name: 'a queue that ends in nowhere',
    violation: 'LIST',
    writes: (scene) => [scene.set(scene.looper('watcher').handle, 'BinderThread.todoNext', 0xfffffff0)],
  },
  {
    name: 'a pointer to something else',
    violation: 'POINTER',
    writes: (scene) => [scene.set(scene.proc('manager').handle, 'Proc.alloc', scene.proc('manager').handle)],
  },
];

for (const build of ['release', 'debug'] as const) {
  const test = suite(`mutations, ${build} build`);
  const scene = new Scene(BUILDS[build], 'kmap');
  const { raw } = scene.machine.guest;

  test('the scene is sound', () => {
    assert.is(findViolation(raw), null);
  });
  for (const { name, violation, says, blames, writes } of MUTATIONS) {
    test(name, () => {
      const address = blames?.(scene);
      const seen = scene.broken(writes(scene), () => findViolation(raw));
      assert.is(seen?.name, violation, seen?.text ?? 'nothing was found');
      if (says) assert.match(seen?.text ?? '', says);
      if (address !== undefined) assert.is(seen?.address, address);
      assert.not.match(seen?.text ?? '', /[{}]/);
      assert.is(findViolation(raw), null);
    });
  }
  test.run();
}

const test = suite('mutations of a twin');
const twin = new Scene(BUILDS.release, 'vmalloc');

test('the kernel maps another frame', () => {
  const { kernelAddress, frame } = twin.page('active');
  const at = twin.leaf('kernel', kernelAddress as bigint);
  const entry = (twin.machine.guest.data.getUint32(at, true) & 0xfff) | ((frame as number) + 4096);
  const seen = twin.broken([word(at, entry)], () => findViolation(twin.machine.guest.raw));
  assert.is(seen?.name, 'PAGE_KERNEL');
  assert.is(findViolation(twin.machine.guest.raw), null);
});

test('a script is told by an error', () => {
  const node = twin.node('app').handle;
  const message = twin.broken([twin.add(node, 'Node.internalStrongRefs', 1)], () => {
    try {
      twin.machine.check();
      return 'nothing';
    } catch (error) {
      assert.instance(error, BinderlabError);
      return (error as Error).message;
    }
  });
  assert.match(message, /^the machine is broken \(NODE_STRONG\): the binder_node at 0x[0-9a-f]+ has .* strong\.$/);
  twin.machine.check();
});

test('every violation has a number of its own', () => {
  const numbers = Object.values(codes);
  assert.is(new Set(numbers).size, numbers.length);
});

test('a checker that fails says so', () => {
  const raw: Pick<GuestExports, 'check'> = {
    check: () => {
      throw new Error('memory access out of bounds');
    },
  };
  assert.throws(
    () => findViolation(raw as GuestExports),
    /so broken that the checker itself failed: memory access out/,
  );
});

test.run();
