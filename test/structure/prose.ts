/**
 * Phrases that a newcomer cannot parse, and better ones. docs/STYLE.md says how prose is written; this finds what a tool can find, in
 * comments, in the texts of errors and on pages.
 */
import ts from 'typescript';

/** A phrase, and what to write in its place. */
export const BANNED: readonly (readonly [phrase: RegExp, better: string])[] = [
  [/one (behind|after) the other/, 'contiguous, in order'],
  [/whence/, 'from where'],
  [/(came|comes?|has come) of/, 'the result of'],
  [/as of/, 'from'],
  [/(?<!there |That |this )(is|are) none/, 'is not a'],
  [/none of [\w ]+['’]s/, 'not'],
  [/(no|some|any|every)body/, 'no process, a thread, each caller'],
  [/who(ever|m)/, 'the caller, the receiver'],
  [/(is|are|was|were|be|been|being) told/, 'gets, is notified, is reported'],
  [/tells? (of|that|how|which|what|whether|where|who|the driver)/, 'reports, says'],
  [/(hears?|told) of/, 'is notified of'],
  [/behind (it|its|them|that|this|all|each|every|any|one|the (step|last|first|word|commands?|stream|data))/, 'after'],
  [/lies?/, 'is'],
  [/in short/, 'in a short form'],
  [/meanwhile/, 'at that time, since then, during the call'],
  [/seldom/, 'rarely'],
  [/so many/, 'that many, N'],
];

/** What the rule holds for. Tests have sentences for names. */
export const PROSE: readonly string[] = [
  'assembly/',
  'host/',
  'bench/',
  'examples/',
  'oracle/',
  'README.md',
  'CONTRIBUTING.md',
  'ARCHITECTURE.md',
  'docs/',
];

/** Their texts are those of recordings, which never change. */
export const COMMENTS_ONLY = 'oracle/scenarios/';

/** The page that quotes banned phrases. */
export const EXCEPT: readonly string[] = ['docs/STYLE.md'];

const PATTERNS = BANNED.map(([phrase, better]) => ({ pattern: new RegExp(`\\b(${phrase.source})\\b`, 'i'), better }));

/** Complaints about the prose of a file, one for each line and phrase. @param path Its ending decides how it is read. */
export function proseComplaints(path: string, text: string): string[] {
  const lines = path.endsWith('.md') ? pageProse(text) : codeProse(path, text);
  return [...lines].flatMap(([line, prose]) =>
    PATTERNS.flatMap(({ pattern, better }) => {
      const [found] = pattern.exec(prose) ?? [];
      return found === undefined ? [] : [`${path}:${line}: "${found}"; better: ${better}`];
    }),
  );
}

/** The lines of a page outside of its code. */
function* pageProse(text: string): Generator<[line: number, prose: string]> {
  let isCode = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('```')) isCode = !isCode;
    else if (!isCode) yield [index + 1, line.replace(/`[^`]*`/g, '``')];
  }
}

/** The lines of comments, and of texts that have a space in them. */
function* codeProse(path: string, text: string): Generator<[line: number, prose: string]> {
  const withTexts = !path.startsWith(COMMENTS_ONLY);
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  const parts: (readonly [from: number, to: number])[] = [];
  const seen = new Set<number>();
  const visit = (node: ts.Node): void => {
    for (const { pos, end } of ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []) addOnce(pos, end);
    for (const { pos, end } of ts.getTrailingCommentRanges(text, node.getEnd()) ?? []) addOnce(pos, end);
    if (
      withTexts &&
      (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
    ) {
      if (node.text.includes(' ')) addOnce(node.getStart(tree), node.getEnd());
    }
    ts.forEachChild(node, visit);
  };
  const addOnce = (from: number, to: number) => {
    if (!seen.has(from)) parts.push([from, to]);
    seen.add(from);
  };
  visit(tree);
  for (const [from, to] of parts) {
    const first = tree.getLineAndCharacterOfPosition(from).line + 1;
    for (const [index, line] of text.slice(from, to).split('\n').entries()) yield [first + index, line];
  }
}
