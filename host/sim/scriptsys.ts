/** `sys` as scripts have it: an act of theirs that is never run is noted. The library's own need no such care. */
import { sys as plain } from './sys.ts';
import { noted } from './unrun.ts';

export const sys: typeof plain = Object.fromEntries(
  Object.entries(plain).map(([name, make]) => [name, noted(make, `sys.${name}`)]),
) as unknown as typeof plain;
