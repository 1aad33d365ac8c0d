/**
 * A container engine for the simulated account, called as `podman`: every image is there already, and a run of Terraform
 * acts on the simulator that AWS_ENDPOINT_URL points to.
 */

import { spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { terraform } from "./terraform.ts";

const [verb, ...rest] = process.argv.slice(2);
const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupt.abort());

/** What is known of a detached run: its pid, and its exit status once it has one. */
const CONTAINERS = process.env.SIMULATED_ENGINE_DIR ?? tmpdir();
const about = (name: string | undefined, what: string) => join(CONTAINERS, `${name}.${what}`);
const read = (path: string) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};

/** A test puts this file there, so that an interrupt finds an apply at its first resource. */
const held = () => read(join(CONTAINERS, "hold")) !== undefined;

if (verb === "run" && rest.includes("--detach")) {
  const name = rest[rest.indexOf("--name") + 1];
  const folder = rest.find((arg) => arg.endsWith(":/snowglobe/run"))?.slice(0, -":/snowglobe/run".length) ?? tmpdir();
  mkdirSync(CONTAINERS, { recursive: true, mode: 0o700 });
  const log = openSync(join(folder, "log"), "a");
  const args = [process.argv[1] ?? "", "run", ...rest.filter((arg) => arg !== "--detach")];
  const env = { ...process.env, SIMULATED_CONTAINER: name };
  const { pid } = spawn(process.execPath, args, { detached: true, stdio: ["ignore", log, log], env });
  writeFileSync(about(name, "pid"), String(pid));
  process.exit(0);
} else if (verb === "wait") {
  const [name] = rest;
  while (read(about(name, "exit")) === undefined) {
    if (read(about(name, "pid")) === undefined) process.exit(125);
    await delay(50);
  }
  process.stdout.write(`${read(about(name, "exit"))}\n`);
} else if (verb === "kill") {
  process.kill(Number(read(about(rest.at(-1), "pid"))), "SIGINT");
} else if (verb === "rm") {
  for (const what of ["pid", "exit"]) rmSync(about(rest[0], what), { force: true });
} else if (verb === "run") {
  const volume = rest.find((arg) => arg.endsWith(":/snowglobe/terraform"));
  const dir = volume?.slice(0, volume.lastIndexOf(":")) ?? process.cwd();
  const args = rest.slice(rest.indexOf("terraform") + 1);
  const look = rest.indexOf("look");
  const url = process.env.AWS_ENDPOINT_URL ?? "";
  // Questions to the account by the AWS CLI: all of it is in the state already, so nothing is found beside it.
  const answers = look < 0 ? undefined : rest.slice(look + 1).map(() => "{}\n");
  if (answers) process.stdout.write(answers.join(""));
  // And the state's bucket is ours.
  else if (rest.includes("owner")) process.stdout.write("ok\n");
  else
    process.exitCode = await terraform(args, dir, url, interrupt.signal, held).catch((error: unknown) => {
      process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    });
  const { SIMULATED_CONTAINER: container } = process.env;
  if (container) process.on("exit", (code) => writeFileSync(about(container, "exit"), String(code)));
}
