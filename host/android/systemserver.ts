/** The system server: Zygote's first child. It registers the system's services, then serves them. */
import { defaultServiceManager } from '../binder/iservicemanager.ts';
import type { Act } from '../sim/request.ts';
import { ActivityManager } from './activitymanager.ts';
import { ContentService } from './contentservice.ts';
import { ACTIVITY_SERVICE } from './iactivitymanager.ts';
import { CONTENT_SERVICE } from './icontentservice.ts';
import { Looper } from './looper.ts';
import type { Packages } from './packages.ts';
import { ProcessList } from './processlist.ts';
import { ZygoteProcess } from './zygoteprocess.ts';

export class SystemServer {
  readonly activityManager: ActivityManager;
  readonly contentService = new ContentService();

  /** @internal @param zygote This process's end of the socket pair. */
  constructor(packages: Packages, zygote: number) {
    this.activityManager = new ActivityManager(packages, new ProcessList(packages, new ZygoteProcess(zygote)));
  }

  *main(): Act<never> {
    const looper = yield* Looper.prepare();
    const manager = yield* defaultServiceManager();
    yield* manager.addService(ACTIVITY_SERVICE, this.activityManager);
    yield* manager.addService(CONTENT_SERVICE, this.contentService);
    return yield* looper.loop();
  }
}
