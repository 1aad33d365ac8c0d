import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { runProgram } from "../harness/program.ts";
import { scene } from "./stage.ts";

it("ssh x86-up goes from a stopped machine to its shell, asks on the terminal alone, and without one says why not", async () => {
  const stage = await scene({ latencyScale: 0.002 });
  const env = { PATH: process.env.PATH, LANG: "C.UTF-8", ...stage.env, ...stage.simulator.signedInEnv };
  const setUp = stage.command({ ...stage.simulator.signedInEnv }, "ssh-config");
  expect((await setUp.exited).exitCode, setUp.text()).toBe(0);
  // OpenSSH takes the home from the password file, so ours is named.
  const config = join(stage.directory, "for-ssh");
  writeFileSync(config, `Include ${join(stage.env.HOME ?? "", ".ssh", "snowglobe_config")}\n`);
  const ssh = ["-F", config, "x86-up", "hostname; cat"];

  const alone = await promisify(execFile)("setsid", ["ssh", "-o", "BatchMode=yes", ...ssh], { env }).catch(
    (error: { stdout: string; stderr: string; code: number }) => error,
  );
  expect(alone).toMatchObject({ code: 255, stdout: "", stderr: expect.stringContaining("Nobody can be asked here") });
  expect(Object.values(stage.simulator.account().instances).filter(({ state }) => state === "pending")).toEqual([]);

  // What is piped is the far side's, though a question is answered on the way.
  const heard = join(stage.directory, "heard");
  const line = `printf 'through\\n' | ssh "$@" >'${heard}'; echo ended $?`;
  const terminal = runProgram("sh", ["-c", line, "sh", ...ssh], { env });
  onTestFinished(() => terminal.hangUp());
  await terminal.waitFor("Start it? [y/N]");
  terminal.write("y\r");
  await terminal.waitFor(/ended \d+/);
  expect([terminal.text().match(/ended \d+/)?.[0], readFileSync(heard, "utf8")], terminal.text()).toEqual([
    "ended 0",
    "fcvm-metal-x86\nthrough\n",
  ]);
});
