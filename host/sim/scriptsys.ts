/** `sys` for scripts: an act that a script never runs is noted. Acts of the library need no check. */
import { sys as plain } from './sys.ts';
import { noted } from './unrun.ts';

export const sys: typeof plain = Object.fromEntries(
  Object.entries(plain).map(([name, make]) => [name, noted(make, `sys.${name}`)]),
) as unknown as typeof plain;
