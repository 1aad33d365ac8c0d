import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { readGraph, textOf } from "./graph.ts";

const graph = readGraph();

/** What runs without being imported: commands name it, or tests start it as a process of its own. */
const NAMED_IN = [
  "Makefile",
  "package.json",
  "esbuild.config.mjs",
  "vitest.config.ts",
  "test/kernel/heavy.sh",
  ".ci/run",
];

it("every file is used", () => {
  const imported = new Set([...graph.values()].flatMap(({ imports }) => imports.map(({ to }) => to)));
  const commands = NAMED_IN.map(textOf).join("\n");
  const named = (path: string) => {
    const name = path.split("/").at(-1) ?? path;
    const spoken = new RegExp(`["'\`/]${name.replace(".", "\\.")}["'\`]`);
    return (
      commands.includes(path) || [...graph.values()].some((other) => other.path !== path && spoken.test(other.text))
    );
  };
  const dead = [...graph.keys()].filter((path) => {
    if (/\.(test|long)\.tsx?$/.test(path) || /^[^/]*\.ts$/.test(path)) return false;
    return !imported.has(path) && !named(path);
  });
  expect(dead).toEqual([]);
});

it("every export is imported by somebody", () => {
  const taken = new Set<string>();
  for (const { imports, words } of graph.values()) {
    for (const { to, names } of imports) {
      for (const name of names) {
        // Of a module that is taken whole, what is named.
        const all = name === "*" ? (graph.get(to)?.exports ?? []).filter((one) => words.has(one)) : [name];
        for (const one of all) taken.add(`${to} ${one}`);
      }
    }
  }
  const idle = [...graph.values()].flatMap(({ path, exports }) =>
    isForOthers(path) ? [] : exports.map((name) => `${path} ${name}`).filter((one) => !taken.has(one)),
  );
  expect(idle).toEqual([]);
});

/** Called by name from outside: by a bundle's alias, the test runner, the Lambda's runtime. */
const EXPORTED_FOR_OTHERS = new Set([
  "tui/no-devtools.ts",
  "vitest.config.ts",
  "vitest.long.config.ts",
  "test/harness/closing-line.ts",
  "terraform/auto-stop/handler.ts",
]);

function isForOthers(path: string): boolean {
  // A long day's bundle takes these modules in the place of the product's own.
  return EXPORTED_FOR_OTHERS.has(path) || path.startsWith("test/endurance/inside/");
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(textOf("package.json")) as Manifest;
const { dependencies, devDependencies } = manifest;

it("every package that is imported is a dependency, and what the product imports is no development tool", () => {
  const wrong = [...graph.values()].flatMap(({ path, imports }) =>
    imports
      .filter(({ kind, to }) => kind === "package" && !(to in dependencies))
      .filter(({ to, typeOnly }) => !(to in devDependencies) || (/^(ops|tui)\//.test(path) && !typeOnly))
      .map(({ to }) => `${path} → ${to}`),
  );
  expect(wrong).toEqual([]);
});

it("every dependency is used", () => {
  const imported = new Set([...graph.values()].flatMap(({ imports }) => imports.map(({ to }) => to)));
  const commands = [...NAMED_IN, "terraform/auto-stop/build.mjs"].map(textOf).join("\n");
  /** The commands that a package brings. */
  const bins = (name: string) => {
    const bin = (JSON.parse(textOf(`node_modules/${name}/package.json`) || "{}") as { bin?: string | object }).bin;
    return typeof bin === "object" ? Object.keys(bin) : bin ? [name] : [];
  };
  const idle = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => {
    const of = /^@types\/(.+)$/.exec(name)?.[1];
    if (of) return of !== "node" && !imported.has(of);
    return !imported.has(name) && !bins(name).some((word) => new RegExp(`\\b${word}\\b`).test(commands));
  });
  expect(idle).toEqual([]);
});

it("no file is longer than 450 lines", () => {
  const sources = ["ops", "tui", "test", "terraform", "kernel"].flatMap((top) =>
    readdirSync(top, { recursive: true, encoding: "utf8" }).map((path) => `${top}/${path}`),
  );
  const long = sources
    .filter((path) => /\.(ts|tsx|mjs|sh|tf)$/.test(path) && !/\/(node_modules|dist|\.terraform)\//.test(path))
    .map((path) => [path, textOf(path).split("\n").length - 1] as const)
    .filter(([, lines]) => lines > 450);
  expect(long).toEqual([]);
});
