/** What belongs to the account and to no machine: unattached volumes, strays, and what everything costs together. Pure. */

import { duration } from "../../ops/fleet/derive/ages.ts";
import { dollars, machineCost, orphansPerMonth } from "../../ops/fleet/derive/cost.ts";
import { MACHINE_NAMES } from "../../ops/fleet/machines.ts";
import type { Fleet } from "../../ops/fleet/model.ts";
import { HOURS_A_MONTH } from "../../ops/fleet/prices.ts";
import type { MetricsState } from "../../ops/fleet/state.ts";
import { sparkline } from "../format/chart.ts";
import { type Column, firstFitting, grid } from "../format/grid.ts";
import { cellOf, join, type Line, t, ticking } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { ago, count, gibibytes, timeOfDay } from "../format/words.ts";
import { keyOf } from "../keys/registry.ts";
import { volumeCost } from "./machine-detail.ts";

const dim = (text: string) => t(text, "text.dim");

interface Totals {
  readonly perHour: number;
  /** Running machines whose price nobody told yet. */
  readonly unknown: number;
  readonly idlePerMonth: number;
}

/** What everything costs: now, an hour; and with every machine stopped, a month. Unattached volumes count in both. */
function totals(fleet: Fleet, metrics: MetricsState): Totals {
  const costs = MACHINE_NAMES.map((name) => machineCost(fleet.machines[name], metrics.spotPerHour[name]));
  const orphans = orphansPerMonth(fleet);
  return {
    perHour: costs.reduce((sum, cost) => sum + (cost.perHour ?? cost.stoppedPerHour), 0) + orphans / HOURS_A_MONTH,
    unknown: costs.filter((cost) => cost.perHour === undefined).length,
    idlePerMonth: costs.reduce((sum, cost) => sum + cost.stoppedPerMonth, 0) + orphans,
  };
}

/** All of it in one row, with counts. */
export function accountLine(fleet: Fleet, metrics: MetricsState, columns: number, now: number): Line {
  const { orphans, straySpotRequests: requests, strayInstances: strays } = fleet;
  const volumes: Line = orphans.length
    ? [
        t(
          `${count(orphans.length, "unattached volume")}, ${dollars(orphansPerMonth(fleet), "month")}: ${keyOf("fleet", "orphans")}`,
          "status.warn",
        ),
      ]
    : [];
  const stray: Line = [
    ...join(
      [
        requests.length ? [t(count(requests.length, "stray spot request"), "status.warn")] : [],
        strays.length ? [t(count(strays.length, "stray instance"), "status.warn")] : [],
      ],
      t(", ", "status.warn"),
    ),
  ];
  return firstFitting(
    [
      join([moneyLine(fleet, metrics), volumes, stray], dim("  ·  ")),
      join([shortMoneyLine(fleet, metrics), volumes, stray], dim(" · ")),
      join([volumes, stray, shortMoneyLine(fleet, metrics)], dim(" · ")),
    ],
    columns,
    now,
  );
}

function shortMoneyLine(fleet: Fleet, metrics: MetricsState): Line {
  const { perHour, idlePerMonth } = totals(fleet, metrics);
  return [t(dollars(perHour, "h")), dim(" now, "), t(dollars(idlePerMonth, "month")), dim(" stopped")];
}

function moneyLine(fleet: Fleet, metrics: MetricsState): Line {
  const { perHour, unknown, idlePerMonth } = totals(fleet, metrics);
  return [
    t(`${unknown ? "at least " : ""}${dollars(perHour, "h")}`),
    dim(" total now  ·  "),
    t(dollars(idlePerMonth, "month")),
    dim(" with all stopped"),
  ];
}

