/** The fleet as a plain table: `make status`, and what a pipe or a dumb terminal gets. */

import { FailureError } from "./failure.ts";
import { duration } from "./fleet/derive/ages.ts";
import { dollars, machineCost } from "./fleet/derive/cost.ts";
import { idleness } from "./fleet/derive/idle.ts";
import { stateWords } from "./fleet/derive/words.ts";
import { MACHINE_NAMES } from "./fleet/machines.ts";
import { figuresOf } from "./fleet/metrics.ts";
import type { Fleet, Machine } from "./fleet/model.ts";
import { spotPrices } from "./fleet/spot-prices.ts";
import { allHeadlines } from "./machine/headlines.ts";
import type { Access, Ops } from "./ops.ts";
import { plainText } from "./plain.ts";
import { type Figures, statusJson } from "./status-json.ts";

const COLUMNS = ["MACHINE", "STATE", "TYPE", "ZONE", "ADDRESS", "UP", "IDLE", "ROOT", "COST"] as const;

/** One fresh look at the account as lines of text; throws where nobody is signed in. */
export async function printStatus(ops: Ops, signal: AbortSignal): Promise<readonly string[]> {
  const { fleet, figures } = await lookAtAll(ops, signal);
  return statusTable(fleet, figures, fleet.observation.at).trimEnd().split("\n");
}

/** The same for a script. */
export async function printStatusJson(ops: Ops, signal: AbortSignal): Promise<readonly string[]> {
  const { fleet, figures } = await lookAtAll(ops, signal);
  return statusJson(fleet, figures);
}

async function lookAtAll({ signIn, access }: Ops, signal: AbortSignal): Promise<{ fleet: Fleet; figures: Figures }> {
  const signedIn = await signIn.check();
  if (signedIn.status === "signed-out") throw new FailureError(signedIn.failure);
  const fleet = await access.look(signal);
  return { fleet, figures: await figuresFor(fleet, access, signal) };
}

/** Figures are welcome and not needed: without them the table says so. */
async function figuresFor(fleet: Fleet, { aws }: Access, signal: AbortSignal): Promise<Figures> {
  const [known, spotPerHour] = await Promise.all([
    aws
      .cloudwatch()
      .then((client) => figuresOf(client, fleet, aws.time.now(), signal))
      .catch(() => ({ cpu: {}, lately: {} })),
    aws
      .ec2()
      .then((client) => spotPrices(client, fleet, aws.time.now(), signal))
      .catch(() => ({})),
  ]);
  return { ...known, spotPerHour };
}

/**
 * The table, a line a machine, and below it whatever is out of order. Plain ASCII but for what AWS itself says.
 * @param now AWS's time in milliseconds
 */
export function statusTable(fleet: Fleet, figures: Figures, now: number): string {
  const rows = [COLUMNS, ...MACHINE_NAMES.map((name) => row(fleet.machines[name], figures, now))];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? "").length)));
  const table = rows.map((cells) =>
    cells
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const told = allHeadlines(fleet).map(({ severity, sentence, action }) =>
    [`${severity.toUpperCase()}: ${sentence}`, action].filter(Boolean).join(" "),
  );
  return [...table, ...(told.length ? ["", ...told] : [])].map((line) => `${plainText(line)}\n`).join("");
}

function row(machine: Machine, figures: Figures, now: number): readonly string[] {
  const { instance, spec, root } = machine;
  const up = instance?.state === "running" && instance.launchedAt > 0 ? duration(now - instance.launchedAt) : "-";
  const idle = idleness(machine, figures.cpu[spec.name], figures.lately?.[spec.name]);
  return [
    spec.name,
    stateWords(machine).text,
    instance?.type ?? spec.instanceType,
    instance?.availabilityZone ?? "-",
    machine.address ? `${machine.address.publicIp}${PLACES[machine.addressPlace]}` : (instance?.publicIp ?? "-"),
    up,
    idle?.since === undefined ? "-" : duration(now - idle.since),
    root ? `${root.id}${machine.rootKind === "temporary" ? " (temporary)" : ""}` : "-",
    cost(machine, figures),
  ];
}

const PLACES: Readonly<Record<Machine["addressPlace"], string>> = {
  here: "",
  unrecorded: "",
  elsewhere: " (on another machine)",
  nowhere: " (not attached)",
};

function cost(machine: Machine, figures: Figures): string {
  const { perHour, belowOnDemand, stoppedPerMonth } = machineCost(machine, figures.spotPerHour[machine.spec.name]);
  if (machine.instance?.state !== "running") return dollars(stoppedPerMonth, "month");
  if (perHour === undefined) return "price unknown";
  const below = belowOnDemand === undefined ? "" : ` (${Math.round(belowOnDemand * 100)}% below on-demand)`;
  return `${dollars(perHour, "h")}${below}`;
}
