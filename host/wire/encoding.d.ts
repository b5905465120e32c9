/**
 * TextEncoder and TextDecoder. The core is compiled without the declarations of the DOM and of Node; both platforms have
 * these two classes.
 */
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label?: string, options?: { ignoreBOM: boolean });
  decode(bytes: Uint8Array): string;
}
