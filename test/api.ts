/**
 * What the package makes public, as text: `docs/api.md`. `npm run api` says whether it is up to date, `npm run api -- --write`
 * writes it anew. The text has every declaration that scripts can name, without comments, in the order of their names. A type
 * that is computed from names that scripts do not have is written out.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../..');
const TYPES = join(ROOT, 'dist/types');
const PAGE = join(ROOT, 'docs/api.md');

const INTRO = `# The API, as declared

All that \`import ... from 'binderlab'\` brings, without comments. Written by \`npm run api -- --write\`; a test compares it.
`;

/** Aliases that are not public are replaced by what they stand for. */
const WRITTEN_OUT =
  ts.NodeBuilderFlags.NoTruncation | ts.NodeBuilderFlags.InTypeAlias | ts.NodeBuilderFlags.MultilineObjectLiterals;

/** How the compiler names what another file exports. */
const IMPORT = /\bimport\("[^"]*"\)\./g;
const PRIVATE = /^ {4}(#private|private (?!constructor).*);\n/gm;

/** The declarations of the package's main entry. */
class Surface {
  readonly #program = ts.createProgram([join(TYPES, 'host/index.d.ts')], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2022.d.ts'],
    types: [],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  });
  readonly #checker = this.#program.getTypeChecker();
  readonly #printer = ts.createPrinter({ removeComments: true });
  readonly #index = this.#program.getSourceFile(join(TYPES, 'host/index.d.ts')) as ts.SourceFile;
  readonly exported: ReadonlySet<ts.Symbol>;

  constructor() {
    const module = this.#checker.getSymbolAtLocation(this.#index) as ts.Symbol;
    this.exported = new Set(this.#checker.getExportsOfModule(module).map((symbol) => this.#origin(symbol)));
  }

  /** What a compiler finds wrong with the declarations, when it looks into the package. */
  get problems(): string[] {
    return ts
      .getPreEmitDiagnostics(this.#program)
      .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
  }

  /** What scripts reach, and cannot name. */
  get unnamed(): ts.Symbol[] {
    const found = new Set(this.exported);
    for (const symbol of found) {
      for (const node of this.#declarationsOf(symbol)) for (const next of this.#namedIn(node)) found.add(next);
    }
    return [...found].filter((symbol) => !this.exported.has(symbol));
  }

  text(symbols: Iterable<ts.Symbol>): string {
    const texts = [...symbols].flatMap((symbol) =>
      this.#declarationsOf(symbol).map((node) => {
        const text = this.#printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile() ?? this.#index);
        const shown = text
          .replace(/^(export |declare )*/, '')
          .replace(PRIVATE, '')
          .replace(IMPORT, '');
        return [symbol.name, shown.replaceAll('"', "'")] as const;
      }),
    );
    texts.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
    return texts.map(([, text]) => text).join('\n\n');
  }

  #origin(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  #declarationsOf(symbol: ts.Symbol): ts.Node[] {
    return (symbol.declarations ?? []).map((node) => {
      const whole = ts.isVariableDeclaration(node) ? node.parent.parent : node;
      const isKnown = this.#namedIn(whole).every((one) => one === symbol || this.exported.has(one));
      return (isKnown ? undefined : this.#writtenOut(node)) ?? whole;
    });
  }

  /** The declaration of an alias or a constant with its type written out; undefined for others. */
  #writtenOut(node: ts.Declaration): ts.Node | undefined {
    const isAlias = ts.isTypeAliasDeclaration(node) && node.typeParameters === undefined;
    if (!isAlias && !ts.isVariableDeclaration(node)) return undefined;
    const type = this.#checker.typeToTypeNode(this.#checker.getTypeAtLocation(node), this.#index, WRITTEN_OUT);
    if (type === undefined) return undefined;
    const { factory } = ts;
    if (isAlias) return factory.createTypeAliasDeclaration(undefined, node.name, undefined, this.#sorted(type));
    const constant = factory.createVariableDeclaration(node.name as ts.Identifier, undefined, type);
    return factory.createVariableStatement(
      undefined,
      factory.createVariableDeclarationList([constant], ts.NodeFlags.Const),
    );
  }

  /** The same type with its members, and the texts that something may be, in the order of their names. */
  #sorted(type: ts.TypeNode): ts.TypeNode {
    const text = (node: ts.Node) => this.#printer.printNode(ts.EmitHint.Unspecified, node, this.#index);
    const sort = <N extends ts.Node>(nodes: readonly N[]) =>
      [...nodes].sort((one, other) => (text(one) < text(other) ? -1 : 1));
    const visit = (node: ts.Node): ts.Node => {
      const isOfTexts = ts.isUnionTypeNode(node) && node.types.every(ts.isLiteralTypeNode);
      return isOfTexts ? ts.factory.createUnionTypeNode(sort(node.types)) : ts.visitEachChild(node, visit, undefined);
    };
    const whole = visit(type) as ts.TypeNode;
    return ts.isTypeLiteralNode(whole) ? ts.factory.createTypeLiteralNode(sort(whole.members)) : whole;
  }

  /** The declarations of this package that a declaration names. */
  #namedIn(declaration: ts.Node): ts.Symbol[] {
    const named: ts.Symbol[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isIdentifier(node)) {
        const found = this.#checker.getSymbolAtLocation(node) ?? (node as { symbol?: ts.Symbol }).symbol;
        const origin = found && this.#origin(found);
        if (origin?.declarations?.some(isDeclaredHere)) named.push(origin);
      }
      ts.forEachChild(node, visit);
    };
    visit(declaration);
    return named;
  }
}

/** A declaration of this package, other than of the guest's layout, which is made with each build. */
function isDeclaredHere(node: ts.Declaration): boolean {
  const { parent } = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  return ts.isSourceFile(parent) && parent.fileName.startsWith(TYPES) && !parent.fileName.includes('/build/');
}

/** The page as it is to be. */
export function apiPage(): string {
  const surface = new Surface();
  const { unnamed } = surface;
  const blocks = [`${INTRO}\n\`\`\`ts\n${surface.text(surface.exported)}\n\`\`\`\n`];
  if (unnamed.length > 0) {
    const names = unnamed.map(({ name }) => name).sort();
    blocks.push(`\n## Declared, and not to be named\n\n${names.join(', ')}\n`);
  }
  return blocks.join('');
}

/** What is wrong with the declarations, for the compiler of this package; and what older ones do not know. */
export function typeProblems(): string[] {
  const files = readdirSync(TYPES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.d.ts'));
  const tooNew = files.filter((file) => /\bUint8Array</.test(readFileSync(join(TYPES, file), 'utf8')));
  return [...new Surface().problems, ...tooNew.map((file) => `${file}: TypeScript 5.4 has no kinds of Uint8Array`)];
}

/** The page as it is. */
export function writtenPage(): string {
  return readFileSync(PAGE, 'utf8');
}

if (process.argv[1] === import.meta.filename) {
  const page = apiPage();
  if (process.argv.includes('--write')) writeFileSync(PAGE, page);
  else if (page !== writtenPage()) {
    console.error('docs/api.md is not what the package declares: npm run api -- --write');
    process.exitCode = 1;
  }
}