/** The same with every unattached volume and stray by its ID, `height` rows at most; what did not fit is counted. */
export function accountLines(
  fleet: Fleet,
  metrics: MetricsState,
  columns: number,
  height: number,
  now: number,
): Line[] {
  if (height <= 0) return [];
  if (height === 1) return [accountLine(fleet, metrics, columns, now)];
  const rows = [...orphanRows(fleet, columns, now), ...strayRows(fleet)];
  const nothing: Line = [dim("No unattached volumes, no stray spot requests or instances.")];
  const note: Line[] = [moneyLine(fleet, metrics), [dim(pricesNote(metrics))]].slice(0, height > 2 ? 2 : 1);
  const room = height - note.length;
  const week = weekRows(metrics);
  if (rows.length <= room) {
    const told = rows.length > 0 ? rows : [nothing];
    return [...note, ...told, ...(told.length + week.length <= room ? week : [])];
  }
  return [
    ...note,
    ...rows.slice(0, room - 1),
    [t(`and ${rows.length - room + 1} more: ${keyOf("fleet", "orphans")}`, "status.warn")],
  ];
}

function pricesNote({ at, failure }: MetricsState): string {
  if (failure) return `Prices and CPU: ${clean(failure.sentence)}`;
  return at === undefined ? "Spot prices and CPU not asked yet" : `Spot prices and CPU as of ${timeOfDay(at)}`;
}

/** What a spot machine cost by the hour in the last week, from its lowest to its highest: a row each. */
function weekRows({ spotWeek, spotPerHour }: MetricsState): Line[] {
  return MACHINE_NAMES.flatMap((name): Line[] => {
    const week = spotWeek?.[name] ?? [];
    const now = spotPerHour[name];
    if (week.length === 0 || now === undefined) return [];
    const least = Math.min(...week);
    const most = Math.max(...week);
    const shares = week.map((price) => (most > least ? (100 * (price - least)) / (most - least) : 50));
    const range = most > least ? `${dollars(least, "h")} to ${dollars(most, "h")}` : `always ${dollars(least, "h")}`;
    return [
      [
        cellOf([t("spot week", "text.dim")], 12),
        cellOf([t(name)], 16),
        { text: sparkline(shares), token: "accent", spoken: "" },
        dim(`  ${range}, now ${dollars(now, "h")}`),
      ],
    ];
  });
}

function orphanRows({ orphans }: Fleet, columns: number, now: number): Line[] {
  const cell = (line: (volume: Fleet["orphans"][number]) => Line) => orphans.map((volume) => [line(volume)]);
  const all: readonly Column[] = [
    { groups: cell(() => [t("unattached", "status.warn")]) },
    { groups: cell((volume) => [t(clean(volume.id))]) },
    { groups: cell((volume) => [t(`${gibibytes(volume.sizeGiB)} ${clean(volume.type)}`)]), align: "right" },
    {
      groups: cell((volume) => [ticking((at) => `${duration(at - volume.createdAt)} old`, "text.dim")]),
      align: "right",
      drop: 1,
    },
    { groups: cell((volume) => [t(volumeCost(volume), "status.warn")]), align: "right" },
    { groups: cell((volume) => [dim(clean(volume.name ?? "without a name"))]), grow: 8, drop: 2 },
    { groups: cell((volume) => [dim(clean(volume.availabilityZone))]), drop: 3 },
  ];
  return grid(all, 1, columns, now).flat();
}

function strayRows({ straySpotRequests, strayInstances }: Fleet): Line[] {
  return [
    ...straySpotRequests.map(
      (request): Line => [
        t("stray      ", "status.warn"),
        t(` spot request ${clean(request.id)}`),
        dim(`  ${request.state}, ${clean(request.statusCode)}`),
      ],
    ),
    ...strayInstances.map(
      (instance): Line => [
        t("stray      ", "status.warn"),
        t(` instance ${clean(instance.id)}`),
        dim(`  ${clean(instance.name ?? "")} ${instance.type} ${instance.state}, launched `),
        ticking((now) => ago(instance.launchedAt, now), "text.dim"),
      ],
    ),
  ];
}
