/**
 * Writes protobuf messages: what a trace of Perfetto needs of the format. Three kinds of field are all of it, so a library
 * with schemas would be larger than the traces' own fields.
 *
 *     field     tag, then a varint; or tag, length and bytes (text, messages)
 *     tag       field number * 8 + wire type, as a varint
 *     varint    7 bits a byte, lowest first; the top bit says that another byte follows. Negative numbers take 64 bits.
 */

const WIRE_VARINT = 0;
const WIRE_BYTES = 2;
const INITIAL_SIZE = 64;
const utf8 = new TextEncoder();

export class ProtobufMessage {
  #bytes = new Uint8Array(INITIAL_SIZE);
  #size = 0;

  /** The message so far: a view. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  /** A field of an integer type, of an enum, or a bool. */
  number(field: number, value: number | bigint): this {
    this.#tag(field, WIRE_VARINT);
    this.#varint(value);
    return this;
  }

  text(field: number, value: string): this {
    return this.append(field, utf8.encode(value));
  }

  message(field: number, write: (message: ProtobufMessage) => void): this {
    const inner = new ProtobufMessage();
    write(inner);
    return this.append(field, inner.bytes);
  }

  /** A field of bytes, or a message that is written already. */
  append(field: number, bytes: Uint8Array): this {
    this.#tag(field, WIRE_BYTES);
    this.#varint(bytes.length);
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#size);
    this.#size += bytes.length;
    return this;
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value <= 0x7fffffff) {
      let rest = value;
      for (; rest > 0x7f; rest >>>= 7) this.#byte((rest & 0x7f) | 0x80);
      this.#byte(rest);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 0x7fn; rest >>= 7n) this.#byte(Number(rest & 0x7fn) | 0x80);
    this.#byte(Number(rest));
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#bytes[this.#size++] = byte;
  }

  #room(more: number): void {
    if (this.#size + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#size + more));
    larger.set(this.bytes);
    this.#bytes = larger;
  }
}
