/**
 * Tells the engine which branches a plain call does not take: into rare functions, and to the return of an error. The engine
 * then puts their code elsewhere, so that the hot path has no jumps over it and keeps its registers. The hints are a custom
 * section of the wasm file, as WebAssembly's branch hinting defines it. An engine that does not know them ignores them.
 */

/** Binaryen's annotation of an `if` whose condition is false on the hot path, or true. */
const UNLIKELY = '(@metadata.code.branch_hint "\\00")';
const LIKELY = '(@metadata.code.branch_hint "\\01")';

/**
 * @param text A module as binaryen prints it: an expression a line, indented by its depth.
 * @param isRare Whether a function is rare, by its name.
 * @returns The module with a hint before each `if` of which one arm is rare.
 */
export function hinted(text, isRare) {
  const lines = text.split('\n').map((line) => ({ line, depth: line.length - line.trimStart().length }));
  return lines.map(({ line }, at) => (/^ *\(if\b/.test(line) ? hintBefore(lines, at, isRare) : '') + line).join('\n');
}

function hintBefore(lines, at, isRare) {
  const depth = lines[at].depth + 1;
  const arms = below(lines, at).filter((index) => lines[index].depth === depth && isArm(lines[index]));
  const [then, otherwise] = arms.map((arm) => armIsRare(lines, arm, isRare));
  if (then === (otherwise ?? false)) return '';
  return then ? UNLIKELY : LIKELY;
}

/** Whether the arm calls a rare function or returns an error whatever its own branches do. */
function armIsRare(lines, arm, isRare) {
  let branch = Number.POSITIVE_INFINITY; // depth of the inner arm that is skipped
  for (const index of below(lines, arm)) {
    const { line, depth } = lines[index];
    if (depth > branch) continue;
    branch = isArm(lines[index]) ? depth : Number.POSITIVE_INFINITY;
    const [, called] = /\(call \$(\S+)/.exec(line) ?? [];
    if (called !== undefined && isRare(called)) return true;
    if (/\(return$/.test(line) && /\(i(32|64)\.const -/.test(lines[index + 1].line)) return true;
  }
  return false;
}

function isArm({ line }) {
  return /^ *\((then|else)\b/.test(line);
}

/** Indices of the lines inside of the expression that begins at a line. */
function below(lines, at) {
  let end = at + 1;
  while (end < lines.length && lines[end].depth > lines[at].depth) end++;
  return Array.from({ length: end - at - 1 }, (_, index) => at + 1 + index);
}
