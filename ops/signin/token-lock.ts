/** A refresh token is good once: of several programs that find the token ended, one renews it and the others read what it wrote. */

import { mkdir, open, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Longer than a renewal takes with every retry, milliseconds: whoever still has the lock then is dead. */
const STALE_MS = 30_000;
const LOOK_MS = 50;

/** Does `work` while no other program does, by a lock beside `file`. Where no lock can be had at all, it is done without. */
export async function withTokenLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`;
  const held = await take(lock);
  try {
    return await work();
  } finally {
    if (held) await rm(lock, { force: true }).catch(() => {});
  }
}

async function take(lock: string): Promise<boolean> {
  for (;;) {
    try {
      await mkdir(dirname(lock), { recursive: true, mode: 0o700 });
      await (await open(lock, "wx", 0o600)).close();
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") return false;
    }
    const age = await stat(lock).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (Math.abs(age) > STALE_MS) await rm(lock, { force: true }).catch(() => {});
    else await delay(LOOK_MS);
  }
}
