/** The program that test/bench/kernel.ts looks at: a build's log in the cockpit's view. Arguments: lines, a folder, the answer. */

import { renameSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { Box, render, useWindowSize } from "ink";
import { systemClock } from "../../ops/clock.ts";
import { createBuildLog } from "../../ops/kernel/build-log.ts";
import { BuildLogView } from "../../tui/log/build-log-view.tsx";
import { median } from "./row.ts";

/** What one run of it says, in milliseconds; of the stalls also what this thread itself was at work for. */
export interface ViewFigures {
  readonly appendMs: number;
  readonly stallMs: number;
  readonly workMs: number;
  readonly searchMs: number;
  readonly reopenMs: number;
}

const [lines = "", folder = "", answer = ""] = process.argv.slice(2);
const log = await createBuildLog(folder, "bench");

function Stage() {
  const { columns, rows } = useWindowSize();
  const environment = { env: {}, home: folder, stateDir: folder };
  return (
    <Box width={columns} height={rows} overflow="hidden">
      <BuildLogView
        {...{ log, findings: [], context: "kernel", name: "bench", environment, columns, rows, clock: systemClock }}
        active
      />
    </Box>
  );
}

render(<Stage />, { alternateScreen: true, incrementalRendering: true, exitOnCtrlC: false, maxFps: 30 });
log.append(Buffer.from("warm\n".repeat(100)));
await pause(500);
let stallMs = 0;
let workMs = 0;
let at = performance.now();
let cpu = process.threadCpuUsage();
const watch = setInterval(() => {
  const { user, system } = process.threadCpuUsage(cpu);
  stallMs = Math.max(stallMs, performance.now() - at);
  workMs = Math.max(workMs, (user + system) / 1000);
  at = performance.now();
  cpu = process.threadCpuUsage();
});
const appendMs = await timed(async () => {
  // What a compiler says, a thousand lines at a time.
  for (let line = 0; line < Number(lines); line += 1000) {
    const text = (_: unknown, index: number) => `  CC      drivers/net/part_${line + index}.o`.padEnd(99, " and more");
    log.append(Buffer.from(`${Array.from({ length: 1000 }, text).join("\n")}\n`));
    await pause();
  }
});
const searches: number[] = [];
for (let turn = 0; turn < 7; turn += 1) searches.push(await timed(() => log.find("nowhere in it", 0, 1)));
clearInterval(watch);
const reopenMs = await timed(async () => (await createBuildLog(folder, "bench")).close());
const figures: ViewFigures = { appendMs, stallMs, workMs, searchMs: median(searches), reopenMs };
writeFileSync(`${answer}.half`, JSON.stringify(figures));
renameSync(`${answer}.half`, answer);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
