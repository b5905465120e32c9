/** Text in messages: UTF-8, as scripts send it when they give a string for data. */
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function bytesOfText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** What is no UTF-8 becomes U+FFFD. */
export function textOfBytes(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
