/**
 * A transform of asc's: counts how often the guest takes each branch. Plain JavaScript, since nothing is compiled yet when
 * asc loads it.
 *
 *     if (a && b) c();      becomes      if ((a && __branch(2)) && b) { __branch(0); c(); } else { __branch(1); }
 *
 * Each counter is a u32 in linear memory, which the export `branchCounters` points at. A custom section of the module,
 * `branches`, tells what they count: JSON of {count, branches: [{id, file, line, column, kind}]}, lines and columns from 1.
 * Only what asc compiled is listed: neither a function that nobody calls, nor an arm that is left out statically. What an
 * assert says is no branch.
 */
import * as asc from 'assemblyscript';
import { Transform } from 'assemblyscript/transform';

const { Node, NodeKind, Range, Token } = asc;

/** Sources that are not instrumented: asc's own. */
const LIBRARY = '~lib/';
const LOOPS = [NodeKind.While, NodeKind.For];
const LEAVING = [NodeKind.Return, NodeKind.Break, NodeKind.Continue, NodeKind.Throw];
const FUNCTIONS = [NodeKind.FunctionDeclaration, NodeKind.MethodDeclaration];

const countersText = (count) => `
const counters: usize = memory.data(${Math.max(1, count)} * 4, 4);
@global function __branch(id: u32): bool {
  const counter = counters + (<usize>id << 2);
  store<u32>(counter, load<u32>(counter) + 1);
  return true;
}
export function branchCounters(): usize { return counters; }
`;

export default class Instrument extends Transform {
  #branches = [];

  afterParse(parser) {
    for (const source of parser.sources) if (!source.normalizedPath.startsWith(LIBRARY)) this.#visit(source, false);
    parser.parseFile(countersText(this.#branches.length), 'branchcounters.ts', true);
  }

  afterCompile(module) {
    const compiled = new Set();
    for (const [, id] of module.emitText().matchAll(/__branch\s+\(i32\.const (\d+)\)/g)) compiled.add(Number(id));
    const branches = this.#branches.filter(({ id }) => compiled.has(id));
    const table = JSON.stringify({ count: this.#branches.length, branches });
    module.addCustomSection('branches', new TextEncoder().encode(table));
  }

  /** Instruments a node and all below it, outer ones first; what is no part of a function stays constant. */
  #visit(node, isInFunction) {
    if (node.kind === NodeKind.Call && node.expression.text === 'assert') return;
    const isFunction = FUNCTIONS.includes(node.kind);
    const below = nodesBelow(node);
    if (isFunction) this.#enter(node);
    if (isInFunction) this.#branch(node);
    for (const child of below) this.#visit(child, isInFunction || isFunction);
  }

  #enter(declaration) {
    if (declaration.body?.kind !== NodeKind.Block) return;
    declaration.body.statements.unshift(this.#statement('function', declaration.name));
  }

  #branch(node) {
    if (node.statements) node.statements = this.#counted(node.statements);
    if (node.kind === NodeKind.If) {
      node.ifTrue = this.#block('if', node, node.ifTrue);
      if (!leavesBehind(node)) node.ifFalse = this.#block('else', node.ifFalse ?? node, node.ifFalse);
    } else if (LOOPS.includes(node.kind)) {
      node.body = this.#block('loop', node, node.body);
    } else if (node.kind === NodeKind.Switch) {
      this.#cases(node);
    } else if (node.kind === NodeKind.Ternary) {
      node.ifThen = this.#arm('?', node.ifThen);
      node.ifElse = this.#arm(':', node.ifElse);
    } else if (node.kind === NodeKind.Binary && node.operator === Token.Ampersand_Ampersand) {
      node.left = this.#operand('&&', node);
    } else if (node.kind === NodeKind.Binary && node.operator === Token.Bar_Bar) {
      node.left = this.#operand('||', node);
    }
  }

  /** Counts behind an `if` that leaves: with an else of its own, asc would forget what it learnt from the condition. */
  #counted(statements) {
    return statements.flatMap((one) => (leavesBehind(one) ? [one, this.#statement('else', one)] : [one]));
  }

  /** One counter for each label, also where a case falls through into the next one; a missing default gets one too. */
  #cases(node) {
    for (const one of node.cases) {
      const place = one.label ?? { range: wordIn(one.range) };
      one.statements.unshift(this.#statement(one.label ? 'case' : 'default', place));
    }
    if (node.cases.some(({ label }) => label === null)) return;
    node.cases.at(-1)?.statements.push(Node.createBreakStatement(null, node.range));
    node.cases.push(Node.createSwitchCase(null, [this.#statement('default', node)], node.range));
  }

  #block(kind, place, statement) {
    const counted = this.#statement(kind, place);
    return Node.createBlockStatement([counted, ...(statement ? this.#counted([statement]) : [])], place.range);
  }

  #statement(kind, place) {
    return Node.createExpressionStatement(this.#count(kind, place.range));
  }

  /**
   * Counts behind the left side, as one more operand: what asc learns from `a && b`, that neither is null, it would not see
   * behind a comma.
   */
  #operand(kind, { operator, left, right }) {
    const counted = this.#count(kind, right.range);
    const last = operator === Token.Bar_Bar ? not(counted) : counted;
    const both = Node.createBinaryExpression(operator, left, last, left.range);
    return Node.createParenthesizedExpression(both, left.range);
  }

  #arm(kind, expression) {
    const { range } = expression;
    const both = Node.createCommaExpression([this.#count(kind, range), expression], range);
    return Node.createParenthesizedExpression(both, range);
  }

  /** The call that counts a new branch. */
  #count(kind, range) {
    const id = this.#branches.length;
    const { source } = range;
    const line = source.lineAt(range.start);
    this.#branches.push({ id, file: source.normalizedPath, line, column: source.columnAt(), kind });
    const number = Node.createIntegerLiteralExpression(globalThis.i64_new(id, 0), range);
    return Node.createCallExpression(Node.createIdentifierExpression('__branch', range), null, [number], range);
  }
}

/** Whether what stands behind an `if` is its else in effect: `if (a === null) return;`. */
function leavesBehind({ kind, ifTrue, ifFalse }) {
  return kind === NodeKind.If && !ifFalse && LEAVING.includes((ifTrue.statements?.at(-1) ?? ifTrue).kind);
}

/** The range without the punctuation at its start: asc lets a case begin with the end of what is before it. */
function wordIn({ source, start, end }) {
  const range = new Range(start + source.text.slice(start).search(/\w/), end);
  range.source = source;
  return range;
}

function not(expression) {
  return Node.createUnaryPrefixExpression(Token.Exclamation, expression, expression.range);
}

/** What a node is made of, in the order of the source. */
function nodesBelow(node) {
  const fields = Object.entries(node).filter(([name]) => name !== 'range' && name !== 'source');
  return fields.flatMap(([, value]) => value).filter((value) => value instanceof Node);
}
