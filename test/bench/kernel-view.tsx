/**
 * The program that test/bench/kernel.ts looks at: the log view of the cockpit over a log on disk, into which a file is
 * poured as fast as it can be read. Arguments: the file, a folder for the log, where to write what was measured.
 */

import { renameSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { Box, render, useWindowSize } from "ink";
import { systemClock } from "../../ops/clock.ts";
import { createBuildLog } from "../../ops/kernel/build-log.ts";
import { buildLogSource } from "../../tui/log/log-source.ts";
import { LogView } from "../../tui/log/log-view.tsx";
import { median } from "./row.ts";

/** What one run of it says. */
export interface ViewFigures {
  readonly lines: number;
  readonly seconds: number;
  /** That the terminal was sent while the lines came in. */
  readonly framesPerSecond: number;
  readonly longestStallMs: number;
  /** The longest that this thread itself was at work meanwhile: what a busy machine adds is not in it. */
  readonly longestWorkMs: number;
  readonly memoryGrowthMB: number;
  /** Over all of it, for what is nowhere, minding capitals or not. */
  readonly searchMs: number;
  readonly anyCaseMs: number;
  readonly reopenMs: number;
}

const TICK_MS = 1;
const SEARCHES = 7;
/** As a pipe hands it over. */
const PIECE = 65_536;

const [file = "", folder = "", answer = ""] = process.argv.slice(2);
const log = await createBuildLog(folder, "bench");
const source = buildLogSource(log);

function Stage() {
  const { columns, rows } = useWindowSize();
  return (
    <Box width={columns} height={rows} overflow="hidden">
      <LogView
        source={source}
        context="run"
        name="bench"
        environment={{ env: {}, home: folder, stateDir: folder }}
        columns={columns}
        rows={rows}
        clock={systemClock}
        active
      />
    </Box>
  );
}

let frames = 0;
const { waitUntilRenderFlush } = render(<Stage />, {
  alternateScreen: true,
  incrementalRendering: true,
  exitOnCtrlC: false,
  maxFps: 30,
  onRender: () => {
    frames += 1;
  },
});
log.append(Buffer.from("warm\n".repeat(100)));
await pause(500);
const residentBefore = process.memoryUsage.rss();
let most = residentBefore;
const watch = setInterval(() => {
  most = Math.max(most, process.memoryUsage.rss());
}, 20);
const stalls = watchStalls();
const began = performance.now();
const before = log.get().lines;
await pour(() => Promise.resolve());
const seconds = (performance.now() - began) / 1000;
const lines = log.get().lines - before;
await pause(100);
await waitUntilRenderFlush();
const search = await searched("Nowhere in it");
const anyCase = await searched("nowhere in it");
clearInterval(watch);
// Once more, slowly enough for frames to be counted.
const slowlyBegan = performance.now();
frames = 0;
await pour(() => pause(TICK_MS));
const framesPerSecond = (frames / (performance.now() - slowlyBegan)) * 1000;
const { longestStallMs, longestWorkMs } = stalls();
const reopenBegan = performance.now();
const again = await createBuildLog(folder, "bench");
const reopenMs = performance.now() - reopenBegan;
again.close();
const figures: ViewFigures = {
  lines,
  seconds,
  framesPerSecond,
  longestStallMs,
  longestWorkMs,
  memoryGrowthMB: (most - residentBefore) / 1e6,
  searchMs: search,
  anyCaseMs: anyCase,
  reopenMs,
};
writeFileSync(`${answer}.half`, JSON.stringify(figures));
renameSync(`${answer}.half`, answer);

/** Begins to look at how long nothing else had its turn; what it gives ends that. */
function watchStalls(): () => Pick<ViewFigures, "longestStallMs" | "longestWorkMs"> {
  let at = performance.now();
  let cpu = process.threadCpuUsage();
  let longestStallMs = 0;
  let longestWorkMs = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    const used = process.threadCpuUsage(cpu);
    longestStallMs = Math.max(longestStallMs, now - at - TICK_MS);
    longestWorkMs = Math.max(longestWorkMs, (used.user + used.system) / 1000);
    at = now;
    cpu = process.threadCpuUsage();
  }, TICK_MS);
  return () => {
    clearInterval(timer);
    return { longestStallMs, longestWorkMs };
  };
}

async function pour(rest: () => Promise<void>): Promise<void> {
  const from = await open(file);
  const piece = Buffer.alloc(PIECE);
  for (;;) {
    const { bytesRead } = await from.read(piece);
    if (bytesRead === 0) break;
    log.append(piece.subarray(0, bytesRead));
    await rest();
  }
  await from.close();
}

async function searched(query: string): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < SEARCHES; turn += 1) {
    const from = performance.now();
    if ((await log.find(query, 0, 1)) !== undefined) throw new Error("it is somewhere");
    times.push(performance.now() - from);
  }
  return median(times);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
