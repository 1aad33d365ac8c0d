import { expect, it } from "vitest";
import { cycles, type Import, type Module, readGraph } from "./graph.ts";

/**
 * The layers, the lowest first: code of one may call what stands in the same line or above it, and nothing below. Types
 * may be named across (a run carries a plan's view, an operation is known by everybody), but not across the walls.
 */
const LAYERS: readonly (readonly string[])[] = [
  [
    "ops/clock.ts",
    "ops/environment.ts",
    "ops/failure.ts",
    "ops/pause.ts",
    "ops/store.ts",
    "ops/plain.ts",
    "ops/programs.ts",
    "ops/shape.ts",
    "ops/aws/redact.ts",
    "ops/fleet/machines.ts",
  ],
  ["ops/aws"],
  ["ops/operation"],
  ["ops/signin"],
  ["ops/fleet"],
  ["ops/ssh"],
  ["ops/machine"],
  ["ops/kernel"],
  ["ops/plan"],
  ["ops/terraform"],
  ["ops/database"],
  ["ops"],
  ["tui/shared/text-props.ts", "tui/shared/theme.ts", "tui/shared/ticker.ts", "tui/shared/use-store.ts"],
  ["tui/format"],
  ["tui/keys"],
  ["tui/terminal"],
  ["tui/shared"],
  ["tui/dialogs", "tui/log", "tui/sign-in", "tui/help"],
  ["tui/fleet", "tui/sessions"],
  ["tui/run", "tui/plan", "tui/kernel", "tui/history", "tui/quit.tsx"],
  ["tui"],
];

const graph = readGraph();

/** The layer of a file: the one that names it most exactly. */
function layerOf(path: string): number | undefined {
  let best: { readonly layer: number; readonly length: number } | undefined;
  for (const [layer, places] of LAYERS.entries()) {
    for (const place of places) {
      if (path !== place && !path.startsWith(`${place}/`)) continue;
      if (!best || place.length > best.length) best = { layer, length: place.length };
    }
  }
  return best?.layer;
}

function* edges(counts: (one: Import, from: Module) => boolean): Generator<readonly [from: Module, to: Import]> {
  for (const module of graph.values()) {
    for (const one of module.imports) if (one.kind === "file" && counts(one, module)) yield [module, one];
  }
}

/** What is printed where a layer is broken. */
function drawn(): string {
  return LAYERS.map((places, layer) => `${String(layer).padStart(2)}  ${places.join(", ")}`).join("\n");
}

it("has no cycle, not even of types", () => {
  expect(cycles(graph, (one) => !one.typeOnly)).toEqual([]);
  expect(cycles(graph, () => true)).toEqual([]);
});

it("calls downwards only", () => {
  const upwards = [...edges((one) => !one.typeOnly)].flatMap(([from, { to }]) => {
    const [here, there] = [layerOf(from.path), layerOf(to)];
    return here !== undefined && there !== undefined && there > here
      ? [`${from.path} (${here}) → ${to} (${there})`]
      : [];
  });
  expect(upwards, `the layers, the lowest first:\n${drawn()}`).toEqual([]);
});

it("keeps the walls: ops knows nothing of the screen, and the product nothing of its tests", () => {
  const inProduct = (path: string) => /^(ops|tui|terraform|kernel)\//.test(path);
  const broken = [...edges((_, { path }) => inProduct(path))].flatMap(([{ path }, { to }]) =>
    to.startsWith("test/") || (!path.startsWith("tui/") && to.startsWith("tui/")) ? [`${path} → ${to}`] : [],
  );
  expect(broken).toEqual([]);
  const drawing = [...graph.values()].filter(({ path }) => path.startsWith("ops/") || path.startsWith("terraform/"));
  expect(
    drawing.flatMap(({ path, imports }) =>
      imports.filter(({ to }) => /^(react|ink)/.test(to)).map(({ to }) => path + to),
    ),
  ).toEqual([]);
});

it("programs are started in one place, by zx", () => {
  const starting = /^(node:)?child_process$|^zx$/;
  const files = [...graph.values()].filter(
    ({ path, imports }) => /^(ops|tui)\//.test(path) && imports.some(({ to }) => starting.test(to)),
  );
  expect(files.map(({ path }) => path)).toEqual(["ops/programs.ts"]);
});

it("the simulated account does not borrow the product's logic", () => {
  // The demo's stage sets the cockpit's own files up; the names of the machines are everybody's.
  const borrowed = [...edges((one, { path }) => path.startsWith("test/simulator/") && !one.typeOnly)].flatMap(
    ([{ path }, { to }]) =>
      /^(ops|tui)\//.test(to) &&
      to !== "ops/fleet/machines.ts" &&
      !path.endsWith(".test.ts") &&
      path !== "test/simulator/demo/stage.ts"
        ? [`${path} → ${to}`]
        : [],
  );
  expect(borrowed).toEqual([]);
});

/** Reaches no file, clock or process, and is no client of anything. */
const HARMLESS = ["node:util", "string-width"];
/** Names what makes an operation, beside its words and when it can be had; whoever makes none calls none of that. */
const ACTIONS = "ops/actions.ts";
const IMPURE = /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bsetTimeout\b|\bsetInterval\b|\bperformance\.now\b/;

it("what says that it is pure is so, with everything that it calls", () => {
  const pure = [...graph.values()].filter(
    ({ path, text }) => /^(ops|tui)\//.test(path) && /\bPure[.;]/.test(headOf(text)),
  );
  expect(pure.length).toBeGreaterThan(40);
  const found = pure.flatMap((module) => impurities(module, module.path, new Set()));
  expect([...new Set(found)]).toEqual([]);
});

function headOf(text: string): string {
  return /^(?:\/\*\*[\s\S]*?\*\/\s*)*/.exec(text)?.[0] ?? "";
}

function impurities({ path, text, imports }: Module, way: string, seen: Set<string>): readonly string[] {
  if (seen.has(path)) return [];
  seen.add(path);
  const word = IMPURE.exec(text)?.[0];
  return [
    ...(word ? [`${way}: ${word}`] : []),
    ...imports.flatMap(({ to, kind, typeOnly, names }) => {
      if (typeOnly || (to === ACTIONS && !names.includes("operationOf") && !names.includes("*"))) return [];
      const next = graph.get(to);
      if (kind === "file") return next ? impurities(next, `${way} → ${to}`, seen) : [];
      return HARMLESS.includes(to) ? [] : [`${way} → ${to}`];
    }),
  ];
}

it("what must be pure says so", () => {
  const places =
    /^(ops\/fleet\/derive\/|ops\/machine\/(decide|spot|decision|mark)|ops\/plan\/(guard|money|tree|plan|attributes)|tui\/format\/)/;
  const silent = [...graph.values()].filter(
    ({ path }) => places.test(path) && impurities(graph.get(path) as Module, path, new Set()).length,
  );
  expect(silent.map(({ path }) => path)).toEqual([]);
});

it("the first frame waits for nothing that is slow to load", () => {
  const reached = new Set<string>();
  const visit = (path: string) => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const { to, typeOnly, lazy } of graph.get(path)?.imports ?? []) if (!typeOnly && !lazy) visit(to);
  };
  visit("tui/start.ts");
  expect(reached).toContain("tui/fleet/fleet-frame.ts");
  const slow = [...reached].filter((to) =>
    /^(?:ink|react|@aws-sdk|@smithy|@xterm|node-pty|node:https?)(?:$|[/-])/.test(to),
  );
  expect(slow).toEqual([]);
});
