/**
 * The messages on Zygote's socket: a request and its answer.
 *
 *     request   the number of arguments, then the arguments: decimal and text, each with a line feed
 *     answer    int32 pid (big endian, as Java's streams have it; below 0: no process was made), one byte: under a wrapper?
 */

import { BinderlabError } from '../wire/error.ts';
import { bytesOfText, textOfBytes } from '../wire/text.ts';

export interface ZygoteArguments {
  /** The uid of the process. */
  readonly uid: number;
  /** The name of the process. */
  readonly niceName: string;
  /** The package that it runs. */
  readonly packageName: string;
  /** Number of the start: ActivityManager recognizes the process by it. */
  readonly startSeq: number;
}

/** The class whose main function the process runs. */
const ENTRY_POINT = 'android.app.ActivityThread';
export const ANSWER_SIZE = 5;
const REFUSED = -1;

export function requestBytes({ uid, niceName, packageName, startSeq }: ZygoteArguments): Uint8Array {
  const words = [
    '--runtime-args',
    `--setuid=${uid}`,
    `--setgid=${uid}`,
    `--nice-name=${niceName}`,
    `--package-name=${packageName}`,
    ENTRY_POINT,
    `seq=${startSeq}`,
  ];
  if (words.some((word) => word.includes('\n'))) throw new BinderlabError('an argument of Zygote is one line');
  return bytesOfText(`${[words.length, ...words].join('\n')}\n`);
}

/**
 * Takes one request from the front of the received bytes.
 *
 * @returns Its words and the remaining bytes; null while it is incomplete.
 * @throws BinderlabError for an invalid request.
 */
export function takeRequest(arrived: Uint8Array): { words: string[]; rest: Uint8Array } | null {
  const [count, at] = lineAt(arrived, 0) ?? [null, 0];
  if (count === null) return null;
  if (!/^\d{1,4}$/.test(count))
    throw new BinderlabError(`a request begins with the number of its arguments, not "${count}"`);
  const words: string[] = [];
  let next = at;
  while (words.length < Number(count)) {
    const line = lineAt(arrived, next);
    if (line === null) return null;
    words.push(line[0]);
    next = line[1];
  }
  return { words, rest: arrived.slice(next) };
}

/** @throws BinderlabError when an argument is missing or invalid. */
export function argumentsOf(words: readonly string[]): ZygoteArguments {
  const value = (key: string): string => {
    const word = words.find((one) => one.startsWith(`${key}=`));
    if (word === undefined) throw new BinderlabError(`the request to Zygote has no ${key}`);
    return word.slice(key.length + 1);
  };
  const number = (key: string): number => {
    const text = value(key);
    if (!/^\d{1,9}$/.test(text))
      throw new BinderlabError(`the request to Zygote has ${key}=${text}, which is not a number`);
    return Number(text);
  };
  if (!words.includes(ENTRY_POINT)) throw new BinderlabError(`Zygote was not asked for ${ENTRY_POINT}`);
  return {
    uid: number('--setuid'),
    niceName: value('--nice-name'),
    packageName: value('--package-name'),
    startSeq: number('seq'),
  };
}

/** @param pid null: no process was made. */
export function answerBytes(pid: number | null): Uint8Array {
  const bytes = new Uint8Array(ANSWER_SIZE);
  new DataView(bytes.buffer).setInt32(0, pid ?? REFUSED);
  return bytes;
}

/** @returns The pid; null when no process was made. */
export function answeredPid(bytes: Uint8Array): number | null {
  const pid = new DataView(bytes.buffer, bytes.byteOffset, ANSWER_SIZE).getInt32(0);
  return pid < 0 ? null : pid;
}

/** @returns The line and the start of the next one; null for an incomplete line. */
function lineAt(bytes: Uint8Array, start: number): [line: string, next: number] | null {
  const end = bytes.indexOf(0x0a, start);
  return end < 0 ? null : [textOfBytes(bytes.subarray(start, end)), end + 1];
}
