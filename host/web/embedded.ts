/** What the page carries: the journal, the guest and their names, packed, in elements of type text/plain. */
import { compileGuest } from '../guest/code.ts';

export interface EmbeddedFacts {
  /** The script or the journal. */
  readonly source: string;
  readonly strategy: string;
  readonly memoryMiB: number;
  /** The position at which the page opens; null: at the first message. */
  readonly at: number | null;
  /** Seeds of the journals that the page has. */
  readonly seeds: readonly number[];
}

export interface Embedded {
  readonly facts: EmbeddedFacts;
  /** The journal of the seed that the address names; else the first one. */
  readonly journal: Uint8Array;
  readonly guest: WebAssembly.Module;
}

export async function readEmbedded(): Promise<Embedded> {
  const facts = JSON.parse(textOf('facts')) as EmbeddedFacts;
  const number = Math.max(0, facts.seeds.indexOf(Number(new URLSearchParams(location.hash.slice(1)).get('seed'))));
  const [journal, wasm] = await Promise.all([unpacked(textOf(`journal-${number}`)), unpacked(textOf('guest'))]);
  return { facts, journal, guest: compileGuest(wasm) };
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
