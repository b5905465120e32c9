/** Parcels: every type byte by byte, there and back; and reads that cannot be right. */

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BBinder } from '../../host/binder/bbinder.ts';
import { Parcel } from '../../host/binder/parcel.ts';
import { ParcelError } from '../../host/binder/parcelerror.ts';
import { ServiceException, STATUS } from '../../host/binder/status.ts';
import { bytesOfText, textOfBytes } from '../../host/wire/text.ts';
import { handle, hex, hexOf, int32, NULL_BINDER, ownBinder, string16, token } from './bytes.ts';

const test = suite('parcel');

function is(parcel: Parcel, ...bytes: string[]): void {
  assert.is(hexOf(parcel.bytes), hex(...bytes));
}

/** A parcel as if it had been received with these bytes. */
function received(bytes: string, offsets: string = ''): Parcel {
  const binder = () => new BBinder('received');
  return new Parcel({
    data: new Uint8Array(Buffer.from(hex(bytes), 'hex')),
    offsets: new Uint8Array(Buffer.from(hex(offsets), 'hex')),
    source: { binder, enforced: () => {}, free: () => {} },
  });
}

function fails(read: () => unknown, pattern: RegExp, status: number): void {
  assert.throws(read, (error: unknown) => {
    assert.instance(error, ParcelError);
    assert.match((error as ParcelError).message, pattern);
    assert.is((error as ParcelError).status, status);
    return true;
  });
}

test('numbers', () => {
  is(new Parcel().writeInt32(-2), 'feffffff');
  is(new Parcel().writeUint32(0xfffffffe), 'feffffff');
  is(new Parcel().writeInt64(-2n), 'feffffffffffffff');
  is(new Parcel().writeInt64(2 ** 40), '0000000000010000');
  is(new Parcel().writeFloat(1.5), '0000c03f');
  is(new Parcel().writeDouble(1.5), '000000000000f83f');
  is(new Parcel().writeBool(true).writeBool(false), '01000000 00000000');
  is(new Parcel().writeInt32(1).writeInt64(2), '01000000 0200000000000000');
});

test('strings', () => {
  is(new Parcel().writeString16('abc'), '03000000 6100 6200 6300 0000');
  is(new Parcel().writeString16('ab'), '02000000 6100 6200 0000 0000');
  is(new Parcel().writeString16(''), '00000000 0000 0000');
  is(new Parcel().writeString16(null), 'ffffffff');
  is(new Parcel().writeString16('ü😀'), '03000000 fc00 3dd8 00de 0000');
  is(new Parcel().writeString8('abc'), '03000000 61626300');
  is(new Parcel().writeString8('abcd'), '04000000 61626364 00000000');
  is(new Parcel().writeString8('ü'), '02000000 c3bc0000');
  is(new Parcel().writeString8(null), 'ffffffff');
});

test('arrays', () => {
  is(new Parcel().writeByteArray(new Uint8Array([1, 2, 3, 4, 5])), '05000000 01020304 05000000');
  is(new Parcel().writeByteArray(null), 'ffffffff');
  is(new Parcel().writeInt32Array([7, -1]), '02000000 07000000 ffffffff');
  is(new Parcel().writeString16Array(['a', null]), '02000000', string16('a'), 'ffffffff');
});

test('small numbers take four bytes each, large ones eight; bytes are packed', () => {
  is(new Parcel().writeByte(-1).writeChar('ä'), 'ffffffff e4000000');
  is(new Parcel().writeUint64(2n ** 64n - 2n), 'feffffffffffffff');
  is(new Parcel().writeCString('abc').writeCString('abcd'), '61626300 61626364 00000000');
  is(new Parcel().writeBytes(new Uint8Array([1, 2, 3])), '01020300');
  is(new Parcel().writeBoolArray([true, false]), '02000000 01000000 00000000');
  is(new Parcel().writeCharArray(['a', 'b']), '02000000 61000000 62000000');
  is(new Parcel().writeInt64Array([1, -1]), '02000000 0100000000000000 ffffffffffffffff');
  is(new Parcel().writeUint64Array([2n ** 63n]), '01000000 0000000000000080');
  is(new Parcel().writeFloatArray([1.5]).writeDoubleArray([1.5]), '01000000 0000c03f 01000000 000000000000f83f');
});

