/** Text and bytes, both ways. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BinderlabError } from '../../host/wire/error.ts';
import { addressOfHex, bytesOfHex, hexOfAddress, hexOfBytes } from '../../host/wire/hex.ts';

const test = suite('hex');

test('bytes', () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  assert.equal(bytesOfHex(hexOfBytes(all)), all);
  assert.is(hexOfBytes(new Uint8Array([0, 15, 255])), '000fff');
  assert.equal(bytesOfHex('0AfF'), new Uint8Array([10, 255]));
  assert.equal(bytesOfHex(''), new Uint8Array(0));
  for (const wrong of ['0', '0g', 'xx', '123'])
    assert.throws(
      () => bytesOfHex(wrong),
      (e: unknown) => e instanceof BinderlabError,
    );
});

test('addresses', () => {
  assert.is(hexOfAddress(0x70000000), '0x70000000');
  assert.is(addressOfHex('0x7fffffffff'), 0x7fffffffff);
  for (const wrong of ['0xffffffffffffffff', '-1', 'here', '0x1.8']) {
    assert.throws(
      () => addressOfHex(wrong),
      (e: unknown) => e instanceof BinderlabError,
    );
  }
});

test.run();
