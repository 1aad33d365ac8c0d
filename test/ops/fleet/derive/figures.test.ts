import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assemble } from "../../../../ops/fleet/assemble.ts";
import { HOUR } from "../../../../ops/fleet/derive/ages.ts";
import { dollars, machineCost, orphansPerMonth } from "../../../../ops/fleet/derive/cost.ts";
import { idleness } from "../../../../ops/fleet/derive/idle.ts";
import { volumePerMonth } from "../../../../ops/fleet/prices.ts";
import type { CpuHour } from "../../../../ops/fleet/state.ts";
import { IDLE_HOURS, verdict } from "../../../../terraform/auto-stop/rule.ts";
import { instance, NOW, OWNER, story, volume } from "../fixtures.ts";

/** Twelve whole hours up to noon. */
function hours(...maxima: readonly (number | undefined)[]): CpuHour[] {
  return maxima.map((maximum, index) => ({ start: NOW - (maxima.length - index) * HOUR, maximum }));
}

function arm(launchedAt: number, state: "running" | "stopped" = "running") {
  return assemble(story({ instances: [instance("fcvm-metal-arm", "i-0b", { launchedAt, state })] }), OWNER).machines[
    "fcvm-metal-arm"
  ];
}

const MINUTE = 60_000;
const DAY_AGO = NOW - 24 * HOUR;

describe("idle time and auto-stop", () => {
  it("strikes now after twelve idle hours", () => {
    expect(idleness(arm(DAY_AGO), hours(...Array(12).fill(1)))).toEqual({
      hours: 12,
      since: NOW - 12 * HOUR,
      // At the Lambda's next look.
      autoStopAt: NOW + 20 * MINUTE,
    });
  });

  it("counts a five-minute compile: one busy hour starts the count anew", () => {
    const figures = hours(1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 1, 1);
    expect(idleness(arm(DAY_AGO), figures)).toEqual({
      hours: 2,
      since: NOW - 2 * HOUR,
      autoStopAt: NOW + 10 * HOUR + 20 * MINUTE,
    });
  });

  it("does not take a missing hour for an idle one", () => {
    const figures = hours(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, undefined, 1);
    expect(idleness(arm(DAY_AGO), figures)?.hours).toBe(1);
    expect(idleness(arm(DAY_AGO), hours(1, undefined))).toEqual({
      hours: 0,
      since: undefined,
      autoStopAt: NOW + 12 * HOUR + 20 * MINUTE,
    });
  });

  it("never stops a machine just started on yesterday's figures", () => {
    const launchedAt = NOW - 1.5 * HOUR;
    expect(idleness(arm(launchedAt), hours(...Array(12).fill(1)))).toEqual({
      hours: 1,
      since: NOW - HOUR,
      autoStopAt: NOW + 11 * HOUR + 20 * MINUTE,
    });
    expect(idleness(arm(NOW + 60_000), hours(1, 1))?.autoStopAt).toBe(NOW + 13 * HOUR + 20 * MINUTE);
  });

  it("says nothing of a stopped machine, and never threatens the jumpbox", () => {
    expect(idleness(arm(DAY_AGO, "stopped"), hours(1))).toBeUndefined();
    expect(idleness(arm(DAY_AGO), undefined)).toBeUndefined();
    const jumpbox = assemble(story(), OWNER).machines.jumpbox;
    expect(idleness(jumpbox, hours(1, 1))?.autoStopAt).toBeUndefined();
  });

  it("begins anew where work ended, and not before the hour that is not over is quiet", () => {
    const quiet = hours(...Array(12).fill(1));
    // Edited all day under 5 %, and closed the lid half an hour ago.
    expect(idleness(arm(DAY_AGO), quiet, { peak: 1, busyAt: NOW - 30 * MINUTE })).toEqual({
      hours: 0,
      since: NOW - 30 * MINUTE,
      autoStopAt: NOW + 12 * HOUR + 20 * MINUTE,
    });
    expect(idleness(arm(DAY_AGO), quiet, { peak: 1, busyAt: NOW + 10 * MINUTE })?.since).toBeUndefined();
    expect(idleness(arm(DAY_AGO), quiet, { peak: 60, busyAt: undefined })).toEqual({
      hours: 0,
      since: undefined,
      autoStopAt: NOW + 13 * HOUR + 20 * MINUTE,
    });
  });

  it("foretells exactly what the Lambda does at its looks, where nothing happens until then", () => {
    const figure = fc.option(fc.constantFrom(0, 4.99, 5, 80), { nil: undefined });
    fc.assert(
      fc.property(
        fc.array(figure, { minLength: 12, maxLength: 12 }),
        figure,
        fc.integer({ min: 0, max: 20 }),
        fc.option(fc.integer({ min: -900, max: 20 }), { nil: undefined }),
        (maxima, peak, age, busyMinutes) => {
          const launchedAt = NOW - age * HOUR;
          const busyAt = busyMinutes === undefined ? undefined : NOW + busyMinutes * MINUTE;
          const strikes = idleness(arm(launchedAt), hours(...maxima), { peak, busyAt })?.autoStopAt ?? 0;
          const known = [...hours(...maxima), { start: NOW, maximum: peak }].filter((one) => one.maximum !== undefined);
          const peaks = new Map(known.map(({ start, maximum }) => [start, maximum ?? 0]));
          for (let look = NOW + 20 * MINUTE; look < NOW + 20 * HOUR; look += HOUR) {
            // Until then every further hour is an idle one.
            for (let hour = NOW; hour < look; hour += HOUR) if (!peaks.has(hour)) peaks.set(hour, 1);
            const { stop } = verdict({ state: "running", launchedAt, peaks, busyAt }, look, IDLE_HOURS);
            expect([look, stop]).toEqual([look, look >= strikes]);
          }
        },
      ),
    );
  });
});

