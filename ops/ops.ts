/** Everything that the cockpit and the command line share, as one typed value. */

import type { Clock } from "./clock.ts";
import type { Environment } from "./environment.ts";
import type { FleetState, MetricsState } from "./fleet/state.ts";
import type { Run } from "./operation/run.ts";
import type { Operation } from "./operation/types.ts";
import type { SignIn } from "./signin/types.ts";
import type { ProbeState, Sessions } from "./ssh/types.ts";
import type { Core, Store } from "./store.ts";

/** The refresh loop of the fleet. */
export interface FleetCore extends Core<FleetState> {
  /** Looks now instead of at the next tick; joins a refresh that is under way. */
  readonly refresh: () => Promise<void>;
}

/** All runs of this process: the live ones and those that ended, newest first. */
export interface Operations extends Store<readonly Run[]> {
  readonly start: (operation: Operation) => Run;
}

export interface Ops {
  readonly environment: Environment;
  readonly clock: Clock;
  readonly signIn: SignIn;
  readonly fleet: FleetCore;
  readonly metrics: Core<MetricsState>;
  readonly probes: Core<ProbeState>;
  readonly operations: Operations;
  readonly sessions: Sessions;
}
