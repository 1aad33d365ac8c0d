/** What is drawn of one machine, gathered from all that is known of it. Pure. */

import type { Failure } from "../../ops/failure.ts";
import { dollars, type MachineCost, machineCost } from "../../ops/fleet/derive/cost.ts";
import { type Idle, idleness } from "../../ops/fleet/derive/idle.ts";
import { hasNotice } from "../../ops/fleet/derive/stopped-by.ts";
import { type StateWords, stateWords } from "../../ops/fleet/derive/words.ts";
import type { Machine } from "../../ops/fleet/model.ts";
import type { CpuHour, MetricsState } from "../../ops/fleet/state.ts";
import { type KernelStanding, type KernelsState, kernelStanding } from "../../ops/kernel/kernels.ts";
import type { KernelJob } from "../../ops/kernel/view.ts";
import type { Strangers } from "../../ops/ssh/probe.ts";
import { lives, type Probe, type ProbeState, type SessionSummary } from "../../ops/ssh/types.ts";
import { count } from "../format/words.ts";
import type { Token } from "../shared/theme.ts";

export interface MachineView {
  readonly machine: Machine;
  readonly selected: boolean;
  readonly words: StateWords;
  /** Since when this screen has seen it in its state; what a person waits for is counted from here. */
  readonly stateSince: number | undefined;
  readonly cost: MachineCost;
  readonly cpu: readonly CpuHour[] | undefined;
  readonly idle: Idle | undefined;
  /** What the machine last said of itself; of an instance that ran before this one it is not told. */
  readonly probe: Probe | undefined;
  /** How the running kernel stands to the patches here. */
  readonly kernel: KernelStanding | undefined;
  /** The newest kernel build there; absent where it never was asked, or there was none. */
  readonly lastBuild: KernelJob | undefined;
  readonly interruption: Interruption | undefined;
  /** It shows another host key than its own: why it was refused. */
  readonly stranger: Failure | undefined;
  readonly sessions: readonly SessionSummary[];
  /** The session that Enter goes back to. */
  readonly chosen: SessionSummary | undefined;
}

/** AWS takes the machine away: at a known instant where the machine itself told us. */
interface Interruption {
  readonly action: "stops" | "terminates";
  readonly at: number | undefined;
}

interface Known {
  readonly metrics: MetricsState;
  readonly probes: ProbeState;
  readonly strangers: Strangers;
  readonly sessions: readonly SessionSummary[];
  readonly kernels: KernelsState;
}

export function machineView(
  machine: Machine,
  known: Known,
  selected: boolean,
  stateSince: number | undefined,
  chosenId: string | undefined,
): MachineView {
  const { name } = machine.spec;
  const cpu = known.metrics.cpu[name];
  const seen = known.probes[name];
  const probe = seen && machine.instance && seen.at >= machine.instance.launchedAt ? seen : undefined;
  const sessions = known.sessions.filter((session) => session.machine === name);
  return {
    machine,
    selected,
    words: stateWords(machine),
    stateSince,
    cost: machineCost(machine, known.metrics.spotPerHour[name]),
    cpu,
    idle: idleness(machine, cpu, known.metrics.lately?.[name]),
    probe,
    kernel: probe && kernelStanding(probe.kernel, bootedAt(probe), known.kernels[name]),
    lastBuild: known.kernels[name]?.jobs[0],
    interruption: interruptionOf(machine, probe),
    stranger: known.strangers[name],
    sessions,
    chosen: sessions.find((session) => session.id === chosenId) ?? newestOf(sessions),
  };
}

/** The newest that is connected, then the newest that lives on the machine. */
export function newestOf(sessions: readonly SessionSummary[]): SessionSummary | undefined {
  return sessions.findLast(({ end }) => !end) ?? sessions.findLast(lives);
}

function bootedAt({ at, uptimeSeconds }: Probe): number | undefined {
  return uptimeSeconds === undefined ? undefined : at - uptimeSeconds * 1000;
}

function interruptionOf({ instance, spotRequest }: Machine, probe: Probe | undefined): Interruption | undefined {
  if (instance?.state !== "running") return undefined;
  if (probe?.interruption) {
    return { action: probe.interruption.action === "terminate" ? "terminates" : "stops", at: probe.interruption.at };
  }
  if (!hasNotice(spotRequest)) return undefined;
  return { action: spotRequest?.statusCode === "marked-for-termination" ? "terminates" : "stops", at: undefined };
}

const TONES: Readonly<Record<StateWords["tone"], Token>> = {
  good: "status.ok",
  busy: "status.busy",
  quiet: "status.off",
  warning: "status.warn",
  bad: "status.error",
};

export function toneToken(tone: StateWords["tone"]): Token {
  return TONES[tone];
}

/** Where its address is. */
export const PLACE_WORDS: Readonly<Record<Machine["addressPlace"], string>> = {
  here: "attached",
  elsewhere: "on another machine",
  nowhere: "not attached",
  unrecorded: "not recorded",
};

const ROOT_WORDS: Readonly<Record<Machine["rootKind"], string>> = {
  persistent: "on your disk",
  temporary: "on a temporary disk",
  unrecorded: "disk not recorded",
  none: "",
};

/** The machine in one sentence: what it is up to, on which disk, where, and at what cost. */
export function machineSentence({ machine, words, cost, sessions }: MachineView): string {
  const { spec, rootKind, address, addressPlace, instance } = machine;
  const running = instance?.state === "running" && cost.perHour !== undefined;
  const open = sessions.filter(lives).length;
  const said = [
    `${spec.name}: ${words.text}`,
    rootKind === "none" || (rootKind === "unrecorded" && spec.market !== "spot") ? "" : ROOT_WORDS[rootKind],
    address ? `address ${address.publicIp} ${PLACE_WORDS[addressPlace]}` : "",
    running
      ? dollars(cost.perHour ?? 0, "h").replace("/h", " an hour")
      : dollars(cost.stoppedPerMonth, "month").replace("/month", " a month"),
    open ? count(open, "shell") : "",
  ];
  return `${said.filter(Boolean).join(", ")}.`;
}
