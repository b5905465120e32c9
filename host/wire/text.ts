/** Text in messages: UTF-8, in parcels, and when a script passes a string as data. And the spelling of names. */
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** An unpaired surrogate becomes U+FFFD. */
export function bytesOfText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Invalid UTF-8 becomes U+FFFD. */
export function textOfBytes(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** The name in camelCase: `freeBuffer` of `free_buffer`. */
export function camelCase(name: string): string {
  return name.replace(/_./g, ([, letter = '']) => letter.toUpperCase());
}
