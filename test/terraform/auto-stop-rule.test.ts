import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type History, HOUR, verdict } from "../../terraform/auto-stop/rule.ts";

const MINUTE = 60_000;
/** Twenty minutes past an hour: as the Lambda is called. */
const NOW = Date.parse("2026-11-22T12:20:00Z");
const CURRENT = Date.parse("2026-11-22T12:00:00Z");
const ago = (hours: number) => CURRENT - hours * HOUR;

/** Peaks of the hours up to the current one, oldest first; null is an hour without figures. */
function peaks(...values: (number | null)[]): Map<number, number> {
  const map = new Map<number, number>();
  for (const [index, value] of values.entries()) {
    if (value !== null) map.set(ago(values.length - 1 - index), value);
  }
  return map;
}
const idle = (hours: number) => new Array<number>(hours).fill(1);
const twelve = peaks(...idle(12), 1);
const history = (change: Partial<History>): History => ({
  state: "running",
  launchedAt: ago(48),
  peaks: twelve,
  busyAt: undefined,
  ...change,
});
const inHour = (hoursAgo: number, value: number | null) =>
  peaks(...new Array(13).fill(0).map((_, index) => (12 - index === hoursAgo ? value : 1)));

const HISTORIES: readonly (readonly [string, boolean, Partial<History>])[] = [
  ["idle for 12 hours", true, {}],
  ["idle for days", true, { launchedAt: ago(500), peaks: peaks(...idle(100), 1) }],
  ["idle at 0 %", true, { peaks: peaks(...new Array(13).fill(0)) }],
  ["every hour just under 5 %", true, { peaks: peaks(...new Array(13).fill(4.999)) }],
  ["every hour at 5 %", false, { peaks: peaks(...new Array(13).fill(5)) }],
  ["one hour at exactly 5 %", false, { peaks: inHour(6, 5) }],
  ["a five-minute compile in the oldest hour", false, { peaks: inHour(12, 97) }],
  ["a five-minute compile in the middle", false, { peaks: inHour(7, 97) }],
  ["a five-minute compile in the newest whole hour", false, { peaks: inHour(1, 97) }],
  ["a compile in the hour that is not over", false, { peaks: inHour(0, 97) }],
  ["a compile 13 hours ago", true, { peaks: peaks(97, ...idle(12), 1) }],
  ["busy up to 12 hours ago", true, { peaks: peaks(...new Array(40).fill(80), ...idle(12), 1) }],
  ["idle, with no figure yet in the hour that is not over", true, { peaks: peaks(...idle(12), null) }],
  ["a gap in the oldest hour", false, { peaks: inHour(12, null) }],
  ["a gap in the middle", false, { peaks: inHour(5, null) }],
  ["a gap in the newest whole hour", false, { peaks: inHour(1, null) }],
  ["every second hour missing", false, { peaks: peaks(1, null, 1, null, 1, null, 1, null, 1, null, 1, null, 1) }],
  ["no figures at all", false, { peaks: new Map() }],
  ["only eleven idle hours", false, { peaks: peaks(...idle(11), 1) }],
  ["only the hour that is not over", false, { peaks: peaks(1) }],
  ["a gap older than 12 hours", true, { peaks: peaks(1, null, ...idle(12), 1) }],
  ["started a minute ago, on yesterday's figures", false, { launchedAt: NOW - MINUTE }],
  ["started an hour ago, on yesterday's figures", false, { launchedAt: ago(1) }],
  ["started 11 hours 59 minutes before the current hour", false, { launchedAt: ago(12) + MINUTE }],
  ["started 12 hours ago, but within an hour", false, { launchedAt: NOW - 12 * HOUR }],
  ["started exactly when the oldest hour began", true, { launchedAt: ago(12) }],
  ["started just before the oldest hour", true, { launchedAt: ago(12) - 1 }],
  ["launch time not known", false, { launchedAt: undefined }],
  ["launch time in the future", false, { launchedAt: NOW + HOUR }],
  ["pending", false, { state: "pending" }],
  ["stopping", false, { state: "stopping" }],
  ["stopped", false, { state: "stopped" }],
  ["shutting down", false, { state: "shutting-down" }],
  ["terminated", false, { state: "terminated" }],
  ["in no known state", false, { state: undefined }],
  ["idle with a terminal open now", false, { busyAt: NOW }],
  ["idle, said to be busy ten minutes ago", false, { busyAt: NOW - 10 * MINUTE }],
  ["idle, said to be busy half an hour ago", false, { busyAt: NOW - 30 * MINUTE }],
  ["edited all day under 5 %, lid closed half an hour ago", false, { busyAt: NOW - 31 * MINUTE }],
  ["last said to be busy just under 12 hours ago", false, { busyAt: NOW - 12 * HOUR + MINUTE }],
  ["last said to be busy 12 hours ago", true, { busyAt: NOW - 12 * HOUR }],
  ["idle, last said to be busy yesterday", true, { busyAt: ago(24) }],
  ["busy signal from a clock ahead of ours", false, { busyAt: NOW + MINUTE }],
  ["a figure that is no number", false, { peaks: inHour(3, Number.NaN) }],
];

describe("auto-stop's rule", () => {
  test("is tried on at least thirty histories", () => {
    expect(HISTORIES.length).toBeGreaterThanOrEqual(30);
  });

  test.each(HISTORIES)("%s: stop is %s", (_, stop, change) => {
    const said = verdict(history(change), NOW, 12);
    expect(said.stop).toBe(stop);
    expect(said.because).toMatch(/^[A-Z].*\.$/);
  });

  test("IDLE_HOURS counts whole hours", () => {
    expect(verdict(history({ launchedAt: ago(3), peaks: peaks(1, 1, 1, 1) }), NOW, 3).stop).toBe(true);
    expect(verdict(history({ launchedAt: ago(3), peaks: peaks(1, 1, 1, 1) }), NOW, 4).stop).toBe(false);
  });

  test("stops exactly where each of the last hours is whole, known and quiet, whatever the minute", () => {
    const hour = fc.option(fc.double({ min: 0, max: 100, noNaN: true }), { nil: null });
    fc.assert(
      fc.property(
        fc.array(hour, { minLength: 0, maxLength: 30 }),
        fc.integer({ min: 0, max: 59 }),
        fc.integer({ min: 0, max: 40 }),
        (hours, minute, launchedHours) => {
          const last = hours.slice(-13);
          const quiet = (value: number | null | undefined) => value !== null && value !== undefined && value < 5;
          const expected =
            launchedHours >= 12 &&
            last.length === 13 &&
            last.slice(0, 12).every(quiet) &&
            (last[12] === null || quiet(last[12]));
          const said = verdict(
            history({ launchedAt: ago(launchedHours), peaks: peaks(...hours) }),
            CURRENT + minute * MINUTE,
            12,
          );
          return said.stop === expected;
        },
      ),
    );
  });
});
