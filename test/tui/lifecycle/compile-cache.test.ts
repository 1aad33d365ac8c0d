import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";

const MODULE = join(import.meta.dirname, "..", "..", "..", "tui", "compile-cache.ts");
const NOBODY = 65534;
const CANNOT = process.getuid?.() !== 0 || spawnSync("setpriv", ["--version"]).status !== 0;

/** Has a program use its cache below a home of its own. Gives the folder. */
function used(prepare: (cache: string) => void = () => {}): string {
  const home = mkdtempSync(join(tmpdir(), "cache-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const cache = join(home, ".cache");
  prepare(cache);
  const script = `const { keepCompiled } = await import(${JSON.stringify(MODULE)}); keepCompiled(process.env);`;
  execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    env: { HOME: home, PATH: process.env.PATH, TMPDIR: home },
  });
  expect(existsSync(join(home, "node-compile-cache"))).toBe(false);
  return join(cache, "snowglobe", "compiled");
}

test("the compile cache is in a folder that nobody else can enter", () => {
  expect(statSync(used()).mode & 0o777).toBe(0o700);
});

describe.skipIf(CANNOT)("another local user (needs root and setpriv)", () => {
  const asNobody = (...command: string[]) =>
    spawnSync("setpriv", [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", ...command]).status;

  test("cannot put code into it", () => {
    const folder = used();
    expect(asNobody("touch", join(folder, "code"))).not.toBe(0);
    expect(asNobody("touch", join(folder, "..", "code"))).not.toBe(0);
  });

  test("cannot make it before us: then there is none", () => {
    const folder = used((cache) => {
      mkdirSync(join(cache, "snowglobe", "compiled"), { recursive: true });
      chownSync(join(cache, "snowglobe"), NOBODY, NOBODY);
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});
