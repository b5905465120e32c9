/** A scenario: a name, its subject, and an asynchronous function that makes the calls. */
import type { Script } from '../script.ts';

export interface Scenario {
  name: string;
  desc: string;
  seed?: number;
  /** Security context of senders; without one no security module can name a sender. */
  secctx?: string;
  /** It shows something that two processors would race for. */
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
