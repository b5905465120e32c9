/** Offsets and sizes of assembly/abi/wire, against what C's rules make of the structures; and nothing is left out. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as wire from '../../assembly/abi/wire.ts';
import { layoutOf, STRUCTURES, type StructureName } from './structures.ts';

const test = suite('wire');
const declared: Readonly<Record<string, number>> = wire;
const names = Object.keys(STRUCTURES) as StructureName[];

/** What the whole table comes to: `FLAT_OBJECT_SIZE` 24, `FLAT_OBJECT_COOKIE` 16, ... */
function expected(): Map<string, number> {
  const all = new Map<string, number>();
  for (const name of names) {
    const { size, offsets } = layoutOf(name);
    all.set(`${name}_SIZE`, size);
    for (const [field, offset] of offsets) all.set(`${name}_${field}`, offset);
  }
  return all;
}

for (const [name, value] of Object.entries(declared)) {
  test(name, () => assert.is(value, expected().get(name), `${name} is in no structure, or elsewhere in it`));
}

test('every structure that user space passes is declared', () => {
  const missing = names.filter((name) => !Object.keys(declared).some((one) => one.startsWith(`${name}_`)));
  // a word with these two as its payload is refused before anything of it is read
  assert.equal(missing, ['PRI_DESC', 'PRI_PTR_COOKIE']);
});

/** Sizes as they are published. */
const SIZES: Readonly<Partial<Record<StructureName, number>>> = {
  WRITE_READ: 48,
  TRANSACTION_DATA: 64,
  TRANSACTION_DATA_SECCTX: 72,
  TRANSACTION_DATA_SG: 72,
  FLAT_OBJECT: 24,
  FD_OBJECT: 24,
  BUFFER_OBJECT: 40,
  FD_ARRAY_OBJECT: 32,
  PTR_COOKIE: 16,
  HANDLE_COOKIE: 12,
  PRI_DESC: 8,
  NODE_DEBUG_INFO: 24,
  NODE_INFO_FOR_REF: 24,
  FREEZE_INFO: 12,
  FROZEN_STATUS_INFO: 12,
  FROZEN_STATE_INFO: 16,
  EXTENDED_ERROR: 12,
};
for (const [name, size] of Object.entries(SIZES)) {
  test(`${name} takes ${size} bytes`, () => assert.is(layoutOf(name as StructureName).size, size));
}

test.run();
