/** Another local user against every path that we write, whatever our umask: nothing to read, nothing to put, nowhere to wait for us. */

import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Program, runProgram } from "../harness/program.ts";
import { type Scene, scene } from "./stage.ts";

const BUILT = join(import.meta.dirname, "..", "..", "dist");
/** Somebody who owns nothing here. */
const OTHER = 65_534;
const NOT_ROOT = process.getuid?.() !== 0;

/** A scene that the other user may walk into, as a home is on many computers, and our programs with the worst umask. */
async function open() {
  const stage = await scene({ latencyScale: 0.01 });
  const home = join(stage.directory, "visited");
  // What every home has already, for everybody to look into.
  for (const one of [".local/state", ".cache"]) mkdirSync(join(home, one), { recursive: true });
  for (const one of [stage.directory, home, join(home, ".local"), join(home, ".local/state"), join(home, ".cache")]) {
    chmodSync(one, 0o755);
  }
  // What belongs to the stage, and not to us.
  for (const one of readdirSync(stage.directory)) if (one !== "visited") chmodSync(join(stage.directory, one), 0o700);
  const terraform = stage.env.SNOWGLOBE_TERRAFORM_DIR ?? "";
  chmodSync(terraform, 0o755);
  const env = {
    PATH: process.env.PATH,
    LANG: "C.UTF-8",
    ...stage.env,
    ...stage.simulator.signedInEnv,
    HOME: home,
    XDG_STATE_HOME: join(home, ".local", "state"),
    XDG_CACHE_HOME: join(home, ".cache"),
  };
  const programs: Program[] = [];
  const run = (more: Readonly<Record<string, string>>, file: string, ...words: readonly string[]) => {
    const program = runProgram("sh", ["-c", 'umask 0; exec "$0" "$@"', process.execPath, join(BUILT, file), ...words], {
      env: { ...env, ...more },
      columns: 200,
      rows: 60,
    });
    programs.push(program);
    return program;
  };
  const end = () => {
    for (const one of programs) one.kill("SIGKILL");
  };
  return { stage, home, terraform, run, end };
}

/** What the other user finds below a directory. */
function found(directory: string, ...test: readonly string[]): readonly string[] {
  const { stdout } = spawnSync("find", [directory, "-mindepth", "1", ...test], {
    uid: OTHER,
    gid: OTHER,
    cwd: "/",
    encoding: "utf8",
  });
  return stdout.split("\n").filter(Boolean);
}

async function over(program: Program): Promise<string> {
  let isOver = false;
  void program.exited.then(() => {
    isOver = true;
  });
  await program.waitFor(() => isOver);
  return program.text();
}

/** A sign-in, a start, a plan, an apply and a look: everything that writes. */
async function aDay({
  stage,
  run,
}: {
  readonly stage: Scene;
  readonly run: Awaited<ReturnType<typeof open>>["run"];
}): Promise<void> {
  const start = run({}, "cli.js", "start", "x86");
  await start.waitFor(/y\/N/i);
  start.write("y\r");
  await over(start);
  const apply = run({}, "cli.js", "apply");
  await apply.waitFor(/Type |y\/N/);
  apply.write("no\r");
  await over(apply);
  const cockpit = run({}, "cockpit.js");
  await cockpit.waitFor("running on a temporary disk");
  await cockpit.press("q");
  await over(cockpit);
  expect(stage.simulator.calls.length).toBeGreaterThan(0);
}

describe.skipIf(NOT_ROOT)("another user of this computer (needs root, to be somebody else)", () => {
  it("finds nothing of a whole day that could be read or written, not in home and not beside Terraform's files", async () => {
    const place = await open();
    const { home, terraform } = place;
    try {
      await aDay(place);
      const state = join(home, ".local", "state", "snowglobe");
      expect(existsSync(join(state, "history"))).toBe(true);
      expect(existsSync(join(home, ".cache", "snowglobe", "compiled"))).toBe(true);
      // The folders that were there, and ours as closed doors.
      expect(found(home, "-writable", "-not", "-type", "l")).toEqual([]);
      expect(found(home, "-type", "f")).toEqual([]);
      expect(found(terraform, "-writable", "-not", "-type", "l")).toEqual([]);
      expect(found(terraform, "-readable", "-type", "f").filter((path) => !path.endsWith(".tf"))).toEqual([
        // The stage's own.
        join(terraform, "terraform.tfvars"),
      ]);
    } finally {
      place.end();
    }
  });

  it.each([
    [
      "a directory of theirs",
      (path: string) => {
        mkdirSync(path, { mode: 0o777 });
        chownSync(path, OTHER, OTHER);
        writeFileSync(join(path, "known_hosts"), "planted ssh-ed25519 AAAA\n");
      },
    ],
    [
      "a link of theirs, to a place of theirs",
      (path: string) => {
        const theirs = join(dirname(path), "theirs");
        mkdirSync(theirs, { mode: 0o777 });
        chownSync(theirs, OTHER, OTHER);
        symlinkSync(theirs, path);
        spawnSync("chown", ["-h", `${OTHER}:${OTHER}`, path]);
      },
    ],
    [
      "a link of theirs, to a place of ours",
      (path: string) => {
        mkdirSync(join(dirname(path), "ours"));
        symlinkSync(join(dirname(path), "ours"), path);
        spawnSync("chown", ["-h", `${OTHER}:${OTHER}`, path]);
      },
    ],
  ])(
    "who was where our state was to be, with %s: nothing is written or believed there, and we go on",
    async (_, plant) => {
      const place = await open();
      const shared = join(place.home, "shared");
      mkdirSync(shared);
      chmodSync(shared, 0o1777);
      plant(join(shared, "snowglobe"));
      const before = spawnSync("find", [shared, "-ls"], { encoding: "utf8" }).stdout;
      try {
        const text = await over(place.run({ XDG_STATE_HOME: shared }, "cli.js", "status"));
        expect(text).toMatch(/snowglobe belongs to somebody else\. Nothing is kept of what is done here/);
        expect(text).toContain("fcvm-metal-arm");
        expect(spawnSync("find", [shared, "-ls"], { encoding: "utf8" }).stdout).toBe(before);
      } finally {
        place.end();
      }
    },
  );
});
