/** Slower than the fleet and separate from it: CPU of the last 12 hours, and spot prices. */

import type { CloudWatchClient, MetricDataResult } from "@aws-sdk/client-cloudwatch";
import { IDLE_HOURS } from "../../terraform/auto-stop/rule.ts";
import type { AwsClients } from "../aws/clients.ts";
import { explain } from "../aws/errors.ts";
import type { Clock } from "../clock.ts";
import { type Failure, FailureError } from "../failure.ts";
import { pause } from "../pause.ts";
import type { SignIn } from "../signin/types.ts";
import { type Core, cell, type Store, when } from "../store.ts";
import { isLive } from "./assemble.ts";
import { HOUR } from "./derive/ages.ts";
import { MACHINE_NAMES, type MachineName } from "./machines.ts";
import type { Fleet } from "./model.ts";
import { share } from "./share.ts";
import { spotWeek } from "./spot-prices.ts";
import type { CpuHour, FleetState, Lately, MetricsState } from "./state.ts";

const CPU_EVERY_MS = 5 * 60_000;
const PRICES_EVERY_MS = 10 * 60_000;
/** After a failure, by how many there were in a row. */
const RETRY_MS = [15_000, 30_000, 60_000, 120_000, 300_000];

/**
 * One GetMetricData every 5 minutes and one DescribeSpotPriceHistory every 10, sooner when an instance is a new one.
 * Failures are quiet: the old figures stay, with a word in `failure`.
 */
export function createMetrics(
  clock: Clock,
  signIn: SignIn,
  fleet: Store<FleetState>,
  clients: Pick<AwsClients, "ec2" | "cloudwatch" | "time">,
): Core<MetricsState> {
  const state = cell<MetricsState>({ cpu: {}, spotPerHour: {}, at: undefined, failure: undefined });
  let running: AbortController | undefined;
  /** Why the newest attempt of each of the two failed. */
  const failing = new Map<typeof readCpu, Failure>();
  const tellFailure = () => {
    const [failure] = failing.values();
    state.update((before) => (before.failure === failure ? before : { ...before, failure }));
  };

  const readCpu = async (now: Fleet, signal: AbortSignal) => {
    const { cpu, lately } = await figuresOf(await clients.cloudwatch(), now, clients.time.now(), signal);
    state.update((before) => ({
      ...before,
      cpu: share(before.cpu, cpu),
      lately: share(before.lately, lately),
      at: clock.now(),
    }));
  };
  const readPrices = async (now: Fleet, signal: AbortSignal) => {
    const prices = await spotWeek(await clients.ec2(), now, clients.time.now(), signal);
    state.update((before) => ({
      ...before,
      spotPerHour: share(before.spotPerHour, prices.spotPerHour),
      spotWeek: share(before.spotWeek, prices.spotWeek),
    }));
  };

  /** Reads again and again; waits meanwhile for a sign-in, and goes early when the instances are others. */
  const loop = async (read: typeof readCpu, every: number, signal: AbortSignal): Promise<void> => {
    let failures = 0;
    while (!signal.aborted) {
      await when(signIn, ({ status }) => status === "signed-in", signal);
      const { fleet: now } = await when(fleet, (seen) => seen.fleet !== undefined && seen.source === "live", signal);
      if (!now) continue;
      let wait = every;
      try {
        await read(now, signal);
        failures = 0;
        failing.delete(read);
      } catch (error) {
        if (signal.aborted) return;
        failing.set(read, explain(error));
        wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? every;
        failures += 1;
      }
      tellFailure();
      const others = ({ fleet: seen }: FleetState) => seen !== undefined && idsOf(seen) !== idsOf(now);
      if (failures === 0 && others(fleet.get())) continue;
      let outage = fleet.get().failure;
      await pause(clock, wait, signal, (wake) =>
        fleet.subscribe(() => {
          const seen = fleet.get();
          // The weather cleared for the fleet: it has for these too.
          if (failures > 0 && outage && !seen.failure) wake();
          if (failures === 0 && others(seen)) wake();
          outage = seen.failure;
        }),
      );
    }
  };

  return {
    get: state.get,
    subscribe: state.subscribe,
    start: () => {
      if (running) return;
      running = new AbortController();
      // Both end only by the signal: every failure inside is told in the state.
      loop(readCpu, CPU_EVERY_MS, running.signal).catch(() => {});
      loop(readPrices, PRICES_EVERY_MS, running.signal).catch(() => {});
    },
    stop: () => {
      running?.abort(new FailureError({ kind: "cancelled", sentence: "Cancelled." }));
      running = undefined;
    },
  };
}

