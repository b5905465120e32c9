/**
 * A file in a call: the message holds the sender's descriptor, and the driver replaces it by a new descriptor of the receiver
 * for the same open file. Large blobs are sent this way, too: the driver does not copy their bytes.
 *
 *     binderlab run examples/pass-a-file.ts --strace
 */
import {
  assert,
  BnInterface,
  BpInterface,
  defaultServiceManager,
  type Machine,
  ProcessState,
  readBlob,
  ServiceManager,
  type SimThread,
  sys,
  writeBlob,
} from 'binderlab';

const DESCRIPTOR = 'lab.INotes';
const APPEND = 1;
const SUM = 2;
const BLOB = 1024 * 1024;

const bytesOf = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const textOf = (bytes: Uint8Array) => String.fromCharCode(...bytes);

/** Which open file a descriptor refers to, and its contents. */
const look = ({ kernel }: SimThread, fd: number) => {
  const { file = 'none', content = new Uint8Array(0) } = kernel.fileInfo(fd);
  return { file, text: textOf(content) };
};

function* notes(files: string[]) {
  yield* (yield* ProcessState.self()).startThreadPool();
  const service = new BnInterface(DESCRIPTOR, {
    *[APPEND](data, reply) {
      const fd = data.readFileDescriptor();
      const { file, text } = look(yield* sys.self(), fd);
      files.push(file);
      console.log(`notes: descriptor ${fd} is ${file}: "${text}"`);
      yield* sys.write(fd, bytesOf(' And from notes.'));
      reply.writeInt32(fd);
    },
    *[SUM](data, reply) {
      reply.writeInt32((yield* readBlob(data)).reduce((sum, byte) => (sum + byte) | 0, 0));
    },
  });
  yield* (yield* defaultServiceManager()).addService('notes', service);
  yield* sys.pause();
}

function* app(machine: Machine, files: string[]) {
  const service = new BpInterface(yield* (yield* defaultServiceManager()).waitForService('notes'), DESCRIPTOR);
  const self = yield* sys.self();
  // takes two numbers, so that the app's numbers differ from the service's
  yield* sys.pipe();
  const fd = yield* sys.memfd();
  yield* sys.write(fd, bytesOf('Hello from app.'));
  const there = yield* service.call(
    APPEND,
    (data) => data.writeFileDescriptor(fd),
    (reply) => reply.readInt32(),
  );
  const { file, text } = look(self, fd);
  files.push(file);
  console.log(`app:   descriptor ${fd} is ${file}: "${text}"`);
  assert(there !== fd && files[0] === files[1], 'two numbers, one open file');
  assert(text === 'Hello from app. And from notes.', 'they also share the place where the next write goes');

  const blob = Uint8Array.from({ length: BLOB }, (_, i) => i % 251);
  const before = machine.counters().bytesCopied;
  const sum = yield* service.call(
    SUM,
    (data) => writeBlob(data, blob),
    (reply) => reply.readInt32(),
  );
  const copied = machine.counters().bytesCopied - before;
  assert(sum === blob.reduce((total, byte) => total + byte, 0), 'the service has read all of it');
  assert(copied < 200, 'the driver copied the message alone');
  console.log(`a blob of ${BLOB} bytes: the driver copied ${copied}`);
}

export default (machine: Machine) => {
  const sim = machine.simulate();
  ServiceManager.start(sim);
  const files: string[] = [];
  const service = sim.process('notes', () => notes(files));
  sim.process('app', () => app(machine, files), { uid: 10001 });
  sim.run();
  const left = machine.inspect
    .processes()
    .find(({ pid }) => pid === service.pid)
    ?.descriptors.map(({ fd }) => fd);
  assert(left?.join() === '0,1,2,3', 'what came in a message is closed with it');
};
