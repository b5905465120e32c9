/**
 * Zygote: the parent of all other processes. It has the code of every package loaded, waits for requests on its end of a
 * socket pair, and never opens Binder: a fork copies one thread only, and libbinder does not work in the child of a process
 * that uses it. The child opens Binder itself, in onZygoteInit.
 *
 *     zygote: socketpair -> fork system_server -> read a request -> fork an application -> write its pid -> read ...
 *     child:  close the socket -> setresuid -> onZygoteInit: ProcessState, startThreadPool -> its main
 */
import { ProcessState } from '../binder/processstate.ts';
import type { Process } from '../os/process.ts';
import type { Act } from '../sim/request.ts';
import type { Simulation } from '../sim/simulation.ts';
import { sys } from '../sim/sys.ts';
import { BinderlabError } from '../wire/error.ts';
import { checkNames } from '../wire/forms.ts';
import { answerBytes, argumentsOf, takeRequest, type ZygoteArguments } from './zygotearguments.ts';

/** The main function of a child; runs when the child has a pool of Binder threads. */
export type Main = (startSeq: number) => Act<unknown>;

export interface ZygoteOptions {
  /** Main function of the system server, the first child. @param socket Its end of the socket pair. */
  readonly systemServer: (socket: number) => Act<unknown>;
  /** Main function of an application's process, by package; undefined for an unknown package. */
  readonly mainOf: (packageName: string) => Main | undefined;
  /** The name of the system server's process. */
  readonly systemServerName?: string;
  readonly systemUid?: number;
}

const SYSTEM_UID = 1000;
const ZYGOTE_OPTIONS: readonly (keyof ZygoteOptions)[] = ['systemServer', 'mainOf', 'systemServerName', 'systemUid'];

export class Zygote {
  /** Bytes of an incomplete request. */
  #arrived: Uint8Array = new Uint8Array(0);

  private constructor(private readonly options: ZygoteOptions) {}

  /** Creates the process. */
  static start(simulation: Simulation, options: ZygoteOptions, name = 'zygote'): Process {
    checkNames('Zygote.start', options, ZYGOTE_OPTIONS);
    return simulation.process(name, () => new Zygote(options).#main());
  }

  *#main(): Act<void> {
    const [own, servers] = yield* sys.socketPair();
    yield* this.#forkSystemServer(own, servers);
    yield* sys.close(servers);
    while (yield* this.#serve(own));
  }

  *#forkSystemServer(own: number, servers: number): Act<void> {
    const { systemServer, systemServerName = 'system_server', systemUid = SYSTEM_UID } = this.options;
    yield* sys.fork(systemServerName, function* () {
      yield* sys.close(own);
      yield* sys.setUid(systemUid);
      yield* onZygoteInit();
      yield* systemServer(servers);
    });
  }

  /** @returns Whether to continue. */
  *#serve(socket: number): Act<boolean> {
    const words = yield* this.#nextRequest(socket);
    if (words === null) return false;
    let child: Process | null = null;
    try {
      child = yield* this.#forkAndSpecialize(argumentsOf(words), socket);
    } catch (error) {
      if (!(error instanceof BinderlabError)) throw error;
    }
    yield* sys.write(socket, answerBytes(child?.pid ?? null));
    return true;
  }

  /** @returns The words of the next request; null when the other end is closed. */
  *#nextRequest(socket: number): Act<string[] | null> {
    for (;;) {
      const request = takeRequest(this.#arrived);
      if (request !== null) {
        this.#arrived = request.rest;
        return request.words;
      }
      const { bytes } = yield* sys.read(socket);
      if (bytes.length === 0) return null;
      this.#arrived = new Uint8Array([...this.#arrived, ...bytes]);
    }
  }

  *#forkAndSpecialize({ uid, niceName, packageName, startSeq }: ZygoteArguments, socket: number): Act<Process> {
    const main = this.options.mainOf(packageName);
    if (main === undefined) throw new BinderlabError(`there is no package ${packageName}`);
    return yield* sys.fork(niceName, function* () {
      yield* sys.close(socket);
      yield* sys.setUid(uid);
      yield* onZygoteInit();
      yield* main(startSeq);
    });
  }
}

/** The first act of a child: opens Binder, and starts its pool. */
export function* onZygoteInit(): Act<void> {
  yield* (yield* ProcessState.self()).startThreadPool();
}
