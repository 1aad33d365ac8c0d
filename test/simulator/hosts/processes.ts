/** The programs of a simulated machine, jobs that outlive their session included: known by a mark in their environment. */

import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** What systemd gives a service, shortened: nobody wants to wait 90 seconds for a demo. */
const GRACE_MS = 2_000;
/** What a SIGKILL does not end by then hangs in the kernel beneath, and nobody can wait for it. */
const LIMIT_MS = 10_000;

/** Process ids of the living that were started with `mark` ("NAME=value"). Only Linux tells; elsewhere nothing is built. */
export function markedWith(mark: string): number[] {
  if (process.platform !== "linux") return [];
  const needle = `\0${mark}\0`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && `\0${environmentOf(name)}`.includes(needle))
    .map(Number);
}

function environmentOf(id: string): string {
  try {
    return readFileSync(`/proc/${id}/environ`, "latin1");
  } catch {
    // Gone meanwhile, or another's.
    return "";
  }
}

/** Ends all of them and resolves when none is left: as a shutdown does, asking first, or as a loss of power does. */
export async function endMarked(mark: string, how: "shutdown" | "power-off"): Promise<void> {
  const began = Date.now();
  for (let round = 0; ; round += 1) {
    const ids = markedWith(mark);
    if (ids.length === 0 || Date.now() - began > LIMIT_MS) return;
    const asking = how === "shutdown" && Date.now() - began < GRACE_MS;
    // Asked once; what forks while it is killed is met in the next round.
    if (!asking || round === 0) for (const id of ids) signal(id, asking ? "SIGTERM" : "SIGKILL");
    await delay(asking ? 25 : 5);
  }
}

function signal(id: number, name: NodeJS.Signals): void {
  try {
    process.kill(id, name);
  } catch {
    // It has ended by itself.
  }
}
