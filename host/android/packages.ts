/** The installed packages: their code, and their uids. */
import type { IBinder } from '../binder/parcel.ts';
import type { Act } from '../sim/request.ts';
import { BinderlabError } from '../wire/error.ts';
import { type ComponentName, componentOf } from './component.ts';
import type { Context } from './context.ts';

/** A service of an application; its methods run on the main thread, and may be generators. */
export interface Service {
  onCreate?(context: Context): unknown;
  /** The binder for clients; all of them get the same one. */
  onBind(context: Context): IBinder | null | Act<IBinder | null>;
  /** The last client has unbound. */
  onUnbind?(context: Context): unknown;
  onDestroy?(context: Context): unknown;
}

/** An activity's launch code, on the main thread. */
export type Activity = (context: Context) => unknown;

/** A package. Class names are complete, or begin with a dot for classes of the package. */
export interface Package {
  readonly name: string;
  readonly uid: number;
  readonly activities?: Readonly<Record<string, Activity>>;
  readonly services?: Readonly<Record<string, () => Service>>;
}

export class Packages {
  readonly #packages = new Map<string, Package>();
  readonly #activities = new Map<string, Activity>();
  readonly #services = new Map<string, () => Service>();

  /** @throws BinderlabError when two of them have one name. */
  constructor(packages: readonly Package[]) {
    for (const one of packages) {
      if (this.#packages.has(one.name)) throw new BinderlabError(`there are two packages ${one.name}`);
      this.#packages.set(one.name, one);
      for (const [name, activity] of Object.entries(one.activities ?? {})) {
        this.#activities.set(key(componentOf(`${one.name}/${name}`)), activity);
      }
      for (const [name, make] of Object.entries(one.services ?? {})) {
        this.#services.set(key(componentOf(`${one.name}/${name}`)), make);
      }
    }
  }

  find(name: string): Package | undefined {
    return this.#packages.get(name);
  }

  activity(component: ComponentName): Activity | undefined {
    return this.#activities.get(key(component));
  }

  service(component: ComponentName): (() => Service) | undefined {
    return this.#services.get(key(component));
  }
}

function key(component: ComponentName): string {
  return `${component.package}/${component.class}`;
}
