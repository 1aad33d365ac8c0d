/** By how much a plan changes the monthly cost: an estimate from the dated price table (ops/fleet/prices.ts). US dollars. Pure. */

import { isMachineName, MACHINES } from "../fleet/machines.ts";
import { ADDRESS_PER_HOUR, HOURS_A_MONTH, volumePerMonth } from "../fleet/prices.ts";
import { machineOf } from "./guard-rules.ts";
import { type Fields, fields, list, type PlanModel, type ResourceChange, text } from "./plan.ts";

interface Range {
  readonly low: number;
  readonly high: number;
}

interface MoneyPart {
  readonly address: string;
  /** What is paid whatever runs, a month. */
  readonly perMonth: Range;
  /** What is paid while the machine runs, an hour: at the spot price where it is known, and on demand. */
  readonly perHour: Range;
}

export interface Money {
  /** Those that make a difference. */
  readonly parts: readonly MoneyPart[];
  readonly perMonth: Range;
  readonly perHour: Range;
  /** Instances of a type that the table does not have. */
  readonly unpriced: readonly string[];
}

/** By machine, US dollars an hour; a machine that is not there counts on demand. */
type SpotPrices = Readonly<Record<string, number | undefined>>;

/** Aurora Serverless v2 between 0 and 1 ACU: about $5-15 a month (mission.md), most of it hours awake at $0.12 an ACU. */
const AURORA_PER_MONTH: Range = { low: 5, high: 15 };
/** US dollars an ACU and hour (the AWS price list, us-west-1). */
const ACU_PER_HOUR = 0.12;

/** A minimum is paid all month; what is above one ACU costs as much more for the hours awake. */
function aurora(side: Fields): Range {
  const scaling = fields(list(side.serverlessv2_scaling_configuration)[0]);
  const acus = (value: unknown, usual: number) =>
    typeof value === "number" && value >= 0 && value <= 1024 ? value : usual;
  const always = acus(scaling.min_capacity, 0) * ACU_PER_HOUR * HOURS_A_MONTH;
  const most = Math.max(1, acus(scaling.max_capacity, 1));
  return { low: AURORA_PER_MONTH.low + always, high: AURORA_PER_MONTH.high * most + always };
}

const NOTHING: Range = { low: 0, high: 0 };

interface Cost {
  readonly month: Range;
  readonly hour: Range;
}

const FREE: Cost = { month: NOTHING, hour: NOTHING };

/** What the plan does to the bill. Instances, volumes, addresses and Aurora count; everything else here costs cents. */
export function money(plan: Pick<PlanModel, "changes">, spot: SpotPrices = {}): Money {
  const parts: MoneyPart[] = [];
  const unpriced = new Set<string>();
  for (const change of plan.changes) {
    if (change.mode === "data" || !COUNTED.has(change.kind)) continue;
    const cost = (side: unknown) => costOf(change, fields(side), spot, unpriced);
    const before = change.kind === "create" ? FREE : stays(change, cost(change.values.before));
    const after = change.kind === "delete" ? FREE : cost(change.values.after);
    const part = {
      address: change.address,
      perMonth: minus(after.month, before.month),
      perHour: minus(after.hour, before.hour),
    };
    if (!isNothing(part.perMonth) || !isNothing(part.perHour)) parts.push(part);
  }
  return {
    parts,
    perMonth: sum(parts.map((part) => part.perMonth)),
    perHour: sum(parts.map((part) => part.perHour)),
    unpriced: [...unpriced],
  };
}

const COUNTED: ReadonlySet<string> = new Set(["create", "update", "replace", "delete"]);

/** A machine's root volume outlives it, and goes on costing: its month is not given back. */
function stays({ type, kind, values }: ResourceChange, cost: Cost): Cost {
  if (type !== "aws_instance" || kind === "update") return cost;
  const kept = blocks(fields(values.before)).filter(({ delete_on_termination }) => delete_on_termination === false);
  return { ...cost, month: minus(cost.month, same(storage(kept))) };
}

