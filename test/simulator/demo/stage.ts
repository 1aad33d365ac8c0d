/** What the demo and the end-to-end tests play on: the account, the machines behind it, and last night's home directory. */

import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EC2Client } from "@aws-sdk/client-ec2";
import { environmentFrom } from "../../../ops/environment.ts";
import { observe } from "../../../ops/fleet/observe.ts";
import { parseOwnerValues } from "../../../ops/fleet/owner-text.ts";
import { createLookStore } from "../../../ops/fleet/stored.ts";
import { writeToken } from "../../../ops/signin/cache.ts";
import { SCOPES, writeSetup } from "../../../ops/signin/config.ts";
import { stageEngine } from "../engine/stage.ts";
import { startHosts } from "../hosts/hosts.ts";
import { hostsOfWorld } from "../hosts/view.ts";
import { type Simulator, type SimulatorStart, startSimulator } from "../simulator.ts";
import { healthyAccount, tfvarsText } from "../story.ts";

const HOUR = 3_600_000;

/** A simulated account with its machines, and a home that points at it. */
export interface Stage {
  readonly env: Readonly<Record<string, string>>;
  readonly simulator: Simulator;
  readonly hosts: Awaited<ReturnType<typeof startHosts>>;
  readonly stop: () => Promise<void>;
}

/** Sets up everything below `directory`, which is made private: whoever gives it removes it. */
export async function setStage(
  directory: string,
  { kernelSize = "small", ...start }: SimulatorStart & { readonly kernelSize?: "small" | "large" } = {},
): Promise<Stage> {
  await chmod(directory, 0o700);
  const home = join(directory, "home");
  const terraform = join(directory, "terraform");
  const machines = join(directory, "machines");
  for (const path of [home, terraform, machines]) await mkdir(path, { mode: 0o700 });
  await writeFile(join(terraform, "terraform.tfvars"), tfvarsText());
  const simulator = await startSimulator(start);
  const hosts = await startHosts({ source: hostsOfWorld(simulator), directory: machines, home, kernelSize });
  const env = {
    ...simulator.env,
    HOME: home,
    XDG_STATE_HOME: join(directory, "state"),
    SNOWGLOBE_DEMO: "1",
    SNOWGLOBE_TERRAFORM_DIR: terraform,
    SNOWGLOBE_SSH_CONFIG: hosts.sshConfigPath,
    PATH: await stageEngine(directory, process.env.PATH),
  };
  await leaveLastLook(simulator, env);
  await leaveExpiredSession(simulator, env);
  return {
    env,
    simulator,
    hosts,
    stop: async () => {
      await hosts.stop();
      await simulator.stop();
    },
  };
}

/** What the cockpit saw last night, when all was well. */
async function leaveLastLook(simulator: Simulator, env: Readonly<Record<string, string>>): Promise<void> {
  const at = Date.now() - 9 * HOUR;
  const lastNight = await startSimulator({ story: healthyAccount, now: at });
  try {
    const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "", AWS_SESSION_TOKEN = "" } = lastNight.signedInEnv;
    const client = new EC2Client({
      region: simulator.env.AWS_REGION ?? "",
      endpoint: lastNight.url,
      systemClockOffset: at - Date.now(),
      credentials: {
        accessKeyId: AWS_ACCESS_KEY_ID,
        secretAccessKey: AWS_SECRET_ACCESS_KEY,
        sessionToken: AWS_SESSION_TOKEN,
      },
    });
    const looks = createLookStore(environmentFrom(env).stateDir);
    looks.save({ observation: await observe(client, () => at), owner: parseOwnerValues(tfvarsText()) });
    await looks.flush();
    client.destroy();
  } finally {
    await lastNight.stop();
  }
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