test('null forms of arrays', () => {
  const writers = ['Bool', 'Char', 'Int32', 'Int64', 'Uint64', 'Float', 'Double', 'String16', 'StrongBinder'] as const;
  for (const type of writers) {
    is(new Parcel()[`write${type}Array`](null), 'ffffffff');
    assert.is(received('ffffffff')[`read${type}Array`](), null);
  }
  is(new Parcel().writeParcelableArray(null), 'ffffffff');
  assert.is(
    received('ffffffff').readParcelableArray(() => 1),
    null,
  );
});

/** A point: an AIDL parcelable of two numbers, of which an older version has the first alone. */
const point = (x: number, y: number) => ({
  writeToParcel: (parcel: Parcel) => parcel.writeStructured(() => parcel.writeInt32(x).writeInt32(y)),
});
const pointOf = (parcel: Parcel) =>
  parcel.readStructured((_, more) => [parcel.readInt32(), more() ? parcel.readInt32() : 0]);

test('parcelables: presence, size, fields; a reader skips what it does not know, and misses what is not there', () => {
  is(new Parcel().writeParcelable(point(3, 4)), '01000000 0c000000 03000000 04000000');
  is(new Parcel().writeNullableParcelable(null), '00000000');
  is(new Parcel().writeParcelableArray([point(1, 2)]), '01000000 01000000 0c000000 01000000 02000000');
  assert.equal(received('01000000 0c000000 03000000 04000000').readParcelable(pointOf), [3, 4]);
  assert.equal(received('01000000 08000000 03000000').readParcelable(pointOf), [3, 0]);
  const newer = received('01000000 10000000 03000000 04000000 05000000 07000000');
  assert.equal(newer.readParcelable(pointOf), [3, 4]);
  assert.is(newer.readInt32(), 7);
  assert.is(received('00000000').readNullableParcelable(pointOf), null);
  fails(() => received('00000000').readParcelable(pointOf), /there is null/, STATUS.UNEXPECTED_NULL);
  fails(
    () => received('01000000 03000000').readParcelable(pointOf),
    /readStructured at byte 4 of 8: the length is 3/,
    STATUS.BAD_VALUE,
  );
  fails(
    () => pointOf(received('0a000000 03000000 04000000')),
    /readStructured at byte 0 of 12: it has 10 bytes, and 12 were read/,
    STATUS.BAD_VALUE,
  );
});

/** A descriptor: type "fd*\x85", no flags, the number, and whether the sender gives it away. */
const descriptor = (fd: number, owned = 0) => hex('852a6466 00000000', int32(fd), '00000000', int32(owned), '00000000');

test('descriptors', () => {
  const parcel = new Parcel().writeInt32(1).writeFileDescriptor(7).writeFileDescriptor(8, true);
  is(parcel, '01000000', descriptor(7), descriptor(8, 1));
  assert.equal(parcel.offsets, [4, 28]);
  assert.ok(parcel.hasFileDescriptors);
  assert.equal(parcel.takeOwnedDescriptors(), [8]);
  assert.equal(parcel.takeOwnedDescriptors(), []);
  is(new Parcel().writeParcelFileDescriptor(7), '00000000', descriptor(7));
  const there = received(`00000000${descriptor(5)}`, '0400000000000000');
  assert.is(there.readParcelFileDescriptor(), 5);
  fails(() => received(descriptor(5)).readFileDescriptor(), /there is no descriptor/, STATUS.BAD_TYPE);
  fails(
    () => received(handle(5), '0000000000000000').readFileDescriptor(),
    /there is no descriptor; the bytes are 85 2a 68 73/,
    STATUS.BAD_TYPE,
  );
  fails(
    () => received(descriptor(5), '0000000000000000').readInt32(),
    /there is a descriptor, at bytes 0 to 23/,
    STATUS.PERMISSION_DENIED,
  );
  assert.throws(() => new Parcel().writeFileDescriptor(-1), /writeFileDescriptor\(-1\): that is no descriptor/);
});

test('the interface token', () => {
  is(new Parcel().writeInterfaceToken('a.b'), token('a.b'));
  is(new Parcel().writeInterfaceToken('a.b'), '00000080 ffffffff 54535953 03000000 6100 2e00 6200 0000');
  const header = { strictModePolicy: 0x42, workSource: 10001 };
  is(new Parcel().writeInterfaceToken('', header), '42000080 11270000 54535953 00000000 00000000');
});

