/** What Make calls, as a process that is killed, interrupted and hung up while a kernel is being built. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Program, runProgram } from "../../harness/program.ts";
import { ARM, type KernelRig, startRig } from "./rig.ts";

const cli = join(import.meta.dirname, "../../../ops/cli.ts");
const HELD = "  LD      vmlinux.o";
let rig: KernelRig;
const programs: Program[] = [];

beforeEach(async () => {
  rig = await startRig();
  rig.hosts.kernels.hold(true);
});
afterEach(async () => {
  for (const program of programs) program.kill("SIGKILL");
  await Promise.all(programs.splice(0).map(({ exited }) => exited));
  await rig.stop();
});

function make(...words: string[]): Program {
  const program = runProgram(process.execPath, [cli, ...words], { env: { ...rig.env }, columns: 200, rows: 50 });
  programs.push(program);
  return program;
}

const compiling = (program: Program) => program.waitFor("... Compile");

test("killed outright in mid-build, the next one goes on with it, and prints the raw lines", async () => {
  const first = make("kernel-guest", "arm");
  await compiling(first);
  first.kill("SIGKILL");
  await first.exited;
  const second = make("kernel-guest", "arm");
  await second.waitFor(/guest kernel that is being built since \d\d:\d\d is followed/);
  await compiling(second);
  rig.hosts.kernels.hold(false);
  expect((await second.exited).exitCode).toBe(0);
  expect(second.written()).toContain(HELD);
  expect(second.written()).toMatch(/The guest kernel was built on fcvm-metal-arm in \d+ s\. It is ~\//);
  expect(second.written()).not.toContain("==>");
});

test("Ctrl+C stops the build and says so; a closed terminal leaves it", async () => {
  const left = make("kernel-guest", "arm");
  await compiling(left);
  left.kill("SIGHUP");
  expect((await left.exited).exitCode).toBe(129);
  const stopped = make("kernel-guest", "arm");
  await stopped.waitFor("is followed");
  await compiling(stopped);
  stopped.write("\u0003");
  await stopped.waitFor("The build on fcvm-metal-arm was cancelled");
  expect((await stopped.exited).exitCode).toBe(130);
  const state = join(rig.homeOn(ARM), ".local/state/snowglobe-kernel");
  const holder = readFileSync(join(state, "holder"), "utf8").trim();
  expect(Number(readFileSync(join(state, "jobs", holder, "exit"), "utf8"))).not.toBe(0);
});
