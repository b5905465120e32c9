/** ZygoteProcess: the system server's side of the socket; asks Zygote for processes, one at a time. */

import type { Act } from '../sim/request.ts';
import { sys } from '../sim/sys.ts';
import { BinderlabError } from '../wire/error.ts';
import { Monitor } from './monitor.ts';
import { ANSWER_SIZE, answeredPid, requestBytes, type ZygoteArguments } from './zygotearguments.ts';

/** Zygote created no process. */
export class ZygoteError extends BinderlabError {
  override readonly name = 'ZygoteError';
}

export class ZygoteProcess {
  readonly #monitor = new Monitor("Zygote's socket");

  /** @param socket This process's end of the pair. */
  constructor(private readonly socket: number) {}

  /**
   * Asks for a process.
   *
   * @returns Its pid.
   * @throws ZygoteError when Zygote creates none, or is dead.
   */
  *start(wanted: ZygoteArguments): Act<number> {
    const request = requestBytes(wanted);
    const answer = yield* this.#monitor.synchronized(() => this.#ask(request));
    const pid = answeredPid(answer);
    if (pid === null) throw new ZygoteError(`Zygote made no process for ${wanted.packageName}`);
    return pid;
  }

  *#ask(request: Uint8Array): Act<Uint8Array> {
    for (let sent = 0; sent < request.length; ) {
      const { ret, errno } = yield* sys.write(this.socket, request.subarray(sent), { mayFail: true });
      if (ret === null || ret < 0) throw new ZygoteError(`Zygote cannot be asked: ${errno}`);
      sent += ret;
    }
    const answer = new Uint8Array(ANSWER_SIZE);
    for (let got = 0; got < ANSWER_SIZE; ) {
      const { bytes } = yield* sys.read(this.socket, ANSWER_SIZE - got);
      if (bytes.length === 0) throw new ZygoteError('Zygote is gone: its end of the socket is closed');
      answer.set(bytes, got);
      got += bytes.length;
    }
    return answer;
  }
}
