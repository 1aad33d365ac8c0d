/** What spot machines cost by the hour: now, and in the week that is over. US dollars. */

import type { _InstanceType, EC2Client } from "@aws-sdk/client-ec2";
import { HOUR } from "./derive/ages.ts";
import { MACHINE_NAMES, MACHINES, type MachineName } from "./machines.ts";
import type { Fleet } from "./model.ts";
import type { MetricsState } from "./state.ts";

const WEEK = 7 * 24 * HOUR;
/** So much of it is one figure. */
const PART = 6 * HOUR;

type Prices = MetricsState["spotPerHour"];

/** One change of a price. */
interface Change {
  readonly type: string;
  readonly zone: string;
  readonly price: number;
  /** From when on, milliseconds. */
  readonly at: number;
}

/** Current spot prices, each for the zone where its machine is, else of the cheapest zone. Throws what the SDK throws. */
export async function spotPrices(ec2: EC2Client, fleet: Fleet, now: number, signal?: AbortSignal): Promise<Prices> {
  return current(fleet, await changesSince(ec2, fleet, now, signal));
}

/**
 * The same, and the highest price of every six hours of the week before `now` where a machine is (without one, in the
 * cheapest zone of now), the oldest first. Throws what the SDK throws.
 */
export async function spotWeek(
  ec2: EC2Client,
  fleet: Fleet,
  now: number,
  signal?: AbortSignal,
): Promise<Required<Pick<MetricsState, "spotPerHour" | "spotWeek">>> {
  const changes = await changesSince(ec2, fleet, now - WEEK, signal);
  const spotPerHour = current(fleet, changes);
  const week: Partial<Record<MachineName, readonly number[]>> = {};
  for (const name of onSpot(fleet)) {
    const ofType = changes.filter((one) => one.type === typeOf(fleet, name));
    const zone = zoneOf(fleet, name) ?? ofType.find((one) => one.price === spotPerHour[name])?.zone;
    const highest = highestOfParts(
      ofType.filter((one) => one.zone === zone),
      now,
    );
    if (highest.length > 0) week[name] = highest;
  }
  return { spotPerHour, spotWeek: week };
}

/** `changes`, the newest first, of one type in one zone. Nothing where it is not known from the beginning on. */
function highestOfParts(changes: readonly Change[], now: number): readonly number[] {
  const parts: number[] = [];
  for (let from = now - WEEK; from < now; from += PART) {
    const inForce = changes.find(({ at }) => at <= from);
    const later = changes.filter(({ at }) => at > from && at < from + PART);
    const all = [...(inForce ? [inForce] : []), ...later].map(({ price }) => price);
    if (all.length > 0) parts.push(Math.max(...all));
  }
  return parts;
}

function onSpot(fleet: Fleet): readonly MachineName[] {
  return MACHINE_NAMES.filter((name) => (fleet.machines[name].instance ?? MACHINES[name]).market === "spot");
}

function typeOf(fleet: Fleet, name: MachineName): string {
  return fleet.machines[name].instance?.type ?? MACHINES[name].instanceType;
}

function zoneOf(fleet: Fleet, name: MachineName): string | undefined {
  return fleet.machines[name].instance?.availabilityZone;
}

/** The newest first. EC2 begins with the price that is in force at `start` in every zone. */
async function changesSince(
  ec2: EC2Client,
  fleet: Fleet,
  start: number,
  signal: AbortSignal | undefined,
): Promise<readonly Change[]> {
  const types = [...new Set(onSpot(fleet).map((name) => typeOf(fleet, name)))];
  if (types.length === 0) return [];
  const { DescribeSpotPriceHistoryCommand } = await import("../aws/ec2-sdk.ts");
  const answer = await ec2.send(
    new DescribeSpotPriceHistoryCommand({
      InstanceTypes: types as _InstanceType[],
      ProductDescriptions: ["Linux/UNIX"],
      StartTime: new Date(start),
    }),
    signal ? { abortSignal: signal } : {},
  );
  return (answer.SpotPriceHistory ?? [])
    .map((one) => ({
      type: one.InstanceType ?? "",
      zone: one.AvailabilityZone ?? "",
      price: Number(one.SpotPrice),
      at: one.Timestamp?.getTime() ?? 0,
    }))
    .filter(({ price }) => Number.isFinite(price) && price > 0)
    .sort((a, b) => b.at - a.at);
}

function current(fleet: Fleet, changes: readonly Change[]): Prices {
  const found: Partial<Record<MachineName, number>> = {};
  for (const name of onSpot(fleet)) {
    const ofType = changes.filter((one) => one.type === typeOf(fleet, name));
    const newest = [...new Set(ofType.map(({ zone }) => zone))].flatMap(
      (zone) => ofType.find((one) => one.zone === zone) ?? [],
    );
    const price = newest.find(({ zone }) => zone === zoneOf(fleet, name))?.price ?? cheapest(newest);
    if (price !== undefined) found[name] = price;
  }
  return found;
}

function cheapest(prices: readonly { readonly price: number }[]): number | undefined {
  return prices.length ? Math.min(...prices.map((one) => one.price)) : undefined;
}
