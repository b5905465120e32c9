/** The record: the one place where cursors describe what they stand on. Blank while nobody looks. */
import { RECORD_WORDS } from '../abi/inspect';

const record: usize = memory.data(RECORD_WORDS * 4, 8);

/** Linear address of word 0. */
export function recordAddress(): usize {
  return record;
}

export function recordClear(): void {
  memory.fill(record, 0, RECORD_WORDS * 4);
}

export function recordPut(word: i32, value: u32): void {
  assert(word >= 0 && word < RECORD_WORDS, 'recordPut: no such word');
  store<u32>(wordAt(word), value);
}

/** A handle or another linear address. */
export function recordPutAddress(word: i32, address: usize): void {
  recordPut(word, <u32>address);
}

export function recordPutFlag(word: i32, value: bool): void {
  recordPut(word, value ? 1 : 0);
}

/** The low half at `word`, the high half behind it. */
export function recordPut64(word: i32, value: u64): void {
  recordPut(word, <u32>value);
  recordPut(word + 1, <u32>(value >> 32));
}

/** Copies `words` words that lie at `source` in the same order. */
export function recordPutAll(word: i32, source: usize, words: i32): void {
  assert(word >= 0 && word + words <= RECORD_WORDS, 'recordPutAll: too many words');
  memory.copy(wordAt(word), source, <usize>words * 4);
}

function wordAt(word: i32): usize {
  return record + <usize>word * 4;
}
