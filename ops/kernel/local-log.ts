/** Where the log of a machine's job is kept on this computer, so that another process, or the next one, goes on with it. */

import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MachineName } from "../fleet/machines.ts";
import { type BuildLog, createBuildLog } from "./build-log.ts";

interface LocalLog {
  readonly log: BuildLog;
  /** Whether the build was begun by this computer: then what follows it (a reboot) was consented to here. */
  readonly ours: boolean;
  /** Lets go of the file, for the next who follows. */
  readonly close: () => Promise<void>;
}

/** Under the state directory. */
const FOLDER = "kernel";
const OWNER = ".owner";

/** Opens what is here of the log; two processes at once write to two files. `onTrouble` hears where it cannot be kept. */
export async function openLocalLog(
  stateDir: string,
  machine: MachineName,
  id: string,
  onTrouble: (sentence: string) => void,
): Promise<LocalLog> {
  const directory = join(stateDir, FOLDER);
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch(() => {});
  const name = `${machine}-${id}`;
  const owner = join(directory, `${name}${OWNER}`);
  await forgetTheDead(directory);
  const owned = await own(owner);
  const log = await createBuildLog(directory, owned ? name : `${name}-${process.pid}`, onTrouble);
  return {
    log,
    ours: await readFile(startedFile(directory, machine)).then(
      (content) => content.toString() === id,
      () => false,
    ),
    close: async () => {
      log.close();
      if (owned) await unlink(owner).catch(() => {});
    },
  };
}

/** Remembers that this computer began the build. */
export async function markStarted(stateDir: string, machine: MachineName, id: string): Promise<void> {
  const directory = join(stateDir, FOLDER);
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch(() => {});
  await writeFile(startedFile(directory, machine), id, { mode: 0o600 }).catch(() => {});
}

function startedFile(directory: string, machine: MachineName): string {
  return join(directory, `${machine}.started`);
}

/** Takes the file for this process, where no other one holds it. */
function own(file: string): Promise<boolean> {
  return writeFile(file, String(process.pid), { flag: "wx", mode: 0o600 }).then(
    () => true,
    () => false,
  );
}

/** Removes what processes left behind that were killed. */
async function forgetTheDead(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const file of names.filter((name) => name.endsWith(OWNER)).map((name) => join(directory, name))) {
    const holder = Number(await readFile(file, "utf8").catch(() => "0"));
    // One that is being written has no number yet.
    if (Number.isInteger(holder) && holder > 0 && !isAlive(holder)) await unlink(file).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Hands over what the file already has, from its beginning. */
export async function replay({ log }: LocalLog, onData: (bytes: Uint8Array) => void): Promise<void> {
  const { bytes } = log.get();
  if (bytes === 0) return;
  const pieces = createReadStream(log.path, { end: bytes - 1 });
  for await (const piece of pieces) if (piece instanceof Uint8Array) onData(piece);
}
