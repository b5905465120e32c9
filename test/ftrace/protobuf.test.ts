/** The protobuf writer against a reader of the wire format. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ProtobufMessage } from '../../host/ftrace/protobuf.ts';

const test = suite('protobuf');

/** Reads a varint. @returns Its value, and where the next one begins. */
function varintAt(bytes: Uint8Array, at: number): [value: bigint, next: number] {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[at++] as number;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return [value, at];
  }
}

function fieldsOf(bytes: Uint8Array): { field: number; value: bigint | Uint8Array }[] {
  const fields: { field: number; value: bigint | Uint8Array }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [tag, behind] = varintAt(bytes, at);
    const [number, next] = varintAt(bytes, behind);
    const isBytes = (tag & 7n) === 2n;
    at = isBytes ? next + Number(number) : next;
    fields.push({ field: Number(tag >> 3n), value: isBytes ? bytes.slice(next, at) : number });
  }
  return fields;
}

test('numbers are varints, negative ones of 64 bits', () => {
  const known: readonly (readonly [number | bigint, readonly number[]])[] = [
    [0, [0x08, 0]],
    [127, [0x08, 0x7f]],
    [150, [0x08, 0x96, 0x01]],
    [-1, [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    [2n ** 64n - 1n, [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ];
  for (const [value, bytes] of known) assert.equal([...new ProtobufMessage().number(1, value).bytes], bytes);
});

test('what is written is read: numbers, text and messages, however long', () => {
  const number = fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }));
  const field = fc.integer({ min: 1, max: 900 });
  fc.assert(
    fc.property(fc.array(fc.tuple(field, number)), field, fc.string({ maxLength: 2000 }), (numbers, place, text) => {
      const message = new ProtobufMessage();
      for (const [at, value] of numbers) message.number(at, value);
      message.text(place, text);
      message.message(place, (inner) => inner.text(place, text));
      const inner = new ProtobufMessage().text(place, text).bytes;
      assert.equal(fieldsOf(message.bytes), [
        ...numbers.map(([at, value]) => ({ field: at, value: BigInt.asUintN(64, BigInt(value)) })),
        { field: place, value: new TextEncoder().encode(text) },
        { field: place, value: inner.slice() },
      ]);
    }),
  );
});

test.run();
