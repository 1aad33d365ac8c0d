/**
 * `make simulator`: the simulated account by itself, with its machines, until it is interrupted. What it prints points a
 * shell at it: any AWS client, the cockpit, and the ssh that this calls.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shellLines } from "./demo/shell-lines.ts";
import { setStage } from "./demo/stage.ts";

const directory = await mkdtemp(join(tmpdir(), "snowglobe-simulator-"));
const stage = await setStage(directory);

const stop = async () => {
  await stage.stop();
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => void stop());

// The header calls it what it is, and the keys are good for a year, so that `aws` works at once; a client that signs in leaves them out.
const { SNOWGLOBE_DEMO: _, ...env } = { ...stage.env, ...stage.simulator.signedInEnv };
for (const line of shellLines(env)) process.stdout.write(`${line}\n`);
