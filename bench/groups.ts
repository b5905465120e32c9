/** Descriptions of the groups of cases, for people who know Binder. */

interface CaseGroup {
  /** The beginning of the cases' names. */
  name: string;
  what: string;
}

export const GROUPS: readonly CaseGroup[] = [
  {
    name: 'round-trip/driver',
    what: 'Four BINDER_WRITE_READ of prefilled commands: the client calls and sleeps, the server reads, frees and replies, the client’s read ends. Both messages have N bytes.',
  },
  {
    name: 'round-trip/host',
    what: 'The same through thread.writeRead, as scripts do it: commands are laid out and answers decoded each time.',
  },
  {
    name: 'round-trip/libbinder',
    what: 'A proxy calls a service, with parcels, thread pool and simulated schedule. The service sends the bytes back.',
  },
  { name: 'trace', what: 'The round trip of the driver while the guest records its events, and while it does not.' },
  {
    name: 'oneway/driver',
    what: 'Two BINDER_WRITE_READ: a oneway is sent, the receiver frees the one before and reads it.',
  },
  {
    name: 'object/add-service',
    what: 'A call with a new binder: node and ref are made, held, and dropped.',
  },
  { name: 'object/get-service', what: 'A reply with a handle that the receiver does not hold: a ref comes and goes.' },
  { name: 'object/hot', what: 'A call with a binder whose handle the receiver holds already.' },
  { name: 'object/cold', what: 'The same with a new binder, whose handle the receiver does not take.' },
  {
    name: 'alloc-free',
    what: 'binder_alloc alone, while N buffers are live: one is freed, one of another size is made. Any of them goes, or the newest (lifo).',
  },
  { name: 'translate', what: 'One flat_binder_object of a binder that the receiver knows becomes its handle.' },
  { name: 'copy-from-user', what: 'copy_from_user alone, page by page over the page table, to memory in one piece.' },
  { name: 'memory-copy', what: 'One memory.copy in plain wasm, to compare with: nothing of this emulator is in it.' },
  { name: 'boot', what: 'From nothing to the first ioctl; of that, instantiate is the engine’s share.' },
  {
    name: 'journal',
    what: 'The round trip of 4 bytes through the typed host: without a journal, with its last 4,096 steps, all in memory, all in a file, or told to strace.',
  },
  { name: 'replay/steps', what: 'One step of such round trips, replayed and compared, from a journal of either form.' },
  { name: 'snapshot', what: 'A call that changes a page, then a snapshot, or back to the last one.' },
  { name: 'scale/processes', what: 'A round trip of 4 bytes while there are N processes.' },
  { name: 'scale/refs', what: 'A round trip of 4 bytes to the last of N handles.' },
  { name: 'scale/queued', what: 'A oneway of 4 bytes while N others wait at another node of the process.' },
  {
    name: 'latency/wall',
    what: 'Single round trips, each timed by itself in this emulator; what reading the clock takes is taken off.',
  },
  {
    name: 'latency/virtual',
    what: 'Calls by libbinder on the simulated schedule, in virtual time: every system call takes what the cost model of compare says of what it does to memory (Cortex-A53, 1.4 GHz), every thread has a processor of its own, entering the kernel and switching cost nothing. 8 clients, with pauses of up to 100 µs that the seed decides, call a service of 4 threads that works 20 µs for each. The same on every machine.',
  },
];
