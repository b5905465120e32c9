/**
 * The memory of programs outside of the machine: the functions that the host gives to the guest. `space` says whose memory
 * it is, by the address of its record. A copy returns the number of bytes that it could not copy.
 */

/** Copies `size` bytes at `va` of the program to linear address `target`. */
export declare function read(space: usize, target: usize, va: f64, size: u32): u32;

/** Copies `size` bytes from linear address `source` to `va` of the program. */
export declare function write(space: usize, va: f64, source: usize, size: u32): u32;

/** What the program reads at `va`, in a Binder mapping, are the `size` bytes at linear address `source` from now on. */
export declare function show(space: usize, va: f64, source: usize, size: u32): void;