describe("cost", () => {
  it("adds spot price, volumes and address of a running machine", () => {
    const cost = machineCost(assemble(story(), OWNER).machines["fcvm-metal-arm"], 1.0886);
    expect(cost.instancePerHour).toBe(1.0886);
    expect(cost.belowOnDemand).toBeCloseTo(0.7, 2);
    // Two roots of 300 GB, the temporary and the persistent one, and the idle address.
    expect(cost.stoppedPerMonth).toBeCloseTo(2 * 28.8 + 3.65, 2);
    expect(cost.perHour).toBeCloseTo(1.0886 + (2 * 28.8 + 3.65) / 730, 4);
  });

  it("is honest where the price is not known, and low while stopped", () => {
    const { machines } = assemble(story(), OWNER);
    expect(machineCost(machines["fcvm-metal-arm"], undefined).perHour).toBeUndefined();
    expect(machineCost(machines["fcvm-metal-x86"], undefined).perHour).toBeCloseTo((28.8 + 3.65) / 730, 4);
    expect(machineCost(machines.jumpbox, undefined).instancePerHour).toBe(0.08);
  });

  it("prices volumes by type, size and what was ordered beyond the free part", () => {
    expect(volumePerMonth(volume("vol-0a", { sizeGiB: 100 }))).toBeCloseTo(9.6);
    expect(volumePerMonth(volume("vol-0a", { sizeGiB: 100, iops: 4000, throughput: 225 }))).toBeCloseTo(9.6 + 6 + 4.8);
    expect(volumePerMonth(volume("vol-0a", { type: "gp2", sizeGiB: 10 }))).toBeCloseTo(1.2);
    expect(volumePerMonth(volume("vol-0a", { type: "new", sizeGiB: 10 }))).toBeCloseTo(0.96);
    expect(orphansPerMonth(assemble(story(), OWNER))).toBeCloseTo(28.8);
    expect(dollars(28.8, "month")).toBe("$28.80/month");
    expect(dollars(0.0423, "h")).toBe("$0.042/h");
  });
});
