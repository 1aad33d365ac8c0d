/** `make picture`: the built cockpit in the demo, signed in, a build under way, as tui/cockpit.svg. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Program, runProgram } from "../harness/program.ts";
import { setStage } from "../simulator/demo/stage.ts";
import { svgOf } from "./svg.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const FILE = join(ROOT, "tui/cockpit.svg");
const SIZE = { columns: 110, rows: 32 } as const;
const TITLE =
  "The cockpit in its demo: three machines, one of them on a temporary disk, and a kernel build under way behind them.";
/** The share of the build at which the picture is taken: neither its first moment nor its last. */
const SHARE = /\b[3-7]\d %\s+compiling/;
const PATIENCE_MS = 90_000;

const directory = await mkdtemp(join(tmpdir(), "snowglobe-picture-"));
const stage = await setStage(directory, { kernelSize: "large" });
const cockpit = runProgram(process.execPath, [join(ROOT, "dist/cockpit.js")], {
  env: { ...stage.env, LANG: "C.UTF-8", TZ: "UTC" },
  ...SIZE,
});
try {
  await toTheMoment(cockpit);
  const text = cockpit.text();
  // Whoever looks at the picture is told nothing about the computer that made it.
  const told = [hostname(), homedir(), directory, ROOT].find((word) => word.length > 3 && text.includes(word));
  if (told) throw new Error(`The screen shows ${told}, which is this computer's own.`);
  await writeFile(FILE, svgOf(cockpit.terminal, TITLE));
} finally {
  cockpit.kill();
  await cockpit.exited;
  await stage.stop();
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

async function toTheMoment({ waitFor, press }: Program): Promise<void> {
  const shows = (test: string | RegExp | ((text: string) => boolean)) => waitFor(test, PATIENCE_MS);
  await shows("Press l to sign in");
  await press("l");
  await shows("Approve only if you started this");
  stage.simulator.sso.decide("approved");
  await shows("running on a temporary disk");
  // Everything has been asked once, and the sign-in is no news any more.
  await shows((text) => /load \d/.test(text) && text.includes("as of") && !/Sign in\s+done/.test(text));
  await press("k");
  await choose("Go on as it is");
  await choose("Guest");
  await shows(/compile \d+ s/);
  await press("escape");
  await shows(SHARE);

  async function choose(answer: string): Promise<void> {
    await shows((text) => text.includes(answer) && text.includes("Enter choose"));
    while (!new RegExp(`› (?:\\d )?${answer}`).test(cockpit.text())) {
      await press("down");
      await shows((text) => !/› (?:\d )?Cancel/.test(text));
    }
    await press("enter");
  }
}
