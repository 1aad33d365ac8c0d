/** The demo's account and everything on disk that belongs to it, for as long as standard input is open. */

import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { environmentFrom } from "../../../ops/environment.ts";
import { writeToken } from "../../../ops/signin/cache.ts";
import { SCOPES, writeSetup } from "../../../ops/signin/config.ts";
import { startHosts } from "../hosts/hosts.ts";
import { hostsOfWorld } from "../hosts/view.ts";
import { type Simulator, startSimulator } from "../simulator.ts";
import { tfvarsText } from "../story.ts";
import type { DemoAccount } from "./launcher.ts";

/** How long the person has to look at the code, in real milliseconds. */
const APPROVED_AFTER = 4_000;
const HOUR = 3_600_000;

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
    const account = await begin(directory);
    standing = account;
    const told: DemoAccount = { env: account.env };
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

async function begin(directory: string): Promise<DemoAccount & { readonly stop: () => Promise<void> }> {
  await chmod(directory, 0o700);
  const home = join(directory, "home");
  const terraform = join(directory, "terraform");
  const machines = join(directory, "machines");
  for (const path of [home, terraform, machines]) await mkdir(path, { mode: 0o700 });
  await writeFile(join(terraform, "terraform.tfvars"), tfvarsText());
  const simulator = await startSimulator({ sso: { autoApproveMs: APPROVED_AFTER } });
  const hosts = await startHosts({ source: hostsOfWorld(simulator), directory: machines, home });
  const env = {
    ...simulator.env,
    HOME: home,
    XDG_STATE_HOME: join(directory, "state"),
    SNOWGLOBE_DEMO: "1",
    SNOWGLOBE_TERRAFORM_DIR: terraform,
    SNOWGLOBE_SSH_CONFIG: hosts.sshConfigPath,
  };
  await leaveExpiredSession(simulator, env);
  return {
    env,
    stop: async () => {
      await hosts.stop();
      await simulator.stop();
    },
  };
}

/** The morning after: everything is set up, and last night's session has expired. */
async function leaveExpiredSession(simulator: Simulator, env: Readonly<Record<string, string>>): Promise<void> {
  const environment = environmentFrom(env);
  const { startUrl, accounts } = simulator.sso.settings();
  const [account] = accounts;
  const profile = await writeSetup(environment, "default", {
    startUrl,
    ssoRegion: simulator.env.AWS_REGION ?? "",
    accountId: account?.id ?? "",
    roleName: account?.roles[0] ?? "",
  });
  await writeToken(environment, profile, {
    accessToken: "expired-last-night",
    expiresAt: Date.now() - 9 * HOUR,
    refreshToken: undefined,
    registration: simulator.sso.register(SCOPES),
  });
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
