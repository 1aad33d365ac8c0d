/** An in-memory Ops whose every store is a cell that the test sets. Fleet values come from fleets.ts. */

import type { Clock } from "../../ops/clock.ts";
import type { Environment } from "../../ops/environment.ts";
import type { FleetState, MetricsState } from "../../ops/fleet/state.ts";
import type { KernelsState } from "../../ops/kernel/kernels.ts";
import type { RunSummary } from "../../ops/operation/history.ts";
import { type Run, startRun } from "../../ops/operation/run.ts";
import type { Operation } from "../../ops/operation/types.ts";
import type { Access, Ops } from "../../ops/ops.ts";
import type { LastPlan } from "../../ops/plan/last.ts";
import type { SignInState } from "../../ops/signin/types.ts";
import type { Strangers } from "../../ops/ssh/probe.ts";
import type { ProbeState, SessionSummary } from "../../ops/ssh/types.ts";
import { type Cell, cell } from "../../ops/store.ts";
import { NOW } from "./fleets.ts";

/** A clock that stands still until it is told otherwise; sleeping on it advances it. */
interface FakeClock extends Clock {
  readonly set: (now: number) => void;
  readonly advance: (ms: number) => void;
}

export function fakeClock(start: number = NOW): FakeClock {
  let now = start;
  return {
    now: () => now,
    monotonic: () => now,
    set: (to) => {
      now = to;
    },
    advance: (ms) => {
      now += ms;
    },
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    },
  };
}

/** What the test writes to. */
interface FakeCells {
  readonly signIn: Cell<SignInState>;
  readonly fleet: Cell<FleetState>;
  readonly metrics: Cell<MetricsState>;
  readonly probes: Cell<ProbeState>;
  readonly strangers: Cell<Strangers>;
  readonly lastPlan: Cell<LastPlan | undefined>;
  readonly operations: Cell<readonly Run[]>;
  readonly sessions: Cell<readonly SessionSummary[]>;
  readonly kernels: Cell<KernelsState>;
}

export interface FakeOps extends Ops {
  readonly clock: FakeClock;
  readonly cells: FakeCells;
  /** The names of what was called, in order: "fleet.refresh", "sessions.open jumpbox 203.0.113.1". */
  readonly calls: readonly string[];
}

export const SIGNED_IN: SignInState = {
  status: "signed-in",
  identity: {
    account: "123456789012",
    arn: "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/owner",
    role: "AdministratorAccess",
    region: "us-west-1",
  },
  expiresAt: NOW + 7 * 3_600_000 + 58 * 60_000,
  via: "session",
  generation: 1,
};

export const SIGNED_OUT: SignInState = {
  status: "signed-out",
  failure: { kind: "signed-out", sentence: "The session expired.", action: "Press l to sign in." },
};

const NO_FLEET: FleetState = {
  fleet: undefined,
  source: "none",
  refreshing: true,
  failure: undefined,
  nextAt: undefined,
};

const NO_METRICS: MetricsState = { cpu: {}, spotPerHour: {}, at: undefined, failure: undefined };

/** What the stores hold at first; all of it may be left out. */
interface FakeStart {
  readonly demo?: boolean;
  /** A real directory, where a test has one. */
  readonly terraformDir?: string;
  readonly clock?: FakeClock;
  readonly signIn?: SignInState;
  readonly fleet?: FleetState;
  readonly metrics?: MetricsState;
  readonly probes?: ProbeState;
  readonly lastPlan?: LastPlan;
  readonly pastRuns?: readonly RunSummary[];
  readonly sessions?: readonly SessionSummary[];
  readonly kernels?: KernelsState;
}

