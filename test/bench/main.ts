/** This folder: figures, each against what it is named for. Not here: tests that pass or fail. */
/** `make bench`: every figure as one table, each against what it is named for, and the same as JSON in dist/bench.json. */

import { writeFile } from "node:fs/promises";
import { benchCockpit } from "./cockpit.ts";
import { benchKernel } from "./kernel.ts";
import { benchApply, benchPlan } from "./plan.ts";
import { type BenchRow, Skipped } from "./row.ts";
import { benchSsh } from "./ssh.ts";
import { benchSwap } from "./swap.ts";

const suites: Readonly<Record<string, () => Promise<readonly BenchRow[]>>> = {
  cockpit: benchCockpit,
  ssh: benchSsh,
  plan: benchPlan,
  apply: benchApply,
  kernel: benchKernel,
  swap: benchSwap,
};

const wanted = process.argv.slice(2);
const began = performance.now();
const skipped: string[] = [];
const rows: (BenchRow & { readonly suite: string; readonly met: boolean | undefined })[] = [];
for (const [suite, bench] of Object.entries(suites)) {
  if (wanted.length > 0 && !wanted.includes(suite)) continue;
  process.stderr.write(`${suite} …`);
  const since = performance.now();
  try {
    rows.push(...(await bench()).map((row) => ({ suite, ...row, met: isMet(row) })));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (error instanceof Skipped) skipped.push(`${suite}: ${why}`);
    else process.exitCode = 1;
    process.stderr.write(error instanceof Skipped ? ` skipped, ${why}` : ` could not be measured: ${why}`);
  }
  process.stderr.write(` ${Math.round((performance.now() - since) / 1000)} s\n`);
}

/** Whether the figure is as asked (see `BenchRow.target`); undefined where nothing is asked. */
function isMet({ target, ratio, value }: BenchRow): boolean | undefined {
  const [, sign, bound, unit] = /^([≤≥]) ([\d.]+)( \S+)?$/.exec(target ?? "") ?? [];
  if (bound === undefined) return undefined;
  const figure = unit ? value : (ratio ?? value);
  return sign === "≤" ? figure <= Number(bound) : figure >= Number(bound);
}

const shown = (value: number) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2));
const table = rows.map((row) => [
  row.name,
  `${shown(row.value)} ${row.unit}`,
  row.ratio === undefined ? "" : row.ratio.toFixed(2),
  row.spread?.map(shown).join("–") ?? "",
  row.target ?? "",
  row.met === undefined ? "" : row.met ? "met" : "MISSED",
  row.against ?? "",
]);
const head = ["figure", "value", "ratio", "spread", "asked for", "", "against"];
const widths = head.map((title, column) => Math.max(title.length, ...table.map((line) => line[column]?.length ?? 0)));
for (const line of [head, ...table]) {
  process.stdout.write(
    `${line
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd()}\n`,
  );
}
const asked = rows.filter(({ met }) => met !== undefined);
for (const line of skipped) process.stdout.write(`skipped  ${line}\n`);
if (asked.some(({ met }) => !met)) process.exitCode = 1;
const seconds = Math.round((performance.now() - began) / 1000);
process.stdout.write(`${asked.filter(({ met }) => met).length} of ${asked.length} met, in ${seconds} s\n`);
await writeFile("dist/bench.json", `${JSON.stringify(rows, undefined, 2)}\n`);
