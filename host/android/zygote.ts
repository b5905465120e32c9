/**
 * Zygote: the process that all others are forked from. It has the code of every package loaded, waits for requests at
 * its end of a socket pair, and never opens Binder: a fork copies one thread only, and libbinder cannot be used in a
 * child of a process that has it. The child opens Binder for itself, in onZygoteInit.
 *
 *     zygote: socketpair -> fork system_server -> read a request -> fork an application -> write its pid -> read ...
 *     child:  close the socket -> setresuid -> onZygoteInit: ProcessState, startThreadPool -> its main
 */
import { ProcessState } from '../binder/processstate.ts';
import { BinderlabError } from '../kernel/error.ts';
import type { Process } from '../kernel/process.ts';
import type { Act } from '../sim/request.ts';
import type { Simulation } from '../sim/simulation.ts';
import { sys } from '../sim/sys.ts';
import { answerBytes, argumentsOf, takeRequest, type ZygoteArguments } from './zygotearguments.ts';

/** A main that a child runs, once it is a process of its own with a pool of Binder threads. */
export type Main = (startSeq: number) => Act<unknown>;

export interface ZygoteOptions {
  /** The main of the system server, which is forked first. @param socket Its end of the socket pair. */
  readonly systemServer: (socket: number) => Act<unknown>;
  /** The main of an application's process, by the name of its package; undefined: there is no such package. */
  readonly mainOf: (packageName: string) => Main | undefined;
  /** The name of the system server's process. */
  readonly systemServerName?: string;
  readonly systemUid?: number;
}

export const SYSTEM_UID = 1000;

export class Zygote {
  /** What has arrived and is no whole request yet. */
  #arrived: Uint8Array = new Uint8Array(0);

  private constructor(private readonly options: ZygoteOptions) {}

  /** Makes the process. */
  static start(simulation: Simulation, options: ZygoteOptions, name = 'zygote'): Process {
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

  /** @returns Whether there is anybody left to serve. */
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

/** The first thing that a child does: it opens Binder, and begins to take calls. */
export function* onZygoteInit(): Act<void> {
  yield* (yield* ProcessState.self()).startThreadPool();
}
