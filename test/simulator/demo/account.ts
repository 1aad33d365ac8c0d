/** The demo's account and everything on disk that belongs to it, for as long as standard input is open. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type { DemoAccount } from "./launcher.ts";
import { shellLines } from "./shell-lines.ts";
import { setStage } from "./stage.ts";

/** How long the person has to look at the code, in real milliseconds. */
const APPROVED_AFTER = 4_000;

/** Keeps it until the launcher says that all is over or is no more; ends this process. */
export async function keepAccount(): Promise<void> {
  // Only the end of standard input ends this process, so that it can always clean up.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
  const directory = await mkdtemp(join(tmpdir(), "snowglobe-demo-"));
  let cockpit: number | undefined;
  let standing: { readonly stop: () => Promise<void> } | undefined;
  const lines = createInterface({ input: process.stdin });
  const over = new Promise<void>((resolve) => lines.once("close", resolve));
  lines.on("line", (line) => {
    cockpit = line === "ended" ? undefined : Number(line);
  });
  try {
    const account = await setStage(directory, { sso: { autoApproveMs: APPROVED_AFTER }, kernelSize: "large" });
    standing = account;
    const told: DemoAccount = {
      directory,
      env: { ...account.env, SNOWGLOBE_DEMO_ENV: await writeEnv(directory, account.env) },
    };
    process.stdout.write(`${JSON.stringify(told)}\n`);
    await over;
  } finally {
    // The launcher was killed and the cockpit outlived it: nobody will read its screen any more.
    if (cockpit) await endProcess(cockpit);
    await standing?.stop();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
  process.exit(0);
}

/** Asks the process to end, and makes it end where it does not. */
async function endProcess(pid: number): Promise<void> {
  try {
    process.kill(pid, "SIGTERM");
    for (let waited = 0; waited < 3_000; waited += 50) {
      await delay(50);
      process.kill(pid, 0);
    }
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone.
  }
}

/** What a shell reads to be on this account too. */
async function writeEnv(directory: string, env: DemoAccount["env"]): Promise<string> {
  const path = join(directory, "env.sh");
  await writeFile(path, `${shellLines(env).join("\n")}\n`, { mode: 0o600 });
  return path;
}
