/** What this computer keeps of a machine's builds: the log of each, and whether the last one was begun here. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MachineName } from "../fleet/machines.ts";
import { type BuildLog, createBuildLog } from "./build-log.ts";

interface LocalLog {
  readonly log: BuildLog;
  /** Whether the build was begun by this computer: then what follows it (a reboot) was consented to here. */
  readonly ours: boolean;
}

/**
 * Opens what is here of the log (createBuildLog). Two processes may follow one job at once: what they write to the file
 * are the same bytes in the same places.
 */
export async function openLocalLog(
  stateDir: string,
  machine: MachineName,
  id: string,
  onTrouble: (sentence: string) => void,
  onData: (bytes: Uint8Array) => void,
): Promise<LocalLog> {
  const started = await readFile(startedFile(stateDir, machine), "utf8").catch(() => "");
  const log = await createBuildLog(folder(stateDir), `${machine}-${id}`, onTrouble, onData);
  return { log, ours: started === id };
}

/** Remembers that this computer began the build. */
export async function markStarted(stateDir: string, machine: MachineName, id: string): Promise<void> {
  await mkdir(folder(stateDir), { recursive: true, mode: 0o700 }).catch(() => {});
  await writeFile(startedFile(stateDir, machine), id, { mode: 0o600 }).catch(() => {});
}

const folder = (stateDir: string) => join(stateDir, "kernel");
const startedFile = (stateDir: string, machine: MachineName) => join(folder(stateDir), `${machine}.started`);
