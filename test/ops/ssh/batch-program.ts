/** Started under a pty by openssh.test.ts: one command over SSH as the cockpit's probe runs it; prints how it failed. */

import { systemClock } from "../../../ops/clock.ts";
import { environmentFrom } from "../../../ops/environment.ts";
import { FailureError } from "../../../ops/failure.ts";
import type { FleetState } from "../../../ops/fleet/state.ts";
import { createChannel } from "../../../ops/ssh/channel.ts";
import { createHostKeys } from "../../../ops/ssh/host-keys.ts";
import { cell } from "../../../ops/store.ts";
import { aFleet, live } from "../../harness/fleets.ts";

const environment = environmentFrom(process.env);
const fleet = cell<FleetState>(live(aFleet()));
const channel = createChannel(environment, systemClock, fleet, createHostKeys(environment));
await channel.run("fcvm-metal-arm", "184.72.40.255", "true").then(
  () => console.log("answered"),
  (error: unknown) => console.log(error instanceof FailureError ? error.failure.code : error),
);
