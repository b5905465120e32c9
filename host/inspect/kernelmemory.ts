/**
 * Kernel objects, read out of guest memory by the layout that the compiler wrote (build/layout.ts). An object has its
 * class's fields by their names in the guest; a pointer is the object that it points to. Nothing is copied: each access
 * to a field reads guest memory.
 *
 *     kernel.list(kernel.roots.procs, 'Proc', 'procsNext').map((proc) => proc.alloc.asyncFree)
 */
import { CLASSES } from '../../build/layout.ts';
import type { Guest } from '../guest/guest.ts';

/** A class of the guest, by its name there. */
export type ClassName = keyof typeof CLASSES;
export type FieldName<C extends ClassName> = keyof (typeof CLASSES)[C]['fields'] & string;

type FieldType<C extends ClassName, F extends FieldName<C>> = (typeof CLASSES)[C]['fields'][F] extends readonly [
  number,
  infer T,
]
  ? T
  : never;
type FieldValue<T> = T extends 'bool'
  ? boolean
  : T extends 'i64' | 'u64'
    ? bigint
    : T extends ClassName
      ? KernelObject<T>
      : T extends `${infer C extends ClassName} | null`
        ? KernelObject<C> | null
        : number;

/** An object of a class. A field of 64 bits is a bigint; a plain address is a number. */
export type KernelObject<C extends ClassName> = Located<C> & {
  readonly [F in FieldName<C>]: FieldValue<FieldType<C, F>>;
};

/** What an object has besides its fields. */
abstract class Located<C extends ClassName> {
  constructor(
    protected readonly source: KernelMemory,
    /** Linear address of the object. */
    readonly linear: number,
  ) {}

  /** Linear address of a field. */
  abstract addressOf(field: FieldName<C>): number;
}

type ObjectMaker = new (source: KernelMemory, linear: number) => Located<ClassName>;
type Field = readonly [offset: number, type: string];

type Read = (data: DataView, at: number) => number | bigint | boolean;

const readPointer = (data: DataView, at: number): number => data.getUint32(at, true);
/** By the types that asc writes. Any other is a class's: a pointer. */
const READERS: Readonly<Record<string, Read>> = {
  bool: (data, at) => data.getUint8(at) !== 0,
  u8: (data, at) => data.getUint8(at),
  u16: (data, at) => data.getUint16(at, true),
  u32: readPointer,
  usize: readPointer,
  i32: (data, at) => data.getInt32(at, true),
  i64: (data, at) => data.getBigInt64(at, true),
  u64: (data, at) => data.getBigUint64(at, true),
};
/** Made once for all machines. */
const makers = new Map<ClassName, ObjectMaker>();
const LIST_NEXT = 0;
const [TREE_LEFT, TREE_RIGHT] = [4, 8];

export class KernelMemory {
  constructor(readonly guest: Guest) {}

  /** The roots: objects of which the machine has one. */
  get roots(): KernelObject<'Roots'> {
    return this.object('Roots', this.guest.raw.inspectRoots());
  }

  object<C extends ClassName>(type: C, linear: number): KernelObject<C> {
    let maker = makers.get(type);
    if (maker === undefined) {
      maker = makerOf(type);
      makers.set(type, maker);
    }
    return new maker(this, linear) as KernelObject<C>;
  }

  /** The objects of a list, in its order. @param link The field in each that links it to the next one. */
  list<C extends ClassName>(head: number, type: C, link: FieldName<C>): KernelObject<C>[] {
    const objects: KernelObject<C>[] = [];
    const offset = fieldOf(type, link)[0];
    for (let at = this.#u32(head + LIST_NEXT); at !== head; at = this.#u32(at + LIST_NEXT)) {
      objects.push(this.object(type, at - offset));
    }
    return objects;
  }

  /** The objects of a red-black tree, in its order. @param root Its topmost node; 0 of an empty tree. */
  tree<C extends ClassName>(root: number, type: C, node: FieldName<C>): KernelObject<C>[] {
    if (root === 0) return [];
    return [
      ...this.tree(this.#u32(root + TREE_LEFT), type, node),
      this.object(type, root - fieldOf(type, node)[0]),
      ...this.tree(this.#u32(root + TREE_RIGHT), type, node),
    ];
  }

  /** Objects that are contiguous in memory. */
  array<C extends ClassName>(first: number, type: C, count: number): KernelObject<C>[] {
    const { size } = CLASSES[type];
    return Array.from({ length: count }, (_, index) => this.object(type, first + index * size));
  }

  /** 32-bit words that are contiguous in memory: a view, not a copy. */
  words(first: number, count: number): Uint32Array {
    return this.guest.u32.subarray(first >> 2, (first >> 2) + count);
  }

  /** All fields of an object; a pointer is an address. */
  plain(type: ClassName, linear: number): Readonly<Record<string, number | bigint | boolean>> {
    return Object.fromEntries(Object.keys(fieldsOf(type)).map((name) => [name, this.plainField(type, linear, name)]));
  }

  /** One of them. */
  plainField(type: ClassName, linear: number, field: string): number | bigint | boolean {
    const [offset, fieldType] = fieldsOf(type)[field] as Field;
    const read = READERS[fieldType] ?? readPointer;
    return read(this.guest.data, linear + offset);
  }

  #u32(linear: number): number {
    return this.guest.data.getUint32(linear, true);
  }
}

/** Offset of a field, and its type as asc writes it: `u32`, `Node | null`. */
export function fieldOf<C extends ClassName>(type: C, field: FieldName<C>): Field {
  return (CLASSES[type].fields as Readonly<Record<string, Field>>)[field] as Field;
}

export function fieldsOf(type: ClassName): Readonly<Record<string, Field>> {
  return CLASSES[type].fields;
}

/** Bytes of a field of a type, as asc writes the type. */
export function bytesOf(type: string): number {
  if (type === 'bool' || type === 'u8') return 1;
  if (type === 'u16') return 2;
  return type === 'i64' || type === 'u64' ? 8 : 4;
}

export function isClassName(name: unknown): name is ClassName {
  return typeof name === 'string' && Object.hasOwn(CLASSES, name);
}

/** Bytes of a class's fields. */
export function sizeOf(type: ClassName): number {
  return CLASSES[type].size;
}

function makerOf(type: ClassName): ObjectMaker {
  const fields = fieldsOf(type);
  const maker = class extends Located<ClassName> {
    override addressOf(field: string): number {
      return this.linear + (fields[field] as Field)[0];
    }
  };
  for (const [name, field] of Object.entries(fields)) {
    const value = getterOf(field);
    Object.defineProperty(maker.prototype, name, {
      get(this: { source: KernelMemory; linear: number }) {
        return value(this.source, this.linear);
      },
    });
  }
  return maker;
}

function getterOf([offset, type]: Field): (source: KernelMemory, linear: number) => unknown {
  const read = READERS[type];
  if (read !== undefined) return ({ guest }, linear) => read(guest.data, linear + offset);
  const [name, orNull] = type.split(' | ');
  return (source, linear) => {
    const target = readPointer(source.guest.data, linear + offset);
    return target === 0 && orNull !== undefined ? null : source.object(name as ClassName, target);
  };
}
