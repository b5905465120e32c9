/** Parcels: every type byte by byte, there and back; and reads that cannot be right. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BBinder } from '../../host/binder/bbinder.ts';
import { Parcel } from '../../host/binder/parcel.ts';
import { ParcelError } from '../../host/binder/parcelerror.ts';
import { ServiceException, STATUS } from '../../host/binder/status.ts';
import { utf8Bytes, utf8Text } from '../../host/binder/utf8.ts';
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
    source: { binder, free: () => {} },
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

test('the interface token', () => {
  is(new Parcel().writeInterfaceToken('a.b'), token('a.b'));
  is(new Parcel().writeInterfaceToken('a.b'), '00000080 ffffffff 54535953 03000000 6100 2e00 6200 0000');
});

test('binders of one’s own get their addresses when the parcel is sent', () => {
  const parcel = new Parcel().writeInt32(1).writeStrongBinder(new BBinder('a.b'));
  is(parcel, '01000000', ownBinder(0, 0));
  assert.equal(parcel.offsets, [4]);
  parcel.seal(() => ({ ptr: 0x7b00000010, cookie: 0x7b00000000 }));
  is(parcel, '01000000', ownBinder(0x7b00000010, 0x7b00000000));
});

test('null and handle 0 are no objects to the driver', () => {
  const manager = {
    stability: 0,
    transact: () => new BBinder().transact(1, new Parcel()),
    flat: () => ({ type: 'handle', handle: 0 }) as const,
  };
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
    /readString16 at byte 0 of 16: there is the length 6, and 12 bytes are left/,
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
      assert.is(hexOf(utf8Bytes(text)), Buffer.from(text, 'utf8').toString('hex'));
      assert.is(utf8Text(Buffer.from(text, 'utf8')), Buffer.from(text, 'utf8').toString('utf8'));
    }),
    { numRuns: 500, seed: 1 },
  );
  assert.is(utf8Text(new Uint8Array([0x61, 0xff, 0xc0, 0x80, 0x62])), 'a\ufffd\ufffd\ufffdb');
  assert.is(utf8Text(new Uint8Array([0xed, 0xa0, 0x80])), '\ufffd\ufffd\ufffd');
});

test.run();
