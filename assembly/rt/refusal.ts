/**
 * The hooks that asc calls where a program allocates: objects, arrays, closures, string concatenation, `heap.alloc`,
 * `new` on an `@unmanaged` class. asc compiles a hook only if something reaches it, and each body is a compile error;
 * a build that passes is the proof that the guest has neither heap nor garbage collector. String literals (the texts
 * of asserts) are static data and need no hook.
 *
 * asc finds the hooks by their names, hence the decorators, which tsc and Biome cannot read on functions.
 */

@global @unsafe
export function __alloc(size: usize): usize {
  ERROR('the guest has no heap: this program calls heap.alloc, or `new` on an @unmanaged class');
  return 0;
}

@global @unsafe
export function __realloc(block: usize, size: usize): usize {
  ERROR('the guest has no heap: this program calls heap.realloc');
  return 0;
}

@global @unsafe
export function __free(block: usize): void {
  ERROR('the guest has no heap: this program calls heap.free');
}

@global @unsafe
export function __new(size: usize, id: u32): usize {
  ERROR('the guest has no heap: this program makes an object, array, string or closure');
  return 0;
}

@global @unsafe
export function __renew(object: usize, size: usize): usize {
  ERROR('the guest has no heap: this program grows an array or a string');
  return 0;
}

@global @unsafe
export function __link(parent: usize, child: usize, expectMultiple: bool): void {
  ERROR('the guest has no garbage collector: this program stores a managed reference');
}

@global @unsafe
export function __collect(): void {
  ERROR('the guest has no garbage collector: this program collects garbage');
}

/** asc links it whenever managed types exist, string literals included; nothing ever calls it. */
@global @unsafe
export function __visit(object: usize, cookie: u32): void {
  unreachable();
}
