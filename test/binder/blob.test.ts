/** Blobs and descriptors that go through calls: their bytes in the message, who closes what, and that nothing is left. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BLOB_INPLACE_LIMIT, readBlob, writeBlob } from '../../host/binder/blob.ts';
import { BnInterface, BpInterface } from '../../host/binder/interface.ts';
import { defaultServiceManager } from '../../host/binder/iservicemanager.ts';
import { Parcel } from '../../host/binder/parcel.ts';
import { ProcessState } from '../../host/binder/processstate.ts';
import { StatusError } from '../../host/binder/status.ts';
import { sys } from '../../host/sim/sys.ts';
import { hexOf, int32 } from './bytes.ts';
import { runIn, type World, worldWithManager } from './world.ts';

const test = suite('blob');

const nothing = () => {};
const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => i * 7);

/** A service that sends back what it gets: blobs with 1, files with 2. */
function echo({ sim }: World) {
  const service = new BnInterface('lab.IEcho', {
    *1(data, reply) {
      yield* writeBlob(reply, yield* readBlob(data));
    },
    *2(data, reply) {
      // what came in the request is closed with it, before the reply goes
      reply.writeFileDescriptor(yield* sys.dup(data.readFileDescriptor()), true);
    },
    3: nothing,
  });
  const process = sim.process('S', function* () {
    yield* (yield* ProcessState.self()).startThreadPool();
    yield* (yield* defaultServiceManager()).addService('echo', service);
    yield* sys.pause();
  });
  sim.run();
  return process;
}

function* connect() {
  return new BpInterface(yield* (yield* defaultServiceManager()).getService('echo'), 'lab.IEcho');
}

function openDescriptors({ machine }: World, name: string): number[] | undefined {
  const { pid } = machine.process(name);
  return machine.inspect
    .processes()
    .find((one) => one.pid === pid)
    ?.descriptors.map(({ fd }) => fd);
}

test('up to 16 KiB a blob stands in the parcel, above that in a file', () => {
  runIn(worldWithManager(), 'A', function* () {
    const small = new Parcel();
    yield* writeBlob(small, new Uint8Array([1, 2, 3, 4, 5]));
    assert.is(hexOf(small.bytes), `${int32(5)}${int32(0)}0102030405000000`);
    const limit = new Parcel();
    yield* writeBlob(limit, new Uint8Array(BLOB_INPLACE_LIMIT));
    assert.is(limit.dataSize, 8 + BLOB_INPLACE_LIMIT);
    for (const mutable of [false, true]) {
      const large = new Parcel();
      yield* writeBlob(large, pattern(BLOB_INPLACE_LIMIT + 1), { mutable });
      assert.is(large.dataSize, 8 + 24);
      assert.is(hexOf(large.bytes.subarray(0, 16)), `${int32(16385)}${int32(mutable ? 2 : 1)}852a646600000000`);
      assert.equal(large.offsets, [8]);
      assert.is(large.takeOwnedDescriptors().length, 1);
    }
  });
});

test('blobs of any size go there and back, and their files are closed on both sides', () => {
  const world = worldWithManager({ journal: false });
  echo(world);
  runIn(world, 'A', function* () {
    const service = yield* connect();
    for (const size of [0, 1, BLOB_INPLACE_LIMIT, BLOB_INPLACE_LIMIT + 1, 3_000_000]) {
      const sent = pattern(size);
      const reply = yield* roundTrip(service, sent);
      assert.equal(reply, sent);
    }
    yield* service.call(3, nothing, nothing);
    assert.equal(openDescriptors(world, 'A'), [0, 1, 2, 3]);
  });
  assert.equal(openDescriptors(world, 'S'), [0, 1, 2, 3]);
});

test('a file that goes there and back is the same open file by another number', () => {
  const world = worldWithManager();
  echo(world);
  runIn(world, 'A', function* () {
    const service = yield* connect();
    const { kernel } = yield* sys.self();
    const fd = yield* sys.memfd(new Uint8Array([1, 2, 3]));
    const { file } = kernel.sys.fileInfo(fd);
    const reply = yield* service.remote.transact(
      2,
      new Parcel().writeInterfaceToken('lab.IEcho').writeFileDescriptor(fd),
    );
    const there = reply.readException().readFileDescriptor();
    assert.is.not(there, fd);
    assert.is(kernel.sys.fileInfo(there).file, file);
    const kept = yield* sys.dup(there);
    reply.recycle();
    yield* service.call(3, nothing, nothing);
    assert.is(kernel.sys.fileInfo(there).errno, 'EBADF');
    assert.is(kernel.sys.fileInfo(kept).file, file);
  });
  assert.equal(openDescriptors(world, 'S'), [0, 1, 2, 3]);
});

test('what is no blob is told, with what is there', () => {
  const world = worldWithManager();
  echo(world);
  runIn(world, 'A', function* () {
    const service = yield* connect();
    for (const [write, message] of [
      [(data: Parcel) => data.writeInt32(4).writeInt32(3), /readBlob at byte 36 of 44: .*type 3 and length 4/],
      [(data: Parcel) => data.writeInt32(4).writeInt32(0), /readBytes at byte 44 of 44: it needs 4 bytes/],
      [(data: Parcel) => data.writeInt32(4).writeInt32(1).writeInt64(0), /readFileDescriptor at byte 44/],
    ] as const) {
      try {
        yield* service.call(1, write, nothing);
        assert.unreachable();
      } catch (error) {
        assert.instance(error, StatusError);
        assert.match(((error as StatusError).cause as Error).message, message);
      }
    }
  });
});

function* roundTrip(service: BpInterface, sent: Uint8Array) {
  const data = new Parcel().writeInterfaceToken('lab.IEcho');
  yield* writeBlob(data, sent);
  const reply = yield* service.remote.transact(1, data);
  const bytes = yield* readBlob(reply.readException());
  reply.recycle();
  return bytes;
}

test.run();
