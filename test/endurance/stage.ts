/** The real program, built with a fast clock and a meter in it, under a pty on a simulated account of the same time. */

import { once } from "node:events";
import { copyFile, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { type Program, runProgram } from "../harness/program.ts";
import { type Stage, setStage } from "../simulator/demo/stage.ts";
import { healthyAccount } from "../simulator/story.ts";
import type { Ask, Figures, Standing } from "./reading.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
/** Modules of the program, and what is built in their places. */
const INSTEAD: Readonly<Record<string, string>> = {
  [join(ROOT, "ops/compose.ts")]: here("inside/compose.ts"),
  [join(ROOT, "ops/store.ts")]: here("inside/store.ts"),
};

export interface Endurance extends Stage {
  readonly cockpit: Program;
  readonly directory: string;
  /** Lets time run so many times as fast as it is, for the account and for the cockpit. */
  readonly setSpeed: (speed: number) => Promise<void>;
  readonly figures: () => Promise<Figures>;
  readonly standing: () => Promise<Standing>;
  readonly end: () => Promise<void>;
}

export async function startEndurance(): Promise<Endurance> {
  const directory = await mkdtemp(join(tmpdir(), "snowglobe-endurance-"));
  await buildCockpit(directory);
  const stage = await setStage(directory, { story: healthyAccount, sso: { autoApproveMs: 150, codeSeconds: 7200 } });
  const { simulator } = stage;
  const meter = createServer();
  meter.listen(join(directory, "meter"));
  const cockpit = runProgram(
    process.execPath,
    ["--expose-gc", "--max-semi-space-size=4", join(directory, "built/main.js")],
    {
      env: { LANG: "C.UTF-8", MALLOC_ARENA_MAX: "1", SNOWGLOBE_METER: join(directory, "meter"), ...stage.env },
      columns: 120,
      rows: 40,
    },
  );
  const end = async () => {
    cockpit.kill("SIGKILL");
    await cockpit.exited;
    meter.close();
    await stage.stop();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  const [socket] = (await Promise.race([
    once(meter, "connection"),
    cockpit.exited.then(() => Promise.reject(new Error(`the cockpit did not start:\n${cockpit.text()}`))),
  ])) as [Socket];
  const answers = createInterface({ input: socket })[Symbol.asyncIterator]();
  let speed = 1;
  const ask = async <T>(want: Ask["want"]): Promise<T> => {
    socket.write(`${JSON.stringify({ want, now: simulator.clock.now(), speed } satisfies Ask)}\n`);
    const { value, done } = await answers.next();
    if (done) throw new Error(`the cockpit is gone:\n${cockpit.text()}`);
    return JSON.parse(value) as T;
  };
  return {
    ...stage,
    cockpit,
    directory,
    setSpeed: async (next) => {
      speed = next;
      simulator.clock.setSpeed(next);
      await ask("standing");
    },
    figures: () => ask("figures"),
    standing: () => ask("standing"),
    end,
  };
}

/** Builds the cockpit as esbuild.config.mjs does, with some modules in the places of others. */
async function buildCockpit(directory: string): Promise<void> {
  const instead: Plugin = {
    name: "instead",
    setup: ({ onResolve }) => {
      onResolve({ filter: /\.ts$/ }, ({ path, importer, resolveDir }) => {
        const replacement = INSTEAD[resolve(resolveDir, path)];
        return replacement && importer !== replacement ? { path: replacement } : undefined;
      });
    },
  };
  await build({
    entryPoints: [join(ROOT, "tui/main.ts")],
    outdir: join(directory, "built"),
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    mainFields: ["module", "main"],
    target: "node24",
    define: { "process.env.NODE_ENV": '"production"' },
    external: ["node-pty", "ssh2", "cpu-features"],
    alias: { "react-devtools-core": join(ROOT, "tui/no-devtools.ts") },
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url), __filename = import.meta.filename;',
    },
    plugins: [instead],
    logLevel: "warning",
  });
  // What the program looks for in its own directory, and beside it.
  for (const name of await readdir(join(ROOT, "ops/ssh")))
    if (name.endsWith(".py")) await copyFile(join(ROOT, "ops/ssh", name), join(directory, "built", name));
  for (const name of ["node_modules", "kernel"]) await symlink(join(ROOT, name), join(directory, name));
}
