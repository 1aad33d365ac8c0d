/** What the demo and the end-to-end tests play on: the account, the machines behind it, and last night's home directory. */

import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { environmentFrom } from "../../../ops/environment.ts";
import { writeToken } from "../../../ops/signin/cache.ts";
import { SCOPES, writeSetup } from "../../../ops/signin/config.ts";
import { startHosts } from "../hosts/hosts.ts";
import { hostsOfWorld } from "../hosts/view.ts";
import { type Simulator, type SimulatorStart, startSimulator } from "../simulator.ts";
import { tfvarsText } from "../story.ts";

const HOUR = 3_600_000;

/** A simulated account with its machines, and a home that points at it. */
export interface Stage {
  readonly env: Readonly<Record<string, string>>;
  readonly simulator: Simulator;
  readonly hosts: Awaited<ReturnType<typeof startHosts>>;
  readonly stop: () => Promise<void>;
}

/** Sets up everything below `directory`, which is made private: whoever gives it removes it. */
export async function setStage(directory: string, start: SimulatorStart = {}): Promise<Stage> {
  await chmod(directory, 0o700);
  const home = join(directory, "home");
  const terraform = join(directory, "terraform");
  const machines = join(directory, "machines");
  for (const path of [home, terraform, machines]) await mkdir(path, { mode: 0o700 });
  await writeFile(join(terraform, "terraform.tfvars"), tfvarsText());
  const simulator = await startSimulator(start);
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
    simulator,
    hosts,
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
