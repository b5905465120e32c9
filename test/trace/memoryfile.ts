/** A file in memory. */
import type { FileSink } from '../../host/wasm/filesink.ts';

export function memoryFile(): FileSink & { bytes(): Uint8Array } {
  let content = new Uint8Array(0);
  return {
    get size() {
      return content.length;
    },
    read: (offset, length) => content.slice(offset, offset + length),
    write: (bytes) => {
      const longer = new Uint8Array(content.length + bytes.length);
      longer.set(content);
      longer.set(bytes, content.length);
      content = longer;
    },
    truncate: (size) => {
      content = content.slice(0, size);
    },
    close: () => {},
    bytes: () => content,
  };
}
