/** This folder: what the cockpit and the command line share, and how its parts are put together. Not here: anything that draws. */
/** Everything that the cockpit and the command line share, as one typed value. */

import type { AwsClients } from "./aws/clients.ts";
import type { SignInGate } from "./aws/gate.ts";
import type { Clock } from "./clock.ts";
import type { Environment } from "./environment.ts";
import type { Subject } from "./fleet/glance.ts";
import type { Fleet } from "./fleet/model.ts";
import type { Table } from "./fleet/parts.ts";
import type { FleetState, MetricsState } from "./fleet/state.ts";
import type { BuildWatch, Kernels } from "./kernel/kernels.ts";
import type { History } from "./operation/history.ts";
import type { PastRuns } from "./operation/past-runs.ts";
import type { Run } from "./operation/run.ts";
import type { Operation } from "./operation/types.ts";
import type { PlanMemory } from "./plan/last.ts";
import type { SignIn } from "./signin/types.ts";
import type { Channel } from "./ssh/channel.ts";
import type { HostKeys } from "./ssh/host-keys.ts";
import type { Probes } from "./ssh/probe.ts";
import type { Sessions } from "./ssh/types.ts";
import type { Core, Store } from "./store.ts";

/** The refresh loop of the fleet. */
export interface FleetCore extends Core<FleetState> {
  /** Resolves once the stored look is shown, or there is none. */
  readonly start: () => Promise<void>;
  /** Looks now instead of at the next tick; joins a refresh that is under way. */
  readonly refresh: () => Promise<void>;
}

/** All runs of this process: the live ones and those that ended, newest first. */
export interface Operations extends Store<readonly Run[]> {
  readonly start: (operation: Operation) => Run;
}

/** What operations look and act with. */
export interface Access {
  /** The EC2 and CloudWatch clients, and AWS's time. */
  readonly aws: AwsClients;
  /** Makes a call, and makes it again after one shared sign-in where the session turns out to have ended. */
  readonly gate: SignInGate;
  /**
   * One fresh look, shown on the screen as well; with `tables`, at these parts of the account alone. Throws what went wrong,
   * also where the owner's values cannot be read: without them no volume is safe.
   */
  readonly look: (signal?: AbortSignal, tables?: readonly Table[]) => Promise<Fleet>;
  /** Asks about one thing alone, in one call; gives the fleet with that as it is now. Throws whatever went wrong. */
  readonly glance: (subject: Subject, signal: AbortSignal) => Promise<Fleet>;
  /** Commands over SSH with nobody at the keyboard. */
  readonly channel: Channel;
  /** Which host key is expected of which machine. */
  readonly hostKeys: HostKeys;
  readonly history: History;
}

export interface Ops {
  readonly environment: Environment;
  readonly clock: Clock;
  readonly signIn: SignIn;
  readonly fleet: FleetCore;
  readonly metrics: Core<MetricsState>;
  readonly probes: Probes;
  readonly operations: Operations;
  readonly pastRuns: PastRuns;
  readonly lastPlan: PlanMemory;
  readonly sessions: Sessions;
  /** The last kernel builds of the machines, as far as they were asked. */
  readonly kernels: Kernels;
  /** Takes up builds that run already; started by the cockpit, after the probes. */
  readonly buildWatch: BuildWatch;
  readonly access: Access;
}