function costOf(
  { type, address, ...change }: ResourceChange,
  side: Fields,
  spot: SpotPrices,
  unpriced: Set<string>,
): Cost {
  switch (type) {
    case "aws_instance": {
      const wanted = text(side.instance_type);
      const spec = Object.values(MACHINES).find((one) => one.instanceType === wanted);
      if (!spec) unpriced.add(wanted ?? address);
      const onDemand = spec?.onDemandPerHour ?? 0;
      const market = fields(list(side.instance_market_options)[0]).market_type ?? side.instance_lifecycle;
      const machine = machineOf({ type, address, ...change });
      const price = market === "spot" && isMachineName(machine) ? spot[machine] : undefined;
      const hour = { low: Math.min(price ?? onDemand, onDemand), high: onDemand };
      return { hour, month: same(storage(blocks(side))) };
    }
    case "aws_ebs_volume":
      return { hour: NOTHING, month: same(storage([side])) };
    case "aws_eip":
      return { hour: NOTHING, month: same(ADDRESS_PER_HOUR * HOURS_A_MONTH) };
    case "aws_rds_cluster":
      return { hour: NOTHING, month: aurora(side) };
    default:
      return FREE;
  }
}

function blocks(side: Fields): readonly Fields[] {
  return [...list(side.root_block_device), ...list(side.ebs_block_device)].map(fields);
}

function storage(volumes: readonly Fields[]): number {
  return volumes.reduce((total, one) => {
    const number = (value: unknown) => (typeof value === "number" && Math.abs(value) < 1e9 ? value : undefined);
    const sizeGiB = number(one.volume_size) ?? number(one.size) ?? 0;
    const type = text(one.volume_type) ?? text(one.type) ?? "gp3";
    return total + volumePerMonth({ sizeGiB, type, iops: number(one.iops), throughput: number(one.throughput) });
  }, 0);
}

const same = (amount: number): Range => ({ low: amount, high: amount });
const minus = (a: Range, b: Range): Range => ordered(a.low - b.low, a.high - b.high);
const ordered = (a: number, b: number): Range => ({ low: Math.min(a, b), high: Math.max(a, b) });
const sum = (ranges: readonly Range[]): Range =>
  ranges.reduce((total, one) => ({ low: total.low + one.low, high: total.high + one.high }), NOTHING);
const isNothing = ({ low, high }: Range) => Math.abs(low) < 0.005 && Math.abs(high) < 0.005;

/** "+$28.80 a month; while it runs +$1.24 to +$3.63 an hour, +$906 to +$2,649 if all month", or that nothing changes. */
export function moneyWords({ perMonth, perHour, unpriced }: Money): string {
  const unknown = unpriced.length ? ` No price is known for ${unpriced.join(", ")}.` : "";
  if (isNothing(perMonth) && isNothing(perHour)) return `The monthly cost stays as it is.${unknown}`;
  const month = isNothing(perMonth) ? "" : `${rangeWords(perMonth)} a month`;
  const allMonth = { low: perHour.low * HOURS_A_MONTH, high: perHour.high * HOURS_A_MONTH };
  const running = isNothing(perHour)
    ? ""
    : `while running ${rangeWords(perHour)} an hour (${rangeWords(allMonth)} if all month)`;
  return `${[month, running].filter(Boolean).join("; ")}. An estimate at the prices of 2025-11.${unknown}`;
}

function rangeWords({ low, high }: Range): string {
  return Math.abs(high - low) < 0.005 ? signed(high) : `${signed(low)} to ${signed(high)}`;
}

function signed(amount: number): string {
  const digits = Math.abs(amount) >= 100 ? 0 : 2;
  const figure = Math.abs(amount).toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return `${amount < 0 ? "-" : "+"}$${figure}`;
}
