/**
 * The house as data: which file may import which. A row holds what has one rank; a file imports from rows above its own,
 * or from files left of it in its own folder's arrow. A new folder or file gets its place here first.
 */

/**
 * Guest and host, each from the lowest rank up. A name with a slash at its end is a folder; a file or folder that is named has
 * left the folder around it.
 */
export const RANKS: readonly (readonly string[])[] = [
  ['assembly/abi/'],
  ['assembly/lib/'],
  ['assembly/klog.ts', 'assembly/trace.ts', 'assembly/history.ts'],
  ['assembly/mem/'],
  ['assembly/task/'],
  ['assembly/mapping/'],
  ['assembly/alloc/'],
  ['assembly/driver/'],
  ['assembly/syscalls/'],
  ['assembly/check/'],
  ['assembly/inspect.ts', 'assembly/inject.ts', 'assembly/check.ts', 'assembly/batch.ts'],
  ['assembly/machine.ts', 'assembly/writeread.ts'],
  ['assembly/calls.ts'],
  ['assembly/index.ts'],
  ['bench/guest/'],

  ['host/guest/', 'host/plot/', 'host/wasm/'],
  ['host/wire/'],
  ['host/os/'],
  ['host/inspect/', 'host/trace/', 'host/sim/'],
  ['host/bootoptions.ts', 'host/condition.ts', 'host/hooks.ts', 'host/properties.ts', 'host/steps.ts'],
  ['host/fork.ts', 'host/injector.ts', 'host/lifetimes.ts', 'host/snapshot.ts'],
  ['host/listening.ts'],
  ['host/machine.ts'],
  [
    'host/byteorigins.ts',
    'host/reboots.ts',
    'host/recordedsteps.ts',
    'host/replay.ts',
    'host/writing.ts',
    'host/binder/',
    'host/ftrace/',
  ],
  ['host/android/', 'host/compare/', 'host/history.ts'],
  ['host/explore/', 'host/faults/', 'host/fuzz/', 'host/picture/'],
  ['host/index.ts', 'host/web/'],
  ['bench/'],
  ['host/cli/'],
  ['host/cli/screen/'],
  [
    'host/cli/bench/',
    'host/cli/compare/',
    'host/cli/explore/',
    'host/cli/faults/',
    'host/cli/fuzz/',
    'host/cli/guide/',
    'host/cli/run/',
    'host/cli/serve/',
    'host/cli/step/',
    'host/cli/view/',
  ],
  ['host/cli/commands.ts'],
  ['host/cli/main.ts'],
  ['oracle/'],
  ['test/'],
];

/**
 * Order inside a folder, from left to right. Files of one group may import each other as long as no cycle comes of it;
 * `*` stands for all files that are not named. A folder without an arrow is one group.
 */
