/** This folder: the built program under a pty, from key to screen. Not here: anything that a smaller test can tell. */
/** The built cockpit on a stage of its own: what every end-to-end test starts from. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { type Program, runProgram } from "../harness/program.ts";
import { type Stage, setStage } from "../simulator/demo/stage.ts";
import type { SimulatorStart } from "../simulator/simulator.ts";

const built = (name: string) => fileURLToPath(new URL(`../../dist/${name}`, import.meta.url));

type Env = Readonly<Record<string, string>>;

export interface Scene extends Stage {
  readonly directory: string;
  /** Starts the cockpit under a pty; it is killed at the end of the test where it still runs. */
  readonly cockpit: (size?: { columns: number; rows: number }, env?: Env) => Program;
  /** Starts the command line with these words, and more environment where the first of them is one. */
  readonly command: (...words: readonly [Env | string, ...string[]]) => Program;
}

/** Sets the stage for one test: simulator, machines behind SSH, a home with last night's session. */
export async function scene(start: SimulatorStart = {}): Promise<Scene> {
  const directory = await mkdtemp(join(tmpdir(), "snowglobe-e2e-"));
  const stage = await setStage(directory, start);
  const programs: Program[] = [];
  onTestFinished(async () => {
    for (const program of programs) program.kill("SIGKILL");
    await Promise.all(programs.map((program) => program.exited));
    await stage.stop();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  });
  const run = (file: string, words: readonly string[], size = { columns: 80, rows: 24 }, env = {}) => {
    const program = runProgram(process.execPath, [built(file), ...words], {
      env: { PATH: process.env.PATH, LANG: "C.UTF-8", ...stage.env, ...env },
      ...size,
    });
    programs.push(program);
    return program;
  };
  return {
    ...stage,
    directory,
    cockpit: (size, env) => run("cockpit.js", [], size, env),
    command: (first, ...words) =>
      typeof first === "string" ? run("cli.js", [first, ...words]) : run("cli.js", words, undefined, first),
  };
}

/** Presses `l`, approves the code that is shown, and waits until the account is in the header. */
export async function signIn(cockpit: Program, stage: Stage): Promise<void> {
  await cockpit.waitFor("Press l to sign in");
  await cockpit.press("l");
  await cockpit.waitFor("Approve only if you started this");
  stage.simulator.sso.decide("approved");
  await cockpit.waitFor("123456789012");
}