test('binders of one’s own get their addresses when the parcel is sent', () => {
  const parcel = new Parcel().writeInt32(1).writeStrongBinder(new BBinder('a.b'));
  is(parcel, '01000000', ownBinder(0, 0));
  assert.equal(parcel.offsets, [4]);
  parcel.seal(() => ({ ptr: 0x7b00000010, cookie: 0x7b00000000 }));
  is(parcel, '01000000', ownBinder(0x7b00000010, 0x7b00000000));
});

test('null and handle 0 are no objects to the driver', () => {
  class Manager extends BBinder {
    override stability = 0;
    override flat() {
      return { type: 'handle', handle: 0 } as const;
    }
  }
  const manager = new Manager();
  const parcel = new Parcel().writeStrongBinder(null).writeStrongBinder(manager);
  is(parcel, NULL_BINDER, handle(0));
  assert.equal(parcel.offsets, []);
  assert.is(parcel.readNullableStrongBinder(), null);
  assert.is(parcel.readStrongBinder(), manager);
});

test('exceptions', () => {
  is(new Parcel().writeNoException(), '00000000');
  is(new Parcel().writeException(new ServiceException('SECURITY', 'no')), 'ffffffff', string16('no'), '00000000');
  const specific = new Parcel().writeException(new ServiceException('SERVICE_SPECIFIC', 'why', 42));
  is(specific, 'f8ffffff', string16('why'), '00000000 2a000000');
  assert.throws(
    () => specific.readException(),
    (error: ServiceException) => error.code === -8 && error.text === 'why' && error.errorCode === 42,
  );
});

test('a reply header and a remote stack trace are skipped', () => {
  received(`80ffffff 0c000000 1111111122222222 00000000`).readException();
  const thrown = received(`${int32(-5)} ${string16('x')} 08000000 33333333`);
  assert.throws(() => thrown.readException(), /ILLEGAL_STATE: x/);
  assert.is(thrown.dataAvail, 0);
});

/** A value, how it is written, and how it is read. */
const values = fc.oneof(
  fc.integer({ min: -2147483648, max: 2147483647 }).map((v) => ['Int32', v] as const),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((v) => ['Int64', v] as const),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((v) => ['Uint64', v] as const),
  fc.integer({ min: -128, max: 127 }).map((v) => ['Byte', v] as const),
  fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }).map((v) => ['Char', v] as const),
  fc.string({ unit: 'grapheme' }).map((v) => ['CString', v.replaceAll('\0', '')] as const),
  fc.array(fc.boolean()).map((v) => ['BoolArray', v] as const),
  fc.array(fc.double({ noNaN: true })).map((v) => ['DoubleArray', v] as const),
  fc.array(fc.bigInt({ min: 0n, max: 2n ** 62n })).map((v) => ['Int64Array', v] as const),
  fc.double({ noNaN: true }).map((v) => ['Double', v] as const),
  fc.boolean().map((v) => ['Bool', v] as const),
  fc.string({ unit: 'binary' }).map((v) => ['String16', v] as const),
  fc.string({ unit: 'grapheme' }).map((v) => ['String8', v] as const),
  fc.uint8Array().map((v) => ['ByteArray', v] as const),
  fc.array(fc.integer({ min: -9, max: 9 })).map((v) => ['Int32Array', v] as const),
  fc.array(fc.option(fc.string())).map((v) => ['String16Array', v] as const),
);

test('what is written is read', () => {
  fc.assert(
    fc.property(fc.array(values), (list) => {
      const written = new Parcel();
      for (const [type, value] of list) (written[`write${type}`] as (value: unknown) => void).call(written, value);
      assert.is(written.dataSize % 4, 0);
      const parcel = received(hexOf(written.bytes));
      for (const [type, value] of list) assert.equal(parcel[`read${type}`](), value);
      assert.is(parcel.dataAvail, 0);
    }),
    { numRuns: 300, seed: 1 },
  );
});

