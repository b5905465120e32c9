/**
 * The two classes of the Encoding standard that turn text into bytes and back. The core is compiled without the DOM's
 * declarations and without node's, and both of them have these.
 */
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  decode(bytes: Uint8Array): string;
}