function idsOf(fleet: Fleet): string {
  return MACHINE_NAMES.map((name) => fleet.machines[name].instance?.id ?? "").join(" ");
}

/**
 * The highest CPUUtilization of each of the last 12 whole hours and of the one that is not over, and when somebody was last
 * at work, in one GetMetricData for all machines: the same figures that the auto-stop Lambda reads (mission.md, "Auto-stop").
 * @param now AWS's time in milliseconds
 */
export async function figuresOf(
  cloudwatch: CloudWatchClient,
  fleet: Fleet,
  now: number,
  signal?: AbortSignal,
): Promise<Required<Pick<MetricsState, "cpu" | "lately">>> {
  const { GetMetricDataCommand } = await import("@aws-sdk/client-cloudwatch");
  const machines = MACHINE_NAMES.map((name) => fleet.machines[name]).filter(({ instance }) => isLive(instance));
  if (machines.length === 0) return { cpu: {}, lately: {} };
  const end = Math.floor(now / HOUR) * HOUR;
  const start = end - IDLE_HOURS * HOUR;
  const answer = await cloudwatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(start),
      EndTime: new Date(now),
      ScanBy: "TimestampAscending",
      MetricDataQueries: machines.flatMap(({ spec, instance }) => [
        query(queryId(spec.name), "AWS/EC2", "CPUUtilization", HOUR / 1000, instance?.id),
        // Only dev servers say so.
        ...(spec.autoStop ? [query(`${queryId(spec.name)}_busy`, "snowglobe", "Busy", 300, instance?.id)] : []),
      ]),
    }),
    signal ? { abortSignal: signal } : {},
  );
  const results = listed(answer.MetricDataResults);
  const cpu: Partial<Record<MachineName, readonly CpuHour[]>> = {};
  const lately: Partial<Record<MachineName, Lately>> = {};
  for (const { spec } of machines) {
    const maxima = pointsOf(results.find((one) => one?.Id === queryId(spec.name)));
    cpu[spec.name] = Array.from({ length: IDLE_HOURS }, (_, hour) => ({
      start: start + hour * HOUR,
      maximum: maxima.get(start + hour * HOUR),
    }));
    const busy = pointsOf(results.find((one) => one?.Id === `${queryId(spec.name)}_busy`));
    const times = [...busy].flatMap(([time, value]) => (value > 0 ? [time] : []));
    lately[spec.name] = { peak: maxima.get(end), busyAt: times.length > 0 ? Math.max(...times) : undefined };
  }
  return { cpu, lately };
}

function query(Id: string, Namespace: string, MetricName: string, Period: number, instanceId: string | undefined) {
  const Metric = { Namespace, MetricName, Dimensions: [{ Name: "InstanceId", Value: instanceId }] };
  return { Id, MetricStat: { Metric, Period, Stat: "Maximum" } };
}

/** The values by their times, without what is no number. */
function pointsOf(result: MetricDataResult | undefined): ReadonlyMap<number, number> {
  const values = listed<unknown>(result?.Values);
  return new Map(
    listed<unknown>(result?.Timestamps).flatMap((time, index) => {
      const value = values[index];
      const known = time instanceof Date && typeof value === "number" && Number.isFinite(value);
      return known ? [[time.getTime(), value] as const] : [];
    }),
  );
}

/** What is no list is none: the SDK takes JSON as it comes, whatever the model says of its types. */
function listed<T>(value: readonly T[] | undefined): readonly T[] {
  return Array.isArray(value) ? value : [];
}

/** A query's ID begins with a small letter and has no hyphens. */
function queryId(name: MachineName): string {
  return name.replaceAll("-", "_");
}
