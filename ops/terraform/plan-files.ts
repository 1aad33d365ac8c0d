/** Saved plans on the disk: they hold values of the state, are nobody else's to read, and are gone after every way out. */

import { rmSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Environment } from "../environment.ts";
import { isAlive } from "../programs.ts";
import { standingRuns } from "./detached.ts";

interface Place {
  readonly environment: Environment;
}

const FOLDER = ".terraform";
let made = 0;
/** Those of this process that are on the disk, in full. */
const present = new Set<string>();

/** On every way out that lets us do anything; what a kill leaves, the next run sweeps. */
process.on("exit", () => {
  for (const path of present) rmSync(path, { force: true });
});

/** A name that no other plan has, of this process or another: what is applied is what was shown. Nobody else reads it. */
export async function newPlanFile({ environment }: Place): Promise<string> {
  made += 1;
  const file = `${FOLDER}/snowglobe-${process.pid}-${made}.tfplan`;
  const path = join(environment.terraformDir, file);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // Terraform writes into the file that is there, whose mode stays.
  await writeFile(path, "", { mode: 0o600 });
  present.add(path);
  return file;
}

/** Keeps a plan from going with this process: a container has it. */
export function handedOver({ environment }: Place, file: string): void {
  present.delete(join(environment.terraformDir, file));
}

/** Removes one. Never throws. */
export async function discardPlan({ environment }: Place, file: string): Promise<void> {
  const path = join(environment.terraformDir, file);
  await rm(path, { force: true }).catch(() => {});
  present.delete(path);
}

/** Removes the plans that killed programs left behind, but for those that a container carries out. */
export async function sweepPlans({ environment }: Place): Promise<void> {
  const folder = join(environment.terraformDir, FOLDER);
  const kept = new Set((await standingRuns(environment)).map(({ plan }) => plan));
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = Number(/^snowglobe-(\d+)-\d+\.tfplan$/.exec(name)?.[1]);
    if (!pid || isAlive(pid) || kept.has(`${FOLDER}/${name}`)) continue;
    await rm(join(folder, name), { force: true }).catch(() => {});
  }
}