test('garbage is never read past its end: a value, or an error that names the place', () => {
  const readers = [
    'Int32',
    'Int64',
    'Bool',
    'String16',
    'String8',
    'ByteArray',
    'Int32Array',
    'String16Array',
    'StrongBinder',
    'Byte',
    'Char',
    'CString',
    'BoolArray',
    'Uint64Array',
    'DoubleArray',
    'StrongBinderArray',
    'FileDescriptor',
    'ParcelFileDescriptor',
  ] as const;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.array(fc.constantFrom(...readers)), (bytes, list) => {
      const parcel = received(hexOf(bytes));
      for (const reader of list) {
        const position = parcel.dataPosition;
        try {
          parcel[`read${reader}`]();
        } catch (error) {
          assert.instance(error, ParcelError);
          assert.ok((error as ParcelError).position >= position && (error as ParcelError).position <= bytes.length);
          return;
        }
        assert.ok(parcel.dataPosition > position && parcel.dataPosition <= bytes.length);
      }
    }),
    { numRuns: 1000, seed: 1 },
  );
});

test('wrong reads name the place and what is there', () => {
  const text = `${int32(6)}${string16('ab')}`;
  fails(
    () => received('').readInt32(),
    /readInt32 at byte 0 of 0: it needs 4 bytes, and 0 are left; that is the end/,
    STATUS.NOT_ENOUGH_DATA,
  );
  fails(
    () => received(text).readString16(),
    /readString16 at byte 0 of 16: the length is 6, and 12 bytes are left/,
    STATUS.BAD_VALUE,
  );
  const second = received(text);
  second.readInt32();
  fails(
    () => second.readBool(),
    /readBool at byte 4 of 16: there is the number 2, .* as a string16 "ab"/,
    STATUS.BAD_VALUE,
  );
  fails(() => received('ffffffff').readString16(), /there is null/, STATUS.UNEXPECTED_NULL);
  fails(() => received(text).readStrongBinder(), /it needs 24 bytes, and 16 are left/, STATUS.NOT_ENOUGH_DATA);
  fails(
    () => received(`${text}${text}`).readStrongBinder(),
    /readStrongBinder at byte 0 of 32: there is no binder; the bytes are 06 00 00 00/,
    STATUS.BAD_VALUE,
  );
});

test('a binder is not read as anything else, nor what looks like one and is none', () => {
  const bytes = handle(3);
  fails(
    () => received(bytes, '0000000000000000').readInt32(),
    /there is a binder, at bytes 0 to 23/,
    STATUS.PERMISSION_DENIED,
  );
  assert.instance(received(bytes, '0000000000000000').readStrongBinder(), BBinder);
  fails(() => received(bytes).readStrongBinder(), /there is no binder/, STATUS.BAD_VALUE);
});

test('a request for another interface is refused', () => {
  fails(
    () => received(token('a.b')).enforceInterface('a.c'),
    /for the interface "a\.b", and this one is "a\.c"/,
    STATUS.PERMISSION_DENIED,
  );
  fails(() => received(int32(1).repeat(4)).enforceInterface('a.c'), /no interface token/, STATUS.BAD_TYPE);
  assert.is(
    received(token('a.b') + int32(9))
      .enforceInterface('a.b')
      .readInt32(),
    9,
  );
});

test('values that do not fit their type are refused', () => {
  for (const value of [2 ** 31, 1.5, Number.NaN])
    assert.throws(() => new Parcel().writeInt32(value), /writeInt32\(.*\): it takes a whole number/);
  assert.throws(() => new Parcel().writeUint32(-1), /writeUint32\(-1\)/);
  assert.throws(() => received('').writeInt32(1), /received cannot be written/);
});

test('UTF-8 there and back, with what is malformed replaced', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.is(hexOf(bytesOfText(text)), Buffer.from(text, 'utf8').toString('hex'));
      assert.is(textOfBytes(Buffer.from(text, 'utf8')), Buffer.from(text, 'utf8').toString('utf8'));
    }),
    { numRuns: 500, seed: 1 },
  );
  assert.is(textOfBytes(new Uint8Array([0x61, 0xff, 0xc0, 0x80, 0x62])), 'a\ufffd\ufffd\ufffdb');
  assert.is(textOfBytes(new Uint8Array([0xed, 0xa0, 0x80])), '\ufffd\ufffd\ufffd');
});

test.run();
