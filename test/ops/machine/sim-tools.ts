/** The reconciler's tools on a simulated account: real SDK, real HTTP, and a clock that runs as fast as the account's. */

import { EC2Client } from "@aws-sdk/client-ec2";
import { explain } from "../../../ops/aws/errors.ts";
import type { Clock } from "../../../ops/clock.ts";
import { systemClock } from "../../../ops/clock.ts";
import { assemble } from "../../../ops/fleet/assemble.ts";
import { glance } from "../../../ops/fleet/glance.ts";
import type { Observation } from "../../../ops/fleet/model.ts";
import { observe } from "../../../ops/fleet/observe.ts";
import { TABLES, withGlimpse } from "../../../ops/fleet/parts.ts";
import { doAct } from "../../../ops/machine/act.ts";
import { readOrigins } from "../../../ops/machine/read-origins.ts";
import { readSnapshots } from "../../../ops/machine/read-snapshots.ts";
import type { MachineTools } from "../../../ops/machine/tools.ts";
import { PERSISTENT } from "../../simulator/story.ts";

interface SimToolsStart {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** As the simulated clock's. */
  readonly speed: number;
}

export interface SimTools extends MachineTools {
  readonly close: () => void;
}

function fastClock(speed: number): Clock {
  const began = Date.now();
  const now = () => began + (Date.now() - began) * speed;
  return {
    now,
    monotonic: now,
    sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
  };
}

export function simTools({ endpoint, speed, ...credentials }: SimToolsStart, clock = fastClock(speed)): SimTools {
  const client = new EC2Client({ endpoint, region: "us-west-1", credentials, maxAttempts: 1 });
  let seen: Observation = { at: 0, instances: [], spotRequests: [], volumes: [], addresses: [] };
  return {
    clock,
    look: async (signal, snapshotsOf = [], tables = TABLES) => {
      seen = { ...seen, ...(await observe(client, clock.now, signal, tables)) };
      if (snapshotsOf.length === 0) return assemble(seen, PERSISTENT);
      return assemble({ ...seen, snapshots: await readSnapshots(client, snapshotsOf, signal) }, PERSISTENT);
    },
    origins: (instance, volumes, signal) => readOrigins(client, instance, volumes, signal),
    glance: async (subject, signal) => {
      seen = withGlimpse(seen, subject, await glance(client, subject, signal), clock.now());
      return assemble(seen, PERSISTENT);
    },
    act: (act) => doAct({ ec2: async () => client }, act),
    explain,
    askSsh: async (machine) => ({
      status: "answered",
      hostname: machine,
      lines: [machine, "up 1 min, load average: 0.00"],
    }),
    buildThere: async () => undefined,
    writtenThere: async () => undefined,
    forgetHostKeys: async () => {},
    spotPerHour: async () => 1.24,
    amissHere: () => undefined,
    close: () => client.destroy(),
  };
}

/** From the environment lines of a simulator. */
export function startFrom(env: Readonly<Record<string, string | undefined>>, speed: number): SimToolsStart {
  return {
    endpoint: env.AWS_ENDPOINT_URL ?? "",
    accessKeyId: env.AWS_ACCESS_KEY_ID ?? "",
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? "",
    sessionToken: env.AWS_SESSION_TOKEN ?? "",
    speed,
  };
}
