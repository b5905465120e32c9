/** What processes hold of each other: handles for objects, by holder and owner. A number that only grows is a leak. */
import type { Inspector } from './inspector.ts';
import { type Named, nameText } from './shortage.ts';

export interface Holding {
  readonly holder: Named;
  /** Owner of the objects; null for those of processes that are dead. */
  readonly owner: Named | null;
  readonly handles: number;
  /** How many of them the holder has acquired: their objects stay alive for it. */
  readonly acquired: number;
  /** The handle that it got last, and its object: where to begin to look. */
  readonly newest: { readonly handle: number; readonly node: number };
}

/** @param nameOf Name of a process; null for one that has none. @returns The largest number first; handle 0 does not count. */
export function holdingsOf(inspector: Inspector, nameOf: (pid: number) => string | null): Holding[] {
  const procs = inspector.procs();
  const owners = new Map(procs.flatMap(({ pid, nodes }) => nodes.map(({ handle }) => [handle, pid] as const)));
  const named = (pid: number): Named => ({ pid, name: nameOf(pid) });
  const groups = new Map<string, Holding & { newestId: number }>();
  for (const { pid, refs } of [...procs].reverse()) {
    for (const { desc, strong, id, node } of refs) {
      if (desc === 0) continue;
      const owner = owners.get(node.handle) ?? null;
      const key = `${pid} ${owner}`;
      const { handles = 0, acquired = 0, newestId = 0, newest } = groups.get(key) ?? {};
      groups.set(key, {
        holder: named(pid),
        owner: owner === null ? null : named(owner),
        handles: handles + 1,
        acquired: acquired + (strong > 0 ? 1 : 0),
        newest: newest === undefined || id > newestId ? { handle: desc, node: node.id } : newest,
        newestId: Math.max(id, newestId),
      });
    }
  }
  const holdings = [...groups.values()].map(({ newestId: _, ...holding }) => holding);
  return holdings.sort((one, other) => other.handles - one.handles);
}

/** The holdings in words, a line each. */
export function holdingLines(holdings: readonly Holding[]): string[] {
  return holdings.map(({ holder, owner, handles, acquired, newest }) => {
    const count = handles === 1 ? '1 handle' : `${handles} handles`;
    const objects = owner === null ? 'objects of the dead' : `objects of ${nameText(owner)}`;
    return `${nameText(holder)} holds ${count} for ${objects}, ${acquired} acquired; the newest is handle ${newest.handle}, node ${newest.node}`;
  });
}
