/** The rules of the house. Each takes the sources and answers with complaints, one line each; none: all is well. */
import { basename, dirname } from 'node:path/posix';
import {
  ARROWS,
  EXPORTED_FOR_DECLARATIONS,
  FILE_LINES_MAX,
  FUNCTION_LINES_MAX,
  GENERATED,
  GUEST,
  IMPORTED_BY_NAME,
  INDEXES,
  MANY_PARAMETERS,
  ON_BOTH_SIDES,
  ORACLE,
  PACKAGES,
  PARAMETERS_MAX,
  RANKS,
  RAW_MEMORY,
  RAW_MEMORY_FILES,
  SHARED,
} from './house.ts';
import type { Mark, Source } from './source.ts';

type Rule = (sources: Source[]) => string[];

/** Names that say nothing about what a file owns. */
const EMPTY_NAMES = ['util', 'utils', 'common', 'helper', 'helpers', 'misc', 'shared', 'types', 'constants'];

const inHouse = ({ path }: { path: string }) =>
  /^(assembly|bench|host|oracle|test)\//.test(path) && !path.startsWith('assembly/rt/');
const isBelow = (path: string, folders: readonly string[]) => folders.some((folder) => path.startsWith(folder));
const inGuest = ({ path }: Source) => path.startsWith('assembly/') && !path.startsWith('assembly/rt/');

/** The part of RANKS that a file belongs to, the nearest: `assembly/mem/`, `host/machine.ts`; '' for none. */
function partOf(path: string): string {
  const parts = RANKS.flat().filter((name) => (name.endsWith('/') ? path.startsWith(name) : path === name));
  return parts.reduce((nearest, name) => (name.length > nearest.length ? name : nearest), '');
}

/** Index of the row of RANKS that holds the file, or -1. */
function rankOf(path: string): number {
  const part = partOf(path);
  return RANKS.findIndex((row) => row.includes(part));
}

/** Place of a file in its folder's arrow; -1 when the arrow does not know it. */
function placeInArrow(path: string): number {
  const arrow = ARROWS[`${dirname(path)}/`];
  if (arrow === undefined || partOf(path) === path) return 0;
  const named = arrow.findIndex((group) => group.includes(basename(path, '.ts')));
  return named >= 0 ? named : arrow.findIndex((group) => group.includes('*'));
}

/** Every file has a rank, and a place where its folder has an arrow. */
export const everyFileHasItsPlace: Rule = (sources) =>
  sources.filter(inHouse).flatMap(({ path }) => {
    if (rankOf(path) < 0) return [`${path}: has no rank; give it one in test/structure/house.ts`];
    if (placeInArrow(path) < 0)
      return [`${path}: is not in the arrow of its folder; place it in test/structure/house.ts`];
    return [];
  });

/** Imports go to lower ranks, or left in the folder's arrow. */
export const importsPointDown: Rule = (sources) =>
  sources.filter(inHouse).flatMap((source) =>
    source.imports.flatMap(({ name, line }) => {
      const where = `${source.path}:${line}`;
      if (name === GENERATED && !isBelow(source.path, GUEST)) return [];
      if (!inHouse({ path: name })) return [`${where}: imports ${name}, which is outside of the house`];
      const across = isBelow(source.path, GUEST) !== isBelow(name, GUEST);
      if (across && !isBelow(name, SHARED))
        return [`${where}: imports ${name}; guest and host share only ${SHARED[0]}`];
      const [from, to] = [rankOf(source.path), rankOf(name)];
      if (to < from) return [];
      if (to > from) return [`${where}: imports ${name}, which has a higher rank`];
      if (partOf(source.path) !== partOf(name)) return [`${where}: imports ${name}, which has the same rank`];
      if (dirname(source.path) !== dirname(name)) return [];
      const [here, there] = [placeInArrow(source.path), placeInArrow(name)];
      return here >= 0 && there > here ? [`${where}: imports ${name}, which is to the right of it`] : [];
    }),
  );

