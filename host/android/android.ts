/**
 * Android: the processes that every application deals with. Starts them on a simulation:
 *
 *     servicemanager          the context manager
 *     zygote                  no Binder; forks all that follow
 *     └─ system_server        activity, content
 *     └─ com.example.app      when ActivityManager asks for it
 */
import { defaultServiceManager } from '../binder/iservicemanager.ts';
import { ServiceManager } from '../binder/servicemanager.ts';
import type { Process } from '../os/process.ts';
import type { Act } from '../sim/request.ts';
import type { Simulation } from '../sim/simulation.ts';
import { BinderlabError } from '../wire/error.ts';
import { ActivityThread } from './activitythread.ts';
import { componentOf } from './component.ts';
import { ACTIVITY_SERVICE, ActivityManagerProxy, START_SUCCESS } from './iactivitymanager.ts';
import { type Package, Packages } from './packages.ts';
import { giveBack } from './remote.ts';
import { SystemServer } from './systemserver.ts';
import { Zygote } from './zygote.ts';

const SHELL_UID = 2000;

export class Android {
  readonly servicemanager: Process;
  readonly zygote: Process;
  #systemServer: SystemServer | null = null;
  #ams = 0;

  private constructor(
    private readonly simulation: Simulation,
    packages: Packages,
  ) {
    this.servicemanager = ServiceManager.start(simulation);
    this.zygote = Zygote.start(simulation, {
      systemServer: (socket) => {
        this.#systemServer = new SystemServer(packages, socket);
        return this.#systemServer.main();
      },
      mainOf: (name) => {
        if (packages.find(name) === undefined) return undefined;
        return (startSeq) => ActivityThread.main(packages, name, startSeq);
      },
    });
  }

  /** Starts them; they boot when the simulation runs. @throws BinderlabError when two packages have one name. */
  static start(simulation: Simulation, packages: readonly Package[] = []): Android {
    return new Android(simulation, new Packages(packages));
  }

  /** The system server, for inspection. @throws BinderlabError before it has been forked. */
  get systemServer(): SystemServer {
    if (this.#systemServer === null) throw new BinderlabError('Zygote has not forked the system server yet');
    return this.#systemServer;
  }

  /**
   * Starts an activity when the simulation runs, like the shell's `am start`.
   *
   * @param activity `package/class`. The program fails for an unknown one.
   */
  startActivity(activity: string): void {
    const component = componentOf(activity);
    this.simulation.process(`am${++this.#ams > 1 ? this.#ams : ''}`, () => am(component, activity), { uid: SHELL_UID });
  }
}

function* am(component: ReturnType<typeof componentOf>, text: string): Act<void> {
  const binder = yield* (yield* defaultServiceManager()).waitForService(ACTIVITY_SERVICE);
  const answer = yield* new ActivityManagerProxy(binder).startActivity(component);
  yield* giveBack(binder);
  if (answer !== START_SUCCESS) throw new BinderlabError(`there is no activity ${text}`);
}
