import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { systemClock } from "../../../ops/clock.ts";
import { environmentFrom } from "../../../ops/environment.ts";
import { createSignIn } from "../../../ops/signin/signin.ts";
import { PATIENCE_MS } from "../../harness/grid.ts";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
let place = "";
let launcher: ChildProcess | undefined;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "snowglobe-demo-test-"));
});
afterEach(() => {
  launcher?.kill("SIGTERM");
  rmSync(place, { recursive: true, force: true });
});

/** Starts the demo with a program in the cockpit's place, which tells what it was given and then does `then`. */
async function demo(then: string) {
  const report = join(place, "report.json");
  const program = join(place, "cockpit.mjs");
  const told = `JSON.stringify({ env: process.env, pid: process.pid })`;
  writeFileSync(
    program,
    `import { renameSync, writeFileSync } from "node:fs";
${then};
writeFileSync(process.env.REPORT + ".new", ${told});
renameSync(process.env.REPORT + ".new", process.env.REPORT);`,
  );
  const start = `import { runDemo } from ${JSON.stringify(here("launcher.ts"))};
process.exitCode = await runDemo(${JSON.stringify(here("../demo.ts"))}, ${JSON.stringify(program)});`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", start], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, REPORT: report, AWS_PROFILE: "real", AWS_ACCESS_KEY_ID: "REAL", TF_VAR_x: "real" },
  });
  launcher = child;
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  await vi.waitFor(() => expect(existsSync(report)).toBe(true), { timeout: PATIENCE_MS, interval: 20 });
  const { env, pid } = JSON.parse(readFileSync(report, "utf8")) as { env: Record<string, string>; pid: number };
  return { child, exited, env, pid, directory: dirname(env.HOME ?? "") };
}

const WAITS = `process.on("SIGTERM", () => { writeFileSync(process.env.REPORT + ".ended", ""); process.exit(3); });
setInterval(() => {}, 1000)`;
const answers = (url: string | undefined) =>
  fetch(`${url}/_sim/state`).then(
    () => true,
    () => false,
  );

it("begins with an expired session on an account of its own, and knows nothing of a real one", async () => {
  const { child, exited, env, directory } = await demo(WAITS);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(Object.keys(env).filter((name) => /^(AWS|TF)_/.test(name))).toEqual(
    expect.not.arrayContaining(["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "TF_VAR_x"]),
  );
  expect(env).toMatchObject({ SNOWGLOBE_DEMO: "1", AWS_EC2_METADATA_DISABLED: "true" });
  const signIn = createSignIn({ environment: environmentFrom(env), clock: systemClock });
  expect(await signIn.check()).toMatchObject({
    status: "signed-out",
    failure: { sentence: "The AWS session has expired." },
  });
  expect(readFileSync(join(env.SNOWGLOBE_TERRAFORM_DIR ?? "", "terraform.tfvars"), "utf8")).toContain("vol-");
  expect(existsSync(join(env.HOME ?? "", ".ssh", "fcvm-ec2"))).toBe(true);
  // Another terminal that sources this is on the same account, whatever it was on before.
  const there = `source ${env.SNOWGLOBE_DEMO_ENV}; printf '%s|' "$AWS_ENDPOINT_URL" "$HOME" "$SNOWGLOBE_DEMO"; env | grep AWS_PROFILE || true`;
  const said = execFileSync("bash", ["-euo", "pipefail", "-c", there], {
    encoding: "utf8",
    env: { ...process.env, AWS_PROFILE: "real" },
  });
  expect(said).toBe(`${env.AWS_ENDPOINT_URL}|${env.HOME}|1|`);
  child.kill("SIGTERM");
  expect(await exited).toBe(3);
  expect(existsSync(directory)).toBe(false);
  expect(await answers(env.AWS_ENDPOINT_URL)).toBe(false);
});

it("ends with the cockpit's own exit code and leaves nothing", async () => {
  const { exited, directory } = await demo(`setTimeout(() => process.exit(7), 50)`);
  expect(await exited).toBe(7);
  expect(existsSync(directory)).toBe(false);
});

it("leaves nothing when it is killed", async () => {
  const { child, env, directory } = await demo(WAITS);
  child.kill("SIGKILL");
  await vi.waitFor(() => expect(existsSync(directory)).toBe(false), { timeout: PATIENCE_MS, interval: 20 });
  // The cockpit was told to end, so that it could give the terminal back.
  expect(existsSync(join(place, "report.json.ended"))).toBe(true);
  await vi.waitFor(async () => expect(await answers(env.AWS_ENDPOINT_URL)).toBe(false));
});

it("leaves nothing when the cockpit is killed", async () => {
  const { exited, pid, directory } = await demo(WAITS);
  process.kill(pid, "SIGKILL");
  expect(await exited).toBe(137);
  expect(existsSync(directory)).toBe(false);
});

const hasPgrep = spawnSync("pgrep", ["-V"]).error === undefined;
it.skipIf(!hasPgrep)("leaves nothing on disk when its account is killed", async () => {
  const { child, exited, directory } = await demo(WAITS);
  const account = execFileSync("pgrep", ["-P", String(child.pid), "-f", "account"], { encoding: "utf8" });
  process.kill(Number(account), "SIGKILL");
  child.kill("SIGTERM");
  expect(await exited).toBe(3);
  expect(existsSync(directory)).toBe(false);
});
