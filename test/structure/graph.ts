/** This folder: what the sources look like as a whole: layers, cycles, what is unused. Not here: what they do. */
/** The sources as a graph: who imports what of whom, read by the TypeScript compiler itself. */

import { existsSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, relative, resolve } from "node:path";
import { type Node, SyntaxKind } from "typescript/unstable/ast";
import {
  isCallExpression,
  isExportDeclaration,
  isIdentifier,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isNamedExports,
  isNamedImports,
  isNamespaceImport,
  isStringLiteral,
  isVariableStatement,
} from "typescript/unstable/ast/is";
import { API } from "typescript/unstable/sync";

const ROOT = resolve(import.meta.dirname, "../..");

export interface Import {
  /** A path from the root; or the name of a package, or `node:…`. */
  readonly to: string;
  readonly kind: "file" | "package" | "builtin";
  /** What is taken; "*" for everything, where it cannot be told. */
  readonly names: readonly string[];
  /** Nothing of it is there at run time. */
  readonly typeOnly: boolean;
  /** Loaded when it is needed, by `import()`. */
  readonly lazy: boolean;
}

export interface Module {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
  readonly exports: readonly string[];
  /** Every identifier in it. */
  readonly words: ReadonlySet<string>;
}

/** All modules of the project (tsconfig.json), by their paths from the root. */
export function readGraph(): ReadonlyMap<string, Module> {
  const api = new API({ cwd: ROOT });
  try {
    const config = resolve(ROOT, "tsconfig.json");
    const snapshot = api.updateSnapshot({ openProjects: [config] });
    const program = snapshot.getProject(config)?.program;
    if (!program) throw new Error("the compiler gives no program");
    const names = program.getSourceFileNames().filter((name) => !/\/node_modules\/|\.d\.m?ts$|^bundled:/.test(name));
    return new Map(
      names.map((name) => {
        const source = program.getSourceFile(name);
        if (!source) throw new Error(`the compiler gives no tree of ${name}`);
        const module = moduleOf(relative(ROOT, name), source.text, source);
        return [module.path, module];
      }),
    );
  } finally {
    api.close();
  }
}

function moduleOf(path: string, text: string, source: Node): Module {
  const imports: Import[] = [];
  const exports = new Set<string>();
  const words = new Set<string>();
  const add = (specifier: string, names: readonly string[], typeOnly: boolean, lazy = false) =>
    imports.push({ ...target(path, specifier), names, typeOnly, lazy });
  const visit = (node: Node): void => {
    if (isIdentifier(node)) words.add(node.text);
    if (isImportDeclaration(node) && isStringLiteral(node.moduleSpecifier)) {
      const clause = node.importClause;
      const wholly = clause?.phaseModifier === SyntaxKind.TypeKeyword;
      const bindings = clause?.namedBindings;
      const named = bindings && isNamedImports(bindings) ? bindings.elements : [];
      const names = named.map((one) => (one.propertyName ?? one.name).text);
      const rest = [...(clause?.name ? ["default"] : []), ...(bindings && isNamespaceImport(bindings) ? ["*"] : [])];
      const kept = rest.length > 0 || named.some((one) => !one.isTypeOnly) || !clause;
      add(node.moduleSpecifier.text, [...rest, ...names], wholly || !kept);
      return;
    }
    if (isExportDeclaration(node)) {
      const named = node.exportClause && isNamedExports(node.exportClause) ? node.exportClause.elements : [];
      for (const one of named) exports.add(one.name.text);
      if (node.moduleSpecifier && isStringLiteral(node.moduleSpecifier)) {
        const names = named.map((one) => (one.propertyName ?? one.name).text);
        add(node.moduleSpecifier.text, named.length ? names : ["*"], node.isTypeOnly);
      }
      return;
    }
    if (isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) {
      const [first] = node.arguments;
      if (first && isStringLiteral(first)) add(first.text, ["*"], false, true);
    }
    if (isImportTypeNode(node) && isLiteralTypeNode(node.argument) && isStringLiteral(node.argument.literal)) {
      add(node.argument.literal.text, ["*"], true);
    }
    node.forEachChild(visit);
  };
  source.forEachChild((statement) => {
    for (const name of exportedNames(statement)) exports.add(name);
  });
  visit(source);
  return { path, text, imports, exports: [...exports], words };
}

/** The names that a statement with `export` before it declares. */
function exportedNames(statement: Node): readonly string[] {
  const modifiers = "modifiers" in statement ? ((statement.modifiers ?? []) as readonly Node[]) : [];
  const has = (kind: SyntaxKind) => modifiers.some((one) => one.kind === kind);
  if (statement.kind === SyntaxKind.ExportAssignment || has(SyntaxKind.DefaultKeyword)) return ["default"];
  if (!has(SyntaxKind.ExportKeyword)) return [];
  if (isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => (isIdentifier(name) ? [name.text] : []));
  }
  const name = "name" in statement ? (statement.name as Node | undefined) : undefined;
  return name && isIdentifier(name) ? [name.text] : [];
}

function target(from: string, specifier: string): Pick<Import, "to" | "kind"> {
  if (specifier.startsWith(".")) {
    return { to: relative(ROOT, resolve(ROOT, dirname(from), specifier)), kind: "file" };
  }
  if (isBuiltin(specifier)) return { to: specifier, kind: "builtin" };
  const parts = specifier.split("/");
  return { to: parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/"), kind: "package" };
}

/** The text of a file that may be absent. */
export function textOf(path: string): string {
  const whole = resolve(ROOT, path);
  return existsSync(whole) ? readFileSync(whole, "utf8") : "";
}

/** Cycles as lists of modules that reach each other, the longest first, over the imports that `counts` admits. */
export function cycles(graph: ReadonlyMap<string, Module>, counts: (one: Import) => boolean): readonly string[][] {
  // Tarjan's strongly connected components (SIAM J. Comput. 1, 1972).
  const indexOf = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (path: string): void => {
    const index = indexOf.size;
    indexOf.set(path, index);
    low.set(path, index);
    stack.push(path);
    for (const one of graph.get(path)?.imports ?? []) {
      if (one.kind !== "file" || !counts(one) || !graph.has(one.to)) continue;
      if (!indexOf.has(one.to)) visit(one.to);
      if (stack.includes(one.to)) low.set(path, Math.min(low.get(path) ?? 0, low.get(one.to) ?? 0));
    }
    if (low.get(path) !== index) return;
    const members = stack.splice(stack.indexOf(path));
    if (members.length > 1) found.push(members.sort());
  };
  for (const path of graph.keys()) if (!indexOf.has(path)) visit(path);
  return found.sort((one, other) => other.length - one.length);
}
