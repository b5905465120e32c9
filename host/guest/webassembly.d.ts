/**
 * The few words of WebAssembly's JavaScript interface that the guest needs. The core is compiled without the
 * DOM's declarations and without node's, and both of them run it.
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

  /** Compiled code; `exports` tells it apart from any other object. */
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
