/**
 * A transform of asc's: writes down what the host has to know of the guest, as the compiler knows it. Plain JavaScript,
 * since nothing is compiled yet when asc loads it.
 *
 *     build/layout.ts   CLASSES       size of each class; offset and type of each field
 *                       CONSTANTS     exported numbers of the guest's own files, such as WORK_NODE
 *                       GuestExports  functions of the wasm surface, with their comments
 *                       DIGEST        stands for all of it
 *
 * The digest is a custom section of each wasm file, so a host refuses a wasm that has another layout. All builds of one
 * source have the same. A class's name is its file's too (`memfd/Entry`) where two classes share a name. Another section has the
 * address of the flag that tracepoints read; only the build needs it (keys.js).
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as asc from 'assemblyscript';
import { Transform } from 'assemblyscript/transform';

const { CommonFlags, ElementKind, LiteralKind, NodeKind } = asc;

const FILE = 'build/layout.ts';
const SECTION = 'layout';
const FLAG_SECTION = 'tracing-flag';
const RECORDING = 'assembly/trace/recording';
const GUEST = 'assembly/';
/** Numbers that the host imports as they are. */
const SHARED = 'assembly/abi/';
const SURFACE = 'assembly/index';

export default class Layout extends Transform {
  afterCompile(module) {
    const classes = this.#classes();
    const constants = this.#constants();
    const exports = this.#exports();
    const functions = exports.map(({ signature }) => signature);
    const facts = JSON.stringify([classes, constants, functions]);
    const digest = createHash('sha256').update(facts).digest('hex');
    module.addCustomSection(SECTION, new TextEncoder().encode(digest));
    const recording = asc.getConstValueI32(asc.getGlobalInit(module.getGlobal(RECORDING)));
    const flag = recording + classes.Recording.fields.enabled[0];
    module.addCustomSection(FLAG_SECTION, new TextEncoder().encode(`${flag}`));
    write(
      [
        '/** The guest as the compiler knows it. Made by layout.js. */',
        `export const CLASSES = {\n${linesOf(classes)}\n} as const;`,
        `export const CONSTANTS = {\n${linesOf(constants)}\n} as const;`,
        `export interface GuestExports {\n${exports.map(({ comment, signature }) => `${comment}  ${signature};`).join('\n')}\n}`,
        `export const DIGEST = '${digest}';\n`,
      ].join('\n'),
    );
  }

  /** By name: {size, fields: {name: [offset, type]}}, those of base classes first. */
  #classes() {
    const found = [...this.program.instancesByName]
      .filter(([name, { kind }]) => kind === ElementKind.Class && name.startsWith(GUEST))
      .sort(([one], [other]) => (one < other ? -1 : 1));
    const names = new Map();
    for (const [path, { name }] of found) {
      const isShared = found.some(([other, element]) => other !== path && element.name === name);
      names.set(path, isShared ? path.split('/').slice(-2).join('/') : name);
    }
    const entries = found.map(([path, one]) => [
      names.get(path),
      { size: one.nextMemoryOffset, fields: fieldsOf(one, names) },
    ]);
    return Object.fromEntries(entries);
  }

  #constants() {
    const constants = {};
    for (const { normalizedPath, statements } of this.program.sources) {
      if (!normalizedPath.startsWith(GUEST) || normalizedPath.startsWith(SHARED)) continue;
      const declarations = statements
        .filter(({ kind }) => kind === NodeKind.Variable)
        .flatMap(({ declarations }) => declarations)
        .filter(({ flags }) => flags & CommonFlags.Export && flags & CommonFlags.Const);
      for (const { name, initializer } of declarations) {
        if (initializer?.literalKind !== LiteralKind.Integer) continue;
        if (name.text in constants) throw new Error(`layout.js: two constants are called ${name.text}`);
        constants[name.text] = Number(initializer.range.toString());
      }
    }
    return constants;
  }

  #exports() {
    return [...this.program.filesByName.get(SURFACE).exports].map(([name, { instances, declaration }]) => {
      const { parameterTypes, returnType } = instances.get('').signature;
      const parameters = declaration.signature.parameters.map(
        (parameter, index) => `${parameter.name.text}: ${scriptType(parameterTypes[index])}`,
      );
      const signature = `${name}(${parameters.join(', ')}): ${scriptType(returnType)}`;
      return { comment: commentBefore(declaration), signature };
    });
  }
}

/** A record's entries, a line each. */
function linesOf(record) {
  return Object.entries(record)
    .map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},`)
    .join('\n');
}

function fieldsOf(one, names) {
  const fields = one.base ? fieldsOf(one.base, names) : {};
  for (const [name, member] of one.members ?? []) {
    const field = member.instance ?? member;
    if (field.kind === ElementKind.PropertyPrototype || !field.isField || name in fields) continue;
    const target = field.type.classReference;
    const type = target ? names.get(target.internalName) : field.type.toString();
    fields[name] = [field.memoryOffset, target && field.type.isNullableReference ? `${type} | null` : type];
  }
  return fields;
}

/** The JavaScript type of a value that crosses the border of the module. */
function scriptType(type) {
  if (type.toString() === 'void') return 'void';
  return type.isLongIntegerValue ? 'bigint' : 'number';
}

/** The comment that stands before a declaration, in lines. */
function commentBefore({ range: { source, start } }) {
  const comment = /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\s*(?:export\s+)?$/.exec(source.text.slice(0, start))?.[1];
  return comment ? `  ${comment.replaceAll('\n', '\n  ')}\n` : '';
}

/** Leaves the file alone when it is the same: several compilations may run at once. */
function write(text) {
  if (existsSync(FILE) && readFileSync(FILE, 'utf8') === text) return;
  mkdirSync('build', { recursive: true });
  const fresh = `${FILE}.${process.pid}`;
  writeFileSync(fresh, text);
  renameSync(fresh, FILE);
}
