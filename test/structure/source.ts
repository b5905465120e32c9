/** What a TypeScript or AssemblyScript file says of itself, read from its syntax tree. */
import { dirname, join } from 'node:path/posix';
import ts from 'typescript';

/** A place in a source: a name and the line that it stands on, from 1. */
export interface Mark {
  name: string;
  line: number;
}

/** A function with a body. */
export interface FunctionMark extends Mark {
  lines: number;
  /** How many parameters it has, apart from those that a constructor makes fields of. */
  parameters: number;
}

export interface Source {
  /** Path from the root folder, with slashes. */
  path: string;
  text: string;
  /** Imported files as paths from the root folder, always with `.ts`; `export … from` and `import type` included. */
  imports: Mark[];
  /**
   * What is imported by name, as `path#name`; `path#*` for all of a file. `export … from` included, and of `import * as` what is
   * named.
   */
  importedNames: string[];
  /** Functions and constants that are exported where they are declared. */
  exports: Mark[];
  /** Imported packages, e.g. `node:fs` or `uvu/assert`. */
  packages: Mark[];
  /** `let` and `var` at the top level, and static fields that are not readonly. */
  mutables: Mark[];
  /** Calls of `load`, `store` and `memory.grow`. */
  rawMemory: Mark[];
  /** Spellings of what the guest spells otherwise: `x as T`, `===`, `== null`, a comment above a field. */
  foreign: Mark[];
  functions: FunctionMark[];
  /** Exported classes, interfaces, enums and type aliases, declared here. */
  types: Mark[];
}

export function readSource(path: string, text: string): Source {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  const source: Source = {
    path,
    text,
    imports: [],
    importedNames: [],
    exports: [],
    packages: [],
    mutables: [],
    rawMemory: [],
    foreign: [],
    functions: [],
    types: [],
  };
  const mark = (name: string, node: ts.Node): Mark => ({
    name,
    line: tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1,
  });

  const functionMark = (node: ts.SignatureDeclaration): FunctionMark => {
    const begin = mark(node.name?.getText(tree) ?? 'a function', node);
    const end = tree.getLineAndCharacterOfPosition(node.end).line + 1;
    const isField = (parameter: ts.ParameterDeclaration) => ts.isParameterPropertyDeclaration(parameter, node);
    const parameters = node.parameters.filter((parameter) => !isField(parameter)).length;
    return { ...begin, lines: end - begin.line + 1, parameters };
  };

  const addImport = (specifier: ts.Expression | undefined) => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return;
    const name = specifier.text;
    if (name.startsWith('.')) source.imports.push(mark(withExtension(join(dirname(path), name)), specifier));
    else source.packages.push(mark(name, specifier));
  };

  /** Files imported as a whole, by the name that they have here. */
  const modules = new Map<string, string>();
  const addNames = (node: ts.ImportDeclaration | ts.ExportDeclaration) => {
    if (node.moduleSpecifier === undefined || !ts.isStringLiteral(node.moduleSpecifier)) return;
    const file = withExtension(join(dirname(path), node.moduleSpecifier.text));
    const names = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : node.exportClause;
    if (names !== undefined && ts.isNamespaceImport(names)) modules.set(names.name.text, file);
    else if (names === undefined || !('elements' in names)) source.importedNames.push(`${file}#*`);
    else
      for (const { name, propertyName } of names.elements)
        source.importedNames.push(`${file}#${(propertyName ?? name).text}`);
  };

  /** A use of a module as a whole: of one name of it, or of all. */
  const addUse = (node: ts.Identifier) => {
    const file = modules.get(node.text);
    if (file === undefined || ts.isNamespaceImport(node.parent)) return;
    const { parent } = node;
    if (!ts.isPropertyAccessExpression(parent)) source.importedNames.push(`${file}#*`);
    else if (parent.expression === node) source.importedNames.push(`${file}#${parent.name.text}`);
  };

  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) addUse(node);
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      addImport(node.moduleSpecifier);
      addNames(node);
    }
    if (ts.isFunctionDeclaration(node) && isExported(node))
      source.exports.push(mark(node.name?.text ?? 'default', node));
    if (ts.isVariableStatement(node) && isExported(node)) {
      for (const { name } of node.declarationList.declarations) source.exports.push(mark(name.getText(tree), node));
    }
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      addImport(node.argument.literal as ts.Expression);
    if (ts.isVariableStatement(node) && node.parent === tree && !isAmbient(node)) {
      if (!(node.declarationList.flags & ts.NodeFlags.Const)) {
        for (const { name } of node.declarationList.declarations) source.mutables.push(mark(name.getText(tree), node));
      }
    }
    if (ts.isPropertyDeclaration(node)) {
      const has = (kind: ts.SyntaxKind) => node.modifiers?.some((modifier) => modifier.kind === kind) ?? false;
      if (has(ts.SyntaxKind.StaticKeyword) && !has(ts.SyntaxKind.ReadonlyKeyword)) {
        source.mutables.push(mark(node.name.getText(tree), node));
      }
    }
    if (ts.isCallExpression(node)) {
      const called = node.expression.getText(tree);
      if (called === 'load' || called === 'store' || called === 'memory.grow')
        source.rawMemory.push(mark(called, node));
      const [loaded] = node.arguments;
      if (node.expression.kind === ts.SyntaxKind.ImportKeyword && loaded !== undefined) {
        addImport(loaded);
        if (ts.isStringLiteral(loaded))
          source.importedNames.push(`${withExtension(join(dirname(path), loaded.text))}#*`);
      }
    }
    const foreign = spellingOf(node, text);
    if (foreign !== undefined) source.foreign.push(mark(foreign, node));
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) source.functions.push(functionMark(node));
    if (isTypeDeclaration(node) && node.name !== undefined && isExported(node))
      source.types.push(mark(node.name.text, node));
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return source;
}

/** What the guest spells otherwise in this node, if anything. */
function spellingOf(node: ts.Node, text: string): string | undefined {
  if (ts.isAsExpression(node) && node.type.getText() !== 'const') return `x as ${node.type.getText()}`;
  if (ts.isBinaryExpression(node)) {
    const operator = node.operatorToken.getText();
    if (operator === '===' || operator === '!==') return operator;
    if (operator === '==' && node.right.kind === ts.SyntaxKind.NullKeyword) return '== null';
  }
  const isCommented = ts.isPropertyDeclaration(node) && /\n\s*\/[/*]/.test(text.slice(node.pos, node.getStart()));
  return isCommented ? 'a comment above a field' : undefined;
}

type TypeDeclaration = ts.ClassDeclaration | ts.InterfaceDeclaration | ts.EnumDeclaration | ts.TypeAliasDeclaration;

function isTypeDeclaration(node: ts.Node): node is TypeDeclaration {
  return (
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isEnumDeclaration(node) ||
    ts.isTypeAliasDeclaration(node)
  );
}

function isExported(node: ts.FunctionDeclaration | ts.VariableStatement | TypeDeclaration): boolean {
  return node.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function isAmbient(node: ts.VariableStatement): boolean {
  return node.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.DeclareKeyword) ?? false;
}

function withExtension(path: string): string {
  return /\.[cm]?[jt]sx?$/.test(path) ? path : `${path}.ts`;
}
