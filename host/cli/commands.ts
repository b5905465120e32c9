/** All commands by name. Each is loaded on use. */
import type { AnyCommand } from './command.ts';

interface CommandEntry {
  /** Its description, one sentence without a full stop. */
  summary: string;
  load: () => Promise<AnyCommand>;
}

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  guide: {
    summary: 'Make a first Binder call and explain what happens: register, get, use',
    load: async () => (await import('./guide/guide.ts')).guideCommand,
  },
  run: {
    summary: 'Run a script: a module (.ts, .js) that exports default (machine) => ...',
    load: async () => (await import('./run/run.ts')).runCommand,
  },
  step: {
    summary: 'Walk a journal, or the run of a script, step by step, forwards and backwards',
    load: async () => (await import('./step/step.ts')).stepCommand,
  },
  view: {
    summary: 'Make a page of a run: one file, in which a browser moves through it and shows memory',
    load: async () => (await import('./view/view.ts')).viewCommand,
  },
  compare: {
    summary: 'Do the same work under every way to map pages, and say what each costs',
    load: async () => (await import('./compare/compare.ts')).compareCommand,
  },
  bench: {
    summary: 'Measure hot paths, in calls that do nothing',
    load: async () => (await import('./bench/bench.ts')).benchCommand,
  },
  serve: {
    summary: 'Run a Linux program whose /dev/binder is the emulator (on Linux, with a C compiler)',
    load: async () => (await import('./serve/serve.ts')).serveCommand,
  },
  replay: {
    summary:
      'Run journals and compare what comes out with what they recorded: exit code 1 when one differs or only some can be read, 2 when none can',
    load: async () => (await import('./replay.ts')).replayCommand,
  },
  convert: {
    summary: 'Write a journal in another form: binary (.journal), or lines of JSON (.jsonl, .jsonl.gz)',
    load: async () => (await import('./convert.ts')).convertCommand,
  },
  fuzz: {
    summary: 'Run random and hostile programs, and report what breaks: exit code 1 for a finding',
    load: async () => (await import('./fuzz/fuzz.ts')).fuzzCommand,
  },
  faults: {
    summary:
      'Let everything in scripts or journals go wrong once, and report what is not sound: exit code 1 for such a run',
    load: async () => (await import('./faults/faults.ts')).faultsCommand,
  },
  explore: {
    summary: 'Run a script under all schedules, and report what does not hold under one: exit code 1',
    load: async () => (await import('./explore/explore.ts')).exploreCommand,
  },
  init: {
    summary: 'Write a tsconfig.json, so that an editor knows the types of scripts',
    load: async () => (await import('./init.ts')).initCommand,
  },
  record: {
    summary:
      "Run the inputs of journals and write journals with the emulator's outputs; go on after one that cannot be read or run: exit code 1, or 2 when none can be read",
    load: async () => (await import('./record.ts')).recordCommand,
  },
};
