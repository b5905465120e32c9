/** UTF-8, both ways: the core of binderlab knows neither node nor the browser, and so no TextEncoder. */
const REPLACEMENT = 0xfffd;
/** The first code points of 2, 3 and 4 bytes, and their lead bytes. */
const FORMS = [
  { from: 0x10000, lead: 0xf0, tails: 3 },
  { from: 0x800, lead: 0xe0, tails: 2 },
  { from: 0x80, lead: 0xc0, tails: 1 },
] as const;

/** An unpaired surrogate becomes U+FFFD. */
export function utf8Bytes(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) as number;
    const code = point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point;
    const form = FORMS.find(({ from }) => code >= from);
    if (form === undefined) {
      bytes.push(code);
      continue;
    }
    bytes.push(form.lead | (code >> (6 * form.tails)));
    for (let tail = form.tails - 1; tail >= 0; tail--) bytes.push(0x80 | ((code >> (6 * tail)) & 0x3f));
  }
  return new Uint8Array(bytes);
}

/** Each byte outside a well-formed character becomes U+FFFD. */
export function utf8Text(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const [point, length] = pointAt(bytes, at);
    text += String.fromCodePoint(point);
    at += length;
  }
  return text;
}

/** @returns The code point at `at`, and its length in bytes. */
function pointAt(bytes: Uint8Array, at: number): [point: number, length: number] {
  const first = bytes[at] as number;
  if (first < 0x80) return [first, 1];
  const form = FORMS.find(({ lead, tails }) => first >= lead && first < lead + (0x40 >> tails));
  if (form === undefined) return [REPLACEMENT, 1];
  let point = first - form.lead;
  for (let tail = 1; tail <= form.tails; tail++) {
    const byte = bytes[at + tail] ?? 0;
    if ((byte & 0xc0) !== 0x80) return [REPLACEMENT, 1];
    point = (point << 6) | (byte & 0x3f);
  }
  const surrogate = point >= 0xd800 && point <= 0xdfff;
  if (point < form.from || point > 0x10ffff || surrogate) return [REPLACEMENT, 1];
  return [point, 1 + form.tails];
}
