/** A home that nothing can be written to, on the real file systems that do so: every verb and the cockpit work as far as they can. */

import { spawnSync } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Program, runProgram } from "../harness/program.ts";
import { scene } from "./stage.ts";

const ROOT = join(import.meta.dirname, "..", "..");
/** Mounts of our own, which go with the program that they are made for. */
const NO_MOUNTS = spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status !== 0;

const HOMES = [
  [
    "on a read-only disk",
    'mount --bind "$HOME" "$HOME"; mount -o remount,ro,bind "$HOME"',
    /on a disk that cannot be written/,
  ],
  [
    "without an inode left",
    // As many as its files and folders need, and none for another.
    '[ -e "$KEPT/copy" ] || cp -a "$HOME" "$KEPT/copy"; mount -t tmpfs -o mode=700,nr_inodes=$(($(find "$HOME" | wc -l) + 1)) home "$HOME"; cp -a "$KEPT/copy/." "$HOME"',
    /The disk is full/,
  ],
] as const;

describe.skipIf(NO_MOUNTS)("a home (needs root and mounts)", () => {
  it.each(HOMES)(
    "%s: what asks of AWS, Terraform and machines works, and what is not kept is said",
    async (_, mounts, why) => {
      const stage = await scene({ latencyScale: 0.01 });
      const { HOME = "" } = stage.env;
      const kept = join(stage.directory, "kept");
      await mkdir(kept);
      const env = {
        PATH: process.env.PATH,
        LANG: "C.UTF-8",
        ...stage.env,
        ...stage.simulator.signedInEnv,
        XDG_STATE_HOME: join(HOME, ".local", "state"),
        KEPT: kept,
      };
      const programs: Program[] = [];
      const run = (file: string, ...words: readonly string[]) => {
        const inside = [
          "--mount",
          "sh",
          "-euc",
          `${mounts}; exec "$0" "$@"`,
          process.execPath,
          join(ROOT, "dist", file),
        ];
        const program = runProgram("unshare", [...inside, ...words], { env, columns: 300, rows: 60 });
        programs.push(program);
        return program;
      };
      const ended = async (program: Program, code: number) => {
        let isOver = false;
        void program.exited.then(() => {
          isOver = true;
        });
        await program.waitFor(() => isOver);
        const { exitCode } = await program.exited;
        const text = program.text();
        expect(exitCode, text).toBe(code);
        expect(text).not.toMatch(/^\s+at |node:|ENOSPC|EROFS/m);
        return text;
      };
      const verb = async (code: number, words: string, ...answers: readonly [RegExp, string][]) => {
        const program = run("cli.js", ...words.split(" "));
        for (const [prompt, answer] of answers) {
          await program.waitFor(prompt);
          program.write(`${answer}\r`);
        }
        const text = await ended(program, code);
        expect(text).toMatch(why);
        expect(text).toMatch(/Nothing is kept of what is done here/);
        return text;
      };
      try {
        expect(await verb(0, "status")).toContain("fcvm-metal-arm");
        await verb(0, "start x86", [/y\/N/i, "y"]);
        await verb(0, "plan");
        await verb(0, "fmt");
        // What could not be found again is not begun.
        expect(await verb(1, "apply")).toContain("An apply outlives this program");
        const shell = run("cli.js", "ssh", "x86");
        await shell.waitFor("x86:~$");
        shell.write("exit\r");
        await ended(shell, 0);
        const cockpit = run("cockpit.js");
        await cockpit.waitFor("running on a temporary disk");
        await cockpit.waitFor(/Nothing is kept/);
        await cockpit.press("q");
        await ended(cockpit, 0);
        expect(await readdir(join(HOME, ".local")).catch(() => [])).toEqual([]);
      } finally {
        for (const program of programs) program.kill("SIGKILL");
      }
    },
  );
});