/** Packages stay where they belong; above all, the core knows neither node nor any package but the loader. */
export const packagesStayWhereTheyBelong: Rule = (sources) =>
  sources.flatMap((source) => {
    const allowed = PACKAGES.find(([folder]) => source.path.startsWith(folder))?.[1];
    if (allowed === undefined) return [];
    return source.packages
      .filter(({ name }) => !allowed.some((known) => name === known || (known.endsWith(':') && name.startsWith(known))))
      .map(({ name, line }) => `${source.path}:${line}: imports ${name}`);
  });

/** Examples stand for scripts of strangers: they import the public API and nothing beside it. */
export const examplesStandAlone: Rule = (sources) =>
  sources
    .filter(({ path }) => path.startsWith('examples/'))
    .flatMap(({ path, imports }) => imports.map(({ name, line }) => `${path}:${line}: imports ${name}`));

/** Nobody but its tests knows the oracle. */
export const oracleStandsApart: Rule = (sources) =>
  sources
    .filter(({ path }) => !path.startsWith(ORACLE) && !path.startsWith(`test/${ORACLE}`))
    .flatMap(({ path, imports }) =>
      imports.filter(({ name }) => name.startsWith(ORACLE)).map(({ name, line }) => `${path}:${line}: imports ${name}`),
    );

/** No file imports itself, over however many others. Names the whole circle. */
export const noCycles: Rule = (sources) => {
  const imports = new Map(sources.map(({ path, imports }) => [path, imports.map(({ name }) => name)]));
  const done = new Set<string>();
  const complaints: string[] = [];
  const visit = (path: string, trail: string[]) => {
    const at = trail.indexOf(path);
    if (at >= 0) complaints.push(`cycle: ${[...trail.slice(at), path].join(' -> ')}`);
    if (at >= 0 || done.has(path)) return;
    for (const next of imports.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const { path } of sources) visit(path, []);
  return complaints;
};

/** What a relative import names exists. asc and tsc say so too, but not of files that nothing builds. */
export const importsExist: Rule = (sources) => {
  const paths = new Set([GENERATED, ...sources.map(({ path }) => path)]);
  return sources.flatMap(({ path, imports }) =>
    imports.filter(({ name }) => !paths.has(name)).map(({ name, line }) => `${path}:${line}: ${name} does not exist`),
  );
};

/** A file is named for the noun that it owns. */
export const namesSaySomething: Rule = (sources) =>
  sources.flatMap(({ path }) => {
    const name = basename(path).replace(/\..*$/, '');
    if (EMPTY_NAMES.includes(name)) return [`${path}: the name does not say what the file owns`];
    if (name === 'index' && inHouse({ path }) && !INDEXES.includes(path)) return [`${path}: is a barrel`];
    return [];
  });

/** A file opens with a comment that says what it owns. */
export const filesIntroduceThemselves: Rule = (sources) =>
  sources
    .filter((source) => inHouse(source) && !source.path.startsWith('test/'))
    .filter(({ text }) => !/^(#!.*\n)?\/(\*\*|\/ )/.test(text))
    .map(({ path }) => `${path}: does not begin with a comment`);

export const filesStaySmall: Rule = (sources) =>
  sources.flatMap(({ path, text }) => {
    const lines = text.split('\n').length - 1;
    return lines > FILE_LINES_MAX
      ? [`${path}: ${lines} lines; more than ${FILE_LINES_MAX} are more than one noun`]
      : [];
  });

/** All state of the guest lives in linear memory: a mutable global would escape snapshots. */
export const guestHasNoMutableGlobals: Rule = (sources) =>
  sources
    .filter(inGuest)
    .flatMap(({ path, mutables }) => mutables.map(({ name, line }) => `${path}:${line}: ${name} is a mutable global`));

/** Bytes are met by address only at the bottom; and memory never grows, since that detaches the host's views. */
export const rawMemoryStaysLow: Rule = (sources) =>
  sources.filter(inGuest).flatMap(({ path, rawMemory }) => {
    const low = RAW_MEMORY_FILES.includes(path) || RAW_MEMORY.some((folder) => path.startsWith(folder));
    return rawMemory
      .filter(({ name }) => name === 'memory.grow' || !low)
      .map(({ name, line }) => `${path}:${line}: calls ${name}`);
  });

/** The guest has one spelling for each thing: `<T>x`, `==`, `!x` for null, and the comment of a field after it. */
export const guestSpeaksOneDialect: Rule = (sources) =>
  sources.filter(inGuest).flatMap(({ path, foreign }) => foreign.map(({ name, line }) => `${path}:${line}: ${name}`));

/** Tells the marks of a file that none of the importers imports. */
function unimportedBy(importers: readonly Source[]): (path: string, marks: readonly Mark[]) => Mark[] {
  const imported = new Set(importers.flatMap(({ importedNames }) => importedNames));
  return (path, marks) => marks.filter(({ name }) => !imported.has(`${path}#${name}`) && !imported.has(`${path}#*`));
}

/** What the guest exports somebody imports, other than tests; what stands on the wasm surface the host does. */
export const guestExportsAreImported: Rule = (sources) => {
  const unimported = unimportedBy(sources.filter(({ path }) => !path.startsWith('test/')));
  return sources
    .filter((source) => inGuest(source) && source.path !== 'assembly/index.ts')
    .flatMap(({ path, exports }) =>
      unimported(path, exports).map(
        ({ name, line }) => `${path}:${line}: exports ${name}, which nothing but tests imports`,
      ),
    );
};

/** What the host exports somebody imports, at least a test. Scripts get what host/index.ts imports. */
export const hostExportsAreImported: Rule = (sources) => {
  const unimported = unimportedBy(sources);
  return sources
    .filter(({ path }) => isBelow(path, ['host/', 'bench/']) && !isBelow(path, [...GUEST, ...IMPORTED_BY_NAME]))
    .flatMap(({ path, exports, types }) =>
      unimported(path, [...exports, ...types])
        .filter(({ name }) => !EXPORTED_FOR_DECLARATIONS.includes(`${path}#${name}`))
        .map(({ name, line }) => `${path}:${line}: exports ${name}, which nothing imports`),
    );
};

/** Nothing names a folder of the machine that it was written on. */
export const pathsAreRelative: Rule = (sources) =>
  sources.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const found = /(?<![\w.)\]}*-])\/(?:work|tmp|farm|root|home)(?:\/|\b(?![\w-]))|\.\.\/shared\b/.exec(line);
      return found === null ? [] : [`${path}:${index + 1}: names ${found[0]}`];
    }),
  );

