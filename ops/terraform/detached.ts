/**
 * A Terraform run that changes the account lives in a container of its own, which no end of this program cuts: it is started
 * detached, writes its log into a folder of ours, and whoever looks next, here or after a restart, follows it to its end. It
 * is interrupted once at most, and never killed.
 */

import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Environment } from "../environment.ts";
import { FailureError } from "../failure.ts";
import { $ } from "../programs.ts";
import { isText, shaped } from "../shape.ts";
import type { Engine, Invocation } from "./engine.ts";
import { engineFailure } from "./engine-failures.ts";
import { layProfile } from "./keys.ts";

const LOG = "log";

/** One run, as it is written down beside its log. */
export interface DetachedRun {
  /** The container's name. */
  readonly name: string;
  /** The engine that has it. */
  readonly engine: string;
  /** The plan file that it carries out. */
  readonly plan: string;
}

const isRun = shaped({ name: isText, engine: isText, plan: isText });
const folders = ({ stateDir }: Pick<Environment, "stateDir">) => join(stateDir, "terraform-runs");
/** Its log, and what its container asks for keys by. */
export const folderOf = (environment: Pick<Environment, "stateDir">, { name }: DetachedRun) =>
  join(folders(environment), name);

/** A run that nobody has yet, with its folder: written down before the container is there, so that none is ever forgotten. */
export async function newRun(
  environment: Environment,
  engine: string,
  plan: string,
): Promise<DetachedRun & { readonly folder: string }> {
  const run = { name: `snowglobe-apply-${randomBytes(6).toString("hex")}`, engine, plan };
  const folder = folderOf(environment, run);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, LOG), "", { mode: 0o600 });
  await layProfile(folder);
  await writeFile(join(folder, "run.json"), JSON.stringify(run), { mode: 0o600 });
  return { ...run, folder };
}

/** The runs that are written down and not cleared away yet, whoever began them. */
export async function standingRuns(environment: Pick<Environment, "stateDir">): Promise<readonly DetachedRun[]> {
  const names = await readdir(folders(environment)).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folders(environment), name, "run.json"), "utf8").catch(() => "null");
      const run: unknown = safely(text);
      return isRun(run) && (run as DetachedRun).name === name ? [run as DetachedRun] : [];
    }),
  );
  return found.flat();
}

function safely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Starts it; the invocation has its name, its folder and `--detach`. Throws a FailureError. */
export async function startDetached(engine: Engine, { command, args, env }: Invocation): Promise<void> {
  const ended = await $({ env, nothrow: true })`${command} ${args}`;
  if (ended.ok) return;
  throw (
    engineFailure(ended, engine) ??
    new FailureError({
      kind: "internal",
      code: "ENGINE_START",
      sentence: `${command} could not start the container: ${ended.stderr.trim().split("\n").at(-1) ?? "it said nothing"}`,
      action: `Run ${command} info to see how it is.`,
    })
  );
}

const LOOK_MS = 200;

/**
 * Hands on every line from the first, until the container has ended. Gives its exit status; undefined where nobody knows it
 * any more (the computer was restarted, or somebody removed the container). A cancelled `signal` interrupts it, once.
 */
export async function followDetached(
  environment: Environment,
  run: DetachedRun,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<number | undefined> {
  const { env } = environment;
  // No second one, whoever asks: Terraform ends at once on a second, and drops the state that it is uploading.
  const interrupt = () => void interruptOnce(environment, run);
  if (signal.aborted) interrupt();
  signal.addEventListener("abort", interrupt, { once: true });
  const reader = await openLog(join(folderOf(environment, run), LOG));
  try {
    let over = false;
    const statusOf = async () => {
      const { ok, stdout } = await $({ env, nothrow: true })`${run.engine} wait ${run.name}`;
      over = true;
      const code = Number(stdout.trim());
      return ok && stdout.trim() !== "" && Number.isInteger(code) ? code : undefined;
    };
    const status = statusOf();
    while (!over) {
      await reader.read(onLine);
      await Promise.race([status, pause(LOOK_MS)]);
    }
    await reader.read(onLine, true);
    return await status;
  } finally {
    signal.removeEventListener("abort", interrupt);
    await reader.close();
  }
}

/** The mark of an interrupt that was sent is in the run's folder: another program, or the same one later, sends none. */
async function interruptOnce(environment: Environment, run: DetachedRun): Promise<void> {
  const mark = join(folderOf(environment, run), "interrupted");
  const isFirst = await writeFile(mark, "", { flag: "wx", mode: 0o600 }).then(
    () => true,
    () => false,
  );
  if (isFirst) await $({ env: environment.env, nothrow: true })`${run.engine} kill --signal INT ${run.name}`;
}

/** Takes the container, its log and its plan file away, once it has ended. Never throws. */
export async function clearRun(environment: Environment, run: DetachedRun): Promise<void> {
  await $({ env: environment.env, nothrow: true })`${run.engine} rm ${run.name}`.catch(() => {});
  await rm(join(environment.terraformDir, run.plan), { force: true }).catch(() => {});
  await rm(folderOf(environment, run), { recursive: true, force: true }).catch(() => {});
}

async function openLog(path: string) {
  const file = await open(path, "r");
  const decoder = new TextDecoder();
  const buffer = Buffer.alloc(65_536);
  let rest = "";
  return {
    /** What has been written since; the last line too, `toTheEnd`, though nothing ended it. */
    read: async (onLine: (line: string) => void, toTheEnd = false) => {
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length);
        if (bytesRead === 0) break;
        const lines = (rest + decoder.decode(buffer.subarray(0, bytesRead), { stream: true })).split(/\r?\n/);
        rest = lines.pop() ?? "";
        for (const line of lines) onLine(line);
      }
      if (toTheEnd && rest !== "") onLine(rest);
    },
    close: () => file.close(),
  };
}