export const ARROWS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'assembly/lib/': [['bytes', 'funcref', 'list', 'poison', 'rbtree', 'bitmap', 'digest'], ['slab']],
  'assembly/mem/': [
    ['counters', 'injection'],
    ['frames'],
    ['kmem'],
    ['pte'],
    ['table'],
    ['tlb'],
    ['space'],
    ['leaves'],
    ['fault'],
    ['areas', 'fork'],
    ['client', 'vmalloc'],
    ['uaccess'],
  ],
  'assembly/task/': [
    ['memfd', 'secctx', 'stream'],
    ['file'],
    ['process'],
    ['current', 'nice', 'fdtable'],
    ['wait', 'mkfd', 'outside'],
    ['epoll'],
    ['io'],
  ],
  'assembly/mapping/': [['area'], ['copy', 'ownpage'], ['*'], ['index']],
  'assembly/alloc/': [['buffer'], ['ranges', 'pages'], ['alloc']],
  'assembly/driver/': [
    ['objects', 'records'],
    ['complaints', 'state'],
    ['work'],
    ['nodes'],
    ['refs'],
    ['tmprefs', 'fixups'],
    ['stack'],
    ['contents'],
    ['release', 'scatter', 'debugfs'],
    ['translate'],
    ['delivery', 'death', 'freeze', 'route'],
    ['transaction'],
    ['binderthreads', 'manager', 'freezer'],
    ['commands', 'returns'],
    ['lifecycle', 'ioctl'],
  ],
  'assembly/syscalls/': [['mmap', 'readiness'], ['poll', 'epoll'], ['exit'], ['fork']],
  'host/plot/': [['figures', 'scale', 'svg'], ['*']],
  'host/sim/': [
    ['random', 'clock', 'request'],
    ['thread', 'schedule', 'unrun'],
    ['sys', 'deadlock', 'director'],
    ['scriptsys', 'stillness'],
    ['simulation'],
  ],
  'host/ftrace/': [
    ['protobuf', 'tracepoint', 'counters'],
    ['task'],
    ['processor', 'tracefile'],
    ['ftracefile', 'perfettofile', 'buffers', 'calls'],
    ['tracer'],
  ],
  'host/android/': [
    ['component', 'uri', 'monitor', 'looper', 'remote', 'freezer', 'zygotearguments'],
    ['iapplicationthread', 'iserviceconnection', 'iactivitymanager', 'icontentobserver'],
    ['icontentservice', 'servicedispatcher', 'processrecord', 'zygoteprocess', 'zygote'],
    ['context', 'servicerecord', 'contentservice', 'methodnames'],
    ['packages', 'servicemap', 'calllog'],
    ['activitythread', 'processlist'],
    ['activitymanager'],
    ['systemserver'],
    ['android'],
  ],
  'host/binder/': [
    ['stability', 'status', 'staging'],
    ['parcelerror', 'complaints'],
    ['parceldata'],
    ['parcelvalues'],
    ['parcel'],
    ['blob', 'bbinder', 'identity'],
    ['bpbinder', 'objects'],
    ['ipcthreadstate'],
    ['processstate', 'interface'],
    ['iservicemanager'],
    ['servicemanager'],
  ],
  'host/picture/': [
    ['sending', 'translation', 'calls', 'entries'],
    ['moment'],
    ['area', 'callbytes', 'tasks', 'graph', 'frames', 'sentence', 'stage', 'timeline'],
    ['sharedpages', 'subject', 'onlooker'],
  ],
  'host/explore/': [['digest', 'schedule'], ['fingerprint', 'positions'], ['run'], ['explorer']],
  'host/faults/': [['watch'], ['faultrun'], ['scriptruns', 'steppedruns'], ['sweep']],
  'host/fuzz/': [
    ['branchcounters', 'bytes', 'dice', 'shrinker'],
    ['world'],
    ['values'],
    ['objects'],
    ['stream'],
    ['steps'],
    ['mutation', 'target'],
    ['oracles'],
    ['fuzzer'],
  ],
  'bench/': [
    [
      'callgrind',
      'quantiles',
      'results',
      'baseline',
      'reference',
      'scene',
      'snapshots',
      'exhaustfailure',
      'virtualtime',
      'groups',
    ],
    ['limits', 'report', 'boot', 'calls', 'hostcalls', 'probes', 'exhaustruns'],
    ['services', 'scale', 'journals'],
    ['cases'],
    ['measure'],
    ['clients', 'walllatency'],
    ['latencies'],
    ['catalogue'],
    ['main', 'exhaust', 'servetrips', 'instructions'],
  ],
  'host/cli/': [
    ['usage', 'command', 'misspelling', 'progress', 'packagefile', 'output', 'watchdog'],
    [
      'number',
      'failure',
      'failures',
      'boot',
      'files',
      'commandline',
      'bundle',
      'scripterror',
      'outputfile',
      'uncaught',
    ],
    ['machineoptions', 'script', 'trace', 'dumps', 'journaloutput'],
    ['help', 'init', 'record', 'convert', 'source'],
    ['replay'],
  ],
  'host/cli/bench/': [['processes', 'table'], ['plots', 'profile'], ['page'], ['bench']],
  'host/cli/compare/': [['rowchoice'], ['list'], ['compare']],
  'host/cli/faults/': [['subjects', 'report'], ['processes'], ['faults']],
  'host/cli/fuzz/': [['coveragebuild', 'task'], ['worker', 'workers'], ['fuzz']],
  'host/cli/guide/': [['facts'], ['story'], ['text'], ['guide']],
  'host/cli/run/': [['stracepaint'], ['run']],
  'host/cli/serve/': [['native', 'readahead'], ['ring'], ['program'], ['programthread'], ['server'], ['serve']],
  'host/cli/screen/': [
    ['cells', 'pane', 'layout', 'pictures'],
    ['callspane', 'bytespane', 'pagespane', 'areapane', 'threadspane', 'nodespane'],
    ['drawing'],
    ['paint'],
  ],
  'host/cli/step/': [
    ['calls', 'position', 'why', 'terminal'],
    ['views', 'path'],
    ['branches'],
    ['stepper', 'screen'],
    ['step'],
  ],
  'host/cli/view/': [['page'], ['gallery'], ['view']],
  'oracle/': [
    ['bytes', 'place', 'dumptext'],
    ['objects', 'commands', 'initrd', 'outcome'],
    ['calls', 'qemu'],
    ['script', 'request', 'answer'],
    ['session', 'difference'],
    ['kernel'],
    ['main'],
  ],
  'assembly/check/': [
    ['report', 'tally'],
    ['links'],
    ['epolls', 'memory', 'area', 'queues', 'stacks', 'nodes'],
    ['files'],
    ['spaces', 'contents', 'tasks'],
    ['procs'],
  ],
};