/** A function fits on a screen, and is called with few arguments. A constructor's fields do not count as such. */
export const functionsStaySmall: Rule = (sources) =>
  sources
    .filter(({ path }) => !path.startsWith('test/'))
    .flatMap(({ path, functions }) =>
      functions.flatMap(({ name, line, lines, parameters }) => {
        const where = `${path}:${line}: ${name} has`;
        const complaints = lines > FUNCTION_LINES_MAX ? [`${where} ${lines} lines`] : [];
        const isKnown = parameters <= PARAMETERS_MAX || MANY_PARAMETERS.includes(`${path}:${name}`);
        return isKnown ? complaints : [...complaints, `${where} ${parameters} parameters`];
      }),
    );

/** A type's name means one thing. The guest and the host share the name of what they share. */
export const typeNamesAreUnique: Rule = (sources) => {
  const seen = new Map<string, string>();
  return sources
    .filter(({ path }) => /^(assembly|host|bench)\//.test(path))
    .flatMap(({ path, types }) =>
      types.flatMap(({ name, line }) => {
        const isGuest = /^(assembly|bench\/guest)\//.test(path);
        const key = ON_BOTH_SIDES.includes(name) && isGuest ? `guest ${name}` : name;
        const other = seen.get(key);
        seen.set(key, path);
        return other === undefined ? [] : [`${path}:${line}: ${name} is also a type of ${other}`];
      }),
    );
};
