/**
 * What the package makes public, as text: `docs/api.md`. `npm run api` says whether it is up to date, `npm run api -- --write`
 * writes it anew. The text has every declaration that scripts can name, without comments, in the order of their names.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../..');
const TYPES = join(ROOT, 'dist/types');
const PAGE = join(ROOT, 'docs/api.md');

const INTRO = `# The API, as declared

All that \`import ... from 'binderlab'\` brings, without comments. Written by \`npm run api -- --write\`; a test compares it.
`;

const PRIVATE = /^ {4}(#private|private (?!constructor).*);\n/gm;

/** The declarations of the package's main entry. */
class Surface {
  readonly #program = ts.createProgram([join(TYPES, 'host/index.d.ts')], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2022.d.ts'],
    types: [],
  });
  readonly #checker = this.#program.getTypeChecker();
  readonly #printer = ts.createPrinter({ removeComments: true });
  readonly exported: ReadonlySet<ts.Symbol>;

  constructor() {
    const index = this.#program.getSourceFile(join(TYPES, 'host/index.d.ts')) as ts.SourceFile;
    const module = this.#checker.getSymbolAtLocation(index) as ts.Symbol;
    this.exported = new Set(this.#checker.getExportsOfModule(module).map((symbol) => this.#origin(symbol)));
  }

  /** What scripts reach, and cannot name. */
  get unnamed(): ts.Symbol[] {
    const found = new Set(this.exported);
    for (const symbol of found) for (const next of this.#namedIn(symbol)) found.add(next);
    return [...found].filter((symbol) => !this.exported.has(symbol));
  }

  text(symbols: Iterable<ts.Symbol>): string {
    const texts = [...symbols].flatMap((symbol) =>
      declarationsOf(symbol).map((node) => {
        const text = this.#printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile());
        return [symbol.name, text.replace(/^(export |declare )*/, '').replace(PRIVATE, '')] as const;
      }),
    );
    texts.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
    return texts.map(([, text]) => text).join('\n\n');
  }

  #origin(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  /** The declarations of this package that the symbol's own name. */
  #namedIn(symbol: ts.Symbol): ts.Symbol[] {
    const named: ts.Symbol[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isIdentifier(node)) {
        const found = this.#checker.getSymbolAtLocation(node);
        const origin = found && this.#origin(found);
        if (origin?.declarations?.some((one) => isTopLevel(one) && one.getSourceFile().fileName.startsWith(TYPES)))
          named.push(origin);
      }
      ts.forEachChild(node, visit);
    };
    declarationsOf(symbol).forEach(visit);
    return named;
  }
}

function declarationsOf(symbol: ts.Symbol): ts.Node[] {
  return (symbol.declarations ?? []).map((node) => (ts.isVariableDeclaration(node) ? node.parent.parent : node));
}

function isTopLevel(node: ts.Declaration): boolean {
  return ts.isSourceFile((ts.isVariableDeclaration(node) ? node.parent.parent : node).parent);
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
