/** What the page carries: the journal, the guest and their names, packed, in elements of type text/plain. */

export interface EmbeddedFacts {
  /** The script or the journal. */
  readonly source: string;
  readonly strategy: string;
  readonly memoryMiB: number;
  /** The position at which the page opens; null: at the first message. */
  readonly at: number | null;
}

export interface Embedded {
  readonly facts: EmbeddedFacts;
  readonly journal: Uint8Array;
  readonly guest: WebAssembly.Module;
}

export async function readEmbedded(): Promise<Embedded> {
  const facts = JSON.parse(textOf('facts')) as EmbeddedFacts;
  const [journal, wasm] = await Promise.all([unpacked(textOf('journal')), unpacked(textOf('guest'))]);
  return { facts, journal, guest: await WebAssembly.compile(wasm) };
}

function textOf(id: string): string {
  return document.getElementById(id)?.textContent ?? '';
}

/** @param text Bytes, compressed by gzip, in base64. */
async function unpacked(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
