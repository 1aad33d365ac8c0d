/** This folder: an AWS account on loopback for any AWS client. Not here: a line of the product's own logic, or tests of it. */
/** The simulated AWS account as one value: start it, point clients at its URL, watch and change it, stop it. */

import { simClock } from "./clock.ts";
import { type CpuBook, cpuBook } from "./cloudwatch/cpu.ts";
import { controls } from "./control.ts";
import { credentialBook, STATIC_ROLE } from "./credentials.ts";
import type { Account } from "./ec2/account.ts";
import { type Faults, faults } from "./faults.ts";
import { type LoggedCall, startServer } from "./server.ts";
import type { CredentialBook, Service } from "./service.ts";
import { services } from "./services.ts";
import { createSso, type Sso, type SsoSettings, ssoServices } from "./sso/sso.ts";
import { recreatedAccount } from "./story.ts";
import { type World, world } from "./world.ts";

export interface SimulatorStart {
  /** The account to begin with, made for the present of the simulated clock. */
  readonly story?: (now: number) => Account;
  /** Simulated time per real time. */
  readonly speed?: number;
  /** Multiplies every latency: 0 lets transitions happen at once, 1 is as on real bare metal. */
  readonly latencyScale?: number;
  readonly port?: number;
  /** The simulated present, milliseconds since the epoch. */
  readonly now?: number;
  /** How its sign-in behaves; see sso/world.ts for the rest. */
  readonly sso?: Partial<SsoSettings>;
  /** Further services, made when the account stands. */
  readonly more?: (simulator: Omit<Simulator, "stop">) => readonly Service[];
}

export interface Simulator extends World {
  readonly url: string;
  /** Points any AWS client at the simulator; the client still needs to sign in. */
  readonly env: Readonly<Record<string, string>>;
  /** The same with keys that are already good, for whoever does not care for the sign-in. */
  readonly signedInEnv: Readonly<Record<string, string>>;
  readonly credentials: CredentialBook;
  readonly faults: Faults;
  /** Sign-in: clients, device codes, tokens, accounts and roles. */
  readonly sso: Sso;
  /** What CloudWatch knows of the machines' CPU. */
  readonly cpu: CpuBook;
  /** Every call that arrived, oldest first. */
  readonly calls: readonly LoggedCall[];
  readonly services: Service[];
  readonly stop: () => Promise<void>;
}

/** In simulated time, which may run fast. */
const A_YEAR = 365 * 86_400_000;

export async function startSimulator(start: SimulatorStart = {}): Promise<Simulator> {
  const clock = simClock(start.now, start.speed);
  const initial = (start.story ?? recreatedAccount)(clock.now());
  const inTime = world(initial, clock, start.latencyScale);
  const credentials = credentialBook(clock);
  const active = faults();
  const cpu = cpuBook();
  const sso = createSso(clock, credentials, start.sso);
  const all = [...services(inTime, credentials, cpu), ...ssoServices(sso)];
  const control = controls({ world: inTime, credentials, faults: active, cpu, calls: () => server.calls });
  const server = await startServer(
    { region: initial.region, clock, credentials, faults: active, services: all, control },
    start.port,
  );
  const keys = credentials.issue(A_YEAR, STATIC_ROLE);
  const env = {
    AWS_ENDPOINT_URL: server.url,
    AWS_REGION: initial.region,
    AWS_DEFAULT_REGION: initial.region,
    AWS_EC2_METADATA_DISABLED: "true",
  };
  const simulator = {
    ...inTime,
    url: server.url,
    env,
    signedInEnv: {
      ...env,
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_SESSION_TOKEN: keys.sessionToken,
    },
    credentials,
    faults: active,
    cpu,
    sso,
    calls: server.calls,
    services: all,
  };
  all.push(...(start.more?.(simulator) ?? []));
  return {
    ...simulator,
    stop: async () => {
      clock.stop();
      await server.stop();
    },
  };
}
