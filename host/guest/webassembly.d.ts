/**
 * The part of WebAssembly's JavaScript interface that the guest needs. The core runs in browsers and in node, and is
 * compiled without the declarations of either.
 */
declare namespace WebAssembly {
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  interface MemoryDescriptor {
    /** Pages of 64 KiB. */
    initial: number;
    maximum?: number;
  }
  const Memory: new (descriptor: MemoryDescriptor) => Memory;

  /** Compiled code; `exports` distinguishes it from other objects. */
  interface Module {
    readonly [Symbol.toStringTag]?: string;
  }
  const Module: (new (
    bytes: BufferSource,
  ) => Module) & {
    exports(module: Module): { name: string; kind: string }[];
    customSections(module: Module, name: string): ArrayBuffer[];
  };

  interface Instance {
    readonly exports: Record<string, unknown>;
  }
  const Instance: new (module: Module) => Instance;
}

type BufferSource = ArrayBuffer | ArrayBufferView;
