/** Random programs' use of death and freeze notifications. */
import { bc } from '../../commands.ts';
import type { KnownProcess } from './known.ts';
import { type Acting, send } from './sending.ts';

/** A cookie of no request. */
const UNKNOWN_COOKIE = 0x5555;

/** Requests a death notification, clears it, or acknowledges it. */
export async function death(acting: Acting): Promise<void> {
  const { world, process } = acting;
  const { draws } = world;
  const kind = draws.fraction();
  if (
    (kind < 0.5 && process.deathsTold.length === 0) ||
    (process.deaths.length === 0 && process.deathsTold.length === 0)
  ) {
    const watched = process.handles().filter((handle) => process.owner.get(handle)?.dead === false);
    const isKnown = watched.length > 0 && draws.chance(0.6);
    const handle = isKnown ? (draws.pick(watched) as number) : world.someHandle(process);
    const cookie = world.nextCookie();
    process.deaths.push([handle, cookie]);
    await send(acting, [bc.requestDeath(handle, cookie)], 0.12);
  } else if (kind < 0.7 && process.deaths.length > 0) {
    const [handle, cookie] = draws.chance(0.8)
      ? draws.takeAny(process.deaths)
      : (draws.pick(process.deaths) as [number, number]);
    await send(acting, [bc.clearDeath(handle, draws.chance(0.95) ? cookie : cookie + 1)], 0.5);
  } else if (process.deathsTold.length > 0) {
    const cookie = draws.chance(0.95) ? draws.takeAny(process.deathsTold) : UNKNOWN_COOKIE;
    await send(acting, [bc.deadBinderDone(cookie)], 0.5);
  }
}

/** Requests a freeze notification, clears it, or acknowledges it. */
export async function freezeNote(acting: Acting): Promise<void> {
  const { world, process } = acting;
  const { draws } = world;
  const kind = draws.fraction();
  if (
    (kind < 0.4 && process.freezesTold.length === 0) ||
    (process.freezes.length === 0 && process.freezesTold.length === 0)
  ) {
    const handle = world.someHandle(process);
    const cookie = world.nextCookie();
    process.freezes.push([handle, cookie]);
    await send(acting, [bc.requestFreeze(handle, cookie)], 0.5);
  } else if (kind < 0.6 && process.freezes.length > 0) {
    const [handle, cookie] = draws.chance(0.8)
      ? draws.takeAny(process.freezes)
      : (draws.pick(process.freezes) as [number, number]);
    await send(acting, [bc.clearFreeze(handle, draws.chance(0.95) ? cookie : cookie + 1)], 0.5);
  } else if (process.freezesTold.length > 0) {
    const cookie = draws.chance(0.95) ? draws.takeAny(process.freezesTold) : UNKNOWN_COOKIE;
    await send(acting, [bc.freezeDone(cookie)], 0.5);
  }
}

/** Freezes a process, thaws one, or asks for its state. */
export async function freeze({ world, known: { thread } }: Acting): Promise<void> {
  const { draws, manager, soon } = world;
  const victims = world.alive().filter((process) => process !== manager);
  if (victims.length === 0) return;
  const victim = draws.pick(victims) as KnownProcess;
  const kind = draws.fraction();
  const looksSoon = (probability: number) => {
    for (const process of world.alive()) {
      if (process.freezes.length > 0 && draws.chance(probability)) soon.push(process);
    }
  };
  if (kind < 0.45) {
    const { ret, parked } = await thread.freeze(victim.process, 1, 0);
    if (ret !== 0 || parked) return;
    victim.isFrozen = true;
    looksSoon(0.7);
  } else if (kind < 0.8) {
    const frozen = world.alive().find(({ isFrozen }) => isFrozen) ?? victim;
    await thread.freeze(frozen.process, 0, 0);
    frozen.isFrozen = false;
    looksSoon(0.5);
  } else {
    await thread.frozenInfo(victim.process);
  }
}
