/** This folder: tests of how the cockpit ends. Not here: what is lost by it (test/e2e). */
import { EventEmitter } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { takeLifecycle } from "../../../tui/lifecycle.ts";
import { runProgram } from "../../harness/program.ts";

let directory: string;
beforeAll(async () => {
  // Inside the project, so that the bundle finds what it leaves outside.
  directory = await mkdtemp(join(import.meta.dirname, "../../../dist/lifecycle-"));
  await build({
    entryPoints: [join(import.meta.dirname, "throws.tsx")],
    outfile: join(directory, "throws.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    jsx: "automatic",
    packages: "external",
    logLevel: "error",
  });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it.each(["component", "timer", "promise"])(
  "gives the terminal back and says why after a fault in a %s",
  async (how) => {
    const program = runProgram(process.execPath, [join(directory, "throws.mjs"), how], { env: process.env });
    expect((await program.exited).exitCode).toBe(70);
    expect(program.restored()).toBe(true);
    expect(program.text()).toContain("It stopped: boom.");
    expect(program.text()).toContain("ended in order");
  },
);

it("ends where its terminal does, also where no signal says so: Make, as the session's leader, keeps that to itself", async () => {
  const left = Promise.withResolvers<number>();
  const target = Object.assign(new EventEmitter(), {
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    exit: left.resolve,
  });
  let ended = false;
  takeLifecycle(target as unknown as NodeJS.Process, String).onEnd(() => {
    ended = true;
  });
  target.stdin.resume().end();
  expect(await left.promise).toBe(129);
  expect(ended).toBe(true);
});