/** Folder, and the packages that it may import; `node:` stands for all of node's own. Anything else: any package. */
export const PACKAGES: readonly (readonly [folder: string, packages: readonly string[]])[] = [
  ['assembly/', []],
  ['host/guest/', ['@assemblyscript/loader']],
  ['host/cli/', ['node:', 'esbuild', 'fastest-levenshtein', 'picocolors', 'string-width']],
  ['host/wasm/', ['node:']],
  ['host/web/', ['preact', 'preact/hooks', '@preact/signals']],
  ['host/', ['#wasm']],
  ['examples/', ['binderlab', 'binderlab/protocol', 'binderlab/errno']],
  ['oracle/', ['node:']],
];

/** Records the real driver. It may use the host; only its tests use it. */
export const ORACLE = 'oracle/';

/** The only parts of the guest that are compiled for the host too. */
export const SHARED = ['assembly/abi/', 'bench/guest/exhaustcases.ts'];
/** What asc compiles; all else is the host's. */
export const GUEST = ['assembly/', 'bench/guest/', 'test/guest/assembly/'];

/** The guest as the compiler describes it to the host; built, so it is not among the sources. */
export const GENERATED = 'build/layout.ts';

/** Folders whose files meet memory by address. */
export const RAW_MEMORY = ['assembly/lib/', 'assembly/mem/', 'assembly/alloc/', 'assembly/check/'];
/** Single files that do so too: the event ring and the checker meet memory as bytes. */
export const RAW_MEMORY_FILES = ['assembly/trace.ts', 'assembly/check.ts'];

/** Imported by a name of package.json: `#wasm`. */
export const IMPORTED_BY_NAME = ['host/wasm/'];
/** Exports that nothing imports: the compiler needs their names to declare what other files infer. */
export const EXPORTED_FOR_DECLARATIONS: readonly string[] = ['host/wire/kinds.ts#Kind'];

/** An index is a surface or a switch, never a barrel. */
export const INDEXES = ['assembly/index.ts', 'assembly/mapping/index.ts', 'host/index.ts'];

export const FILE_LINES_MAX = 500;
export const FUNCTION_LINES_MAX = 70;
export const PARAMETERS_MAX = 6;
/** Functions with more parameters, and why. */
export const MANY_PARAMETERS: readonly string[] = [
  'assembly/calls.ts:sysMmap', // the six of mmap(2), and the thread that calls
  'assembly/trace.ts:traceLong', // an event has up to seven values
  'assembly/trace.ts:recordLongSlowly',
  'assembly/trace.ts:recordLong',
];

/** Types of the guest and of the host that are two sides of one thing, and so have one name. */
export const ON_BOTH_SIDES: readonly string[] = [
  'CommandBatch',
  'Counters',
  'Process',
  'Strategy',
  'Thread',
  'WriteRead',
];
