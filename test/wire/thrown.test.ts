/** Whatever a script throws has words. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { thrownParts, thrownText } from '../../host/wire/thrown.ts';

const test = suite('thrown values');

const throwing = (part: string) =>
  Object.defineProperty(new Error('m'), part, {
    get() {
      throw new Error('read');
    },
  });

test('values that are no errors are texts', () => {
  assert.is(thrownText(undefined), 'undefined');
  assert.is(thrownText(Symbol('s')), 'Symbol(s)');
  assert.is(thrownText(Object.create(null)), 'a value without a text');
  assert.is(thrownText({ toString: () => Object.create(null) }), 'a value without a text');
  assert.is(thrownParts('text'), null);
});

test('parts that are of other types, or cannot be read, stand for nothing', () => {
  const odd = Object.assign(new Error('m'), { stack: 5, message: {}, name: 7 });
  assert.equal(thrownParts(odd), { isOurs: false, name: '7', message: '[object Object]', stack: '', cause: null });
  for (const part of ['name', 'message', 'stack', 'cause']) assert.ok(thrownParts(throwing(part)), part);
  assert.is(thrownParts(throwing('stack'))?.stack, '');
  assert.is(thrownText(throwing('message')), '');
});

test('an error may be its own cause', () => {
  const error = new Error('own');
  Object.assign(error, { cause: error });
  let depth = 0;
  for (let one = thrownParts(error); one !== null; one = one.cause) depth++;
  assert.is(depth, 6);
});

test.run();
