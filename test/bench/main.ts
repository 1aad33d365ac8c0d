/** This folder: figures, each against what it is named for. Not here: tests that pass or fail. */
/** `make bench`: every figure as one table, each against what it is named for, and the same as JSON in dist/bench.json. */

import { writeFile } from "node:fs/promises";
import { benchCockpit } from "./cockpit.ts";
import { benchKernel } from "./kernel.ts";
import { benchPlan } from "./plan.ts";
import type { BenchRow } from "./row.ts";
import { benchSsh } from "./ssh.ts";
import { benchSwap } from "./swap.ts";

const suites: Readonly<Record<string, () => Promise<readonly BenchRow[]>>> = {
  cockpit: benchCockpit,
  ssh: benchSsh,
  plan: benchPlan,
  kernel: benchKernel,
  swap: benchSwap,
};

const wanted = process.argv.slice(2);
const rows: BenchRow[] = [];
for (const [name, suite] of Object.entries(suites)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stderr.write(`${name} …\n`);
  rows.push(...(await suite()));
}
const shown = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(2));
const table = rows.map((row) => [
  row.name,
  `${shown(row.value)} ${row.unit}`,
  row.ratio === undefined ? "" : row.ratio.toFixed(2),
  row.target ?? "",
  row.against ?? "",
]);
const head = ["figure", "value", "ratio", "asked for", "against"];
const widths = head.map((title, column) => Math.max(title.length, ...table.map((line) => line[column]?.length ?? 0)));
for (const line of [head, ...table]) {
  process.stdout.write(
    `${line
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd()}\n`,
  );
}
await writeFile("dist/bench.json", `${JSON.stringify(rows, undefined, 2)}\n`);