export function fakeOps(start: FakeStart = {}): FakeOps {
  const clock = start.clock ?? fakeClock();
  const calls: string[] = [];
  const called = (name: string) => () => {
    calls.push(name);
  };
  const cells: FakeCells = {
    signIn: cell(start.signIn ?? SIGNED_IN),
    fleet: cell(start.fleet ?? NO_FLEET),
    metrics: cell(start.metrics ?? NO_METRICS),
    probes: cell(start.probes ?? {}),
    strangers: cell({}),
    lastPlan: cell<LastPlan | undefined>(start.lastPlan),
    operations: cell<readonly Run[]>([]),
    sessions: cell(start.sessions ?? []),
    kernels: cell(start.kernels ?? {}),
  };
  const core = <T>(name: string, of: Cell<T>) => ({
    get: of.get,
    subscribe: of.subscribe,
    start: called(`${name}.start`),
    stop: called(`${name}.stop`),
  });
  return {
    environment: environment(start),
    clock,
    cells,
    calls,
    signIn: {
      get: cells.signIn.get,
      subscribe: cells.signIn.subscribe,
      credentials: async () => ({ accessKeyId: "AKIAFAKEFAKEFAKEFAKE", secretAccessKey: "fake" }),
      check: async () => cells.signIn.get(),
      refused: (failure) => cells.signIn.set({ status: "signed-out", failure }),
      login: () => ({
        name: "login",
        title: "Sign in",
        harmlessToDrop: true,
        run: async () => {
          calls.push("login");
          cells.signIn.set(SIGNED_IN);
          return { status: "done", sentence: "Signed in." };
        },
      }),
    },
    fleet: {
      ...core("fleet", cells.fleet),
      start: async () => {
        calls.push("fleet.start");
      },
      refresh: async () => {
        calls.push("fleet.refresh");
      },
    },
    metrics: core("metrics", cells.metrics),
    pastRuns: { get: () => start.pastRuns ?? [], subscribe: () => () => {}, add: () => {} },
    lastPlan: {
      get: cells.lastPlan.get,
      subscribe: cells.lastPlan.subscribe,
      load: async () => cells.lastPlan.get(),
      save: cells.lastPlan.set,
      flush: async () => {},
    },
    probes: {
      ...core("probes", cells.probes),
      again: (machine) => calls.push(`probes.again ${machine}`),
      strangers: cells.strangers,
    },
    operations: {
      get: cells.operations.get,
      subscribe: cells.operations.subscribe,
      start: (operation) => {
        calls.push(`operations.start ${operation.name}`);
        return begin(operation, clock, cells.operations);
      },
    },
    kernels: { get: cells.kernels.get, subscribe: cells.kernels.subscribe, learn: called("kernels.learn") },
    buildWatch: { start: called("buildWatch.start"), stop: called("buildWatch.stop") },
    sessions: {
      get: cells.sessions.get,
      subscribe: cells.sessions.subscribe,
      open: (machine, address, wanted) => {
        calls.push(`sessions.open ${machine} ${address} ${wanted}`);
        return `session-${calls.length}`;
      },
      attach: async (id) => {
        calls.push(`sessions.attach ${id}`);
        return "detached";
      },
      reopen: (id) => {
        calls.push(`sessions.reopen ${id}`);
      },
      found: () => {},
      close: async (id) => {
        calls.push(`sessions.close ${id}`);
        cells.sessions.update((all) => all.filter((session) => session.id !== id));
      },
      stop: async () => {
        calls.push("sessions.stop");
      },
    },
    get access(): Access {
      throw new Error("The account is not there: these are fakes.");
    },
  };
}

function begin(operation: Operation, clock: Clock, runs: Cell<readonly Run[]>): Run {
  const explain = (error: unknown) => ({ kind: "internal", sentence: String(error) }) as const;
  const run = startRun(`run-${runs.get().length + 1}`, operation, clock, explain);
  runs.update((all) => [run, ...all]);
  return run;
}

function environment({ demo = false, terraformDir = "/nowhere/terraform" }: FakeStart): Environment {
  return { env: {}, home: "/nowhere", stateDir: "/nowhere/state", terraformDir, kernelDir: "/nowhere/kernel", demo };
}
