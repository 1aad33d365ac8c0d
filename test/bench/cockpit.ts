/** The cockpit's own figures: how soon it shows something, and what it costs while nothing happens. */

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Program } from "../harness/program.ts";
import { setStage } from "../simulator/demo/stage.ts";
import { cpuSeconds, residentMB, startCockpit } from "./process.ts";
import { type BenchRow, median, spreadOf } from "./row.ts";

const ROUNDS = 7;
/** Over a minute, as the issue has it. */
const IDLE_MS = 60_000;

export async function benchCockpit(): Promise<readonly BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), "snowglobe-bench-"));
  const stage = await setStage(directory);
  const env = { ...process.env, ...stage.env, ...stage.simulator.signedInEnv };
  const start = () => startCockpit(env);
  try {
    const frames: number[] = [];
    const rows: number[] = [];
    const commands: number[] = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const [frame, row] = await startUp(start);
      const command = await awsCommand(env);
      // The first round warms the disk's and the compiler's caches for both.
      if (round === 0) continue;
      frames.push(frame);
      rows.push(row);
      if (command !== undefined) commands.push(command);
    }
    return [
      relative("first frame", frames, commands, "≤ 0.15"),
      relative("first live row", rows, commands, "≤ 0.4"),
      ...(await idle(start())),
    ];
  } finally {
    await stage.stop();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Round by round, as the machine's pace may change between rounds; `commands` is empty where there is no `aws`. */
function relative(name: string, ours: readonly number[], commands: readonly number[], target: string): BenchRow {
  const row = { name, value: median(ours), unit: "ms" };
  if (commands.length !== ours.length) return { ...row, against: "no AWS CLI is here" };
  const ratios = ours.map((ms, round) => ms / (commands[round] ?? Number.NaN));
  const against = `aws ec2 describe-instances, ${median(commands).toFixed(0)} ms`;
  return { ...row, against, ratio: median(ratios), spread: spreadOf(ratios), target };
}

/** Milliseconds from the start of the program to its first machine on the screen, and to the first live figure. */
async function startUp(start: () => Program): Promise<[number, number]> {
  const began = performance.now();
  const program = start();
  await program.waitFor("fcvm-metal-arm", 30_000);
  const frame = performance.now() - began;
  await program.waitFor("TEMPORARY DISK", 30_000);
  const row = performance.now() - began;
  program.kill();
  await program.exited;
  return [frame, row];
}

/** Milliseconds that the AWS CLI takes for the one call; undefined where there is no `aws`. */
function awsCommand(env: NodeJS.ProcessEnv): Promise<number | undefined> {
  return new Promise((resolve) => {
    const began = performance.now();
    const child = spawn("aws", ["ec2", "describe-instances"], { env, stdio: "ignore" });
    child.once("error", () => resolve(undefined));
    child.once("exit", (code) => resolve(code === 0 ? performance.now() - began : undefined));
  });
}

/** What a cockpit costs that nobody touches, on an account in which nothing moves. */
async function idle(program: Program): Promise<readonly BenchRow[]> {
  await program.waitFor("TEMPORARY DISK", 30_000);
  await program.waitFor(/load \d/, 30_000);
  await program.quiet();
  const { pid } = program;
  const cpuBefore = cpuSeconds(pid);
  const bytesBefore = program.bytes();
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const cpu = (cpuSeconds(pid) - cpuBefore) / (IDLE_MS / 1000);
  const bytes = (program.bytes() - bytesBefore) / (IDLE_MS / 5000);
  const memory = residentMB(pid);
  await program.press("q");
  await program.exited;
  return [
    { name: "idle CPU", value: cpu * 100, unit: "% of a core", target: "≤ 0.3" },
    { name: "resident memory", value: memory, unit: "MB", target: "≤ 100" },
    { name: "written per idle refresh", value: bytes, unit: "bytes" },
  ];
}
