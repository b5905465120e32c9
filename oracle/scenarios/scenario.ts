/** What a scenario is: a name, what it shows, and an asynchronous function that makes the calls. */
import type { Script } from '../script.ts';

export interface Scenario {
  name: string;
  desc: string;
  seed?: number;
  /** Security context that senders have; without one there is no security module that can name a sender. */
  secctx?: string;
  /** It shows what two processors would race for. */
  racy?: boolean;
  run(script: Script): Promise<void>;
}

/** The context of every sender under SELinux without a policy: "kernel", with its NUL. */
export const SELINUX_CONTEXT = '6b65726e656c00';

export function scenario(
  name: string,
  desc: string,
  run: (script: Script) => Promise<void>,
  more: Pick<Scenario, 'secctx' | 'racy'> = {},
): Scenario {
  return { name, desc, run, ...more };
}
