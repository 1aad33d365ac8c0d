/** The account in time: transitions exactly when due, alarms, stale reads, and clocks that run fast or stand still. */

import { describe, expect, it } from "vitest";
import { simClock } from "./clock.ts";
import { credentialBook } from "./credentials.ts";
import { dueOf, LATENCIES } from "./latencies.ts";
import { healthyAccount, STORY_IDS as ID, recreatedAccount, tfvarsText } from "./story.ts";
import { world } from "./world.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");

describe("the clock", () => {
  it("stands still, is moved, and rings what became due in its order", () => {
    const clock = simClock(NOW, 0);
    const rung: string[] = [];
    clock.at(NOW + 2_000, () => rung.push("second"));
    clock.at(NOW + 1_000, () => rung.push("first"));
    clock.at(NOW + 1_500, () => rung.push("cancelled"))();
    clock.at(NOW + 9_000, () => rung.push("later"));
    expect(clock.now()).toBe(NOW);
    clock.advance(2_000);
    expect(rung).toEqual(["first", "second"]);
    clock.stop();
  });

  it("runs as fast as it is told", async () => {
    const clock = simClock(NOW, 1_000_000);
    await new Promise<void>((resolve) => clock.at(NOW + 3_600_000, resolve));
    expect(clock.now()).toBeGreaterThanOrEqual(NOW + 3_600_000);
    clock.setSpeed(0);
    const still = clock.now();
    expect(clock.now()).toBe(still);
    clock.stop();
  });
});

describe("the world", () => {
  const stopArm = { name: "StopInstances", instanceIds: [ID.arm] } as const;

  it("shows each transition exactly when it is due, seen or not", () => {
    const clock = simClock(NOW, 0);
    const sim = world(recreatedAccount(NOW), clock);
    sim.apply(stopArm);
    const stop = sim.account().pending[`stop:${ID.arm}`];
    if (!stop) throw new Error("nothing is stopping");
    const takes = sim.dueOf(stop) - NOW;
    expect(takes).toBeGreaterThanOrEqual(LATENCIES.stop[0]);
    expect(takes).toBeLessThanOrEqual(LATENCIES.stop[1]);
    clock.advance(takes - 1);
    expect(sim.account().instances[ID.arm]?.state).toBe("stopping");
    clock.advance(1);
    expect(sim.account().instances[ID.arm]).toMatchObject({ state: "stopped", endedAt: NOW + takes });
    expect(sim.account().spotRequests[ID.armRequest]?.state).toBe("active");
    // The next one in the chain counts from when the first was due, not from when somebody looked.
    clock.advance(3_600_000);
    const statusAt = sim.account().spotRequests[ID.armRequest]?.statusAt ?? 0;
    expect(statusAt - (NOW + takes)).toBeLessThanOrEqual(LATENCIES.release[1]);
    clock.stop();
  });

  it("tells every change as it happens, and of itself when time goes by", async () => {
    const clock = simClock(NOW, 10_000);
    const sim = world(recreatedAccount(NOW), clock);
    const seen: string[] = [];
    const released = new Promise<void>((resolve) => {
      sim.onChange((account) => {
        seen.push(`${account.instances[ID.arm]?.state} ${account.spotRequests[ID.armRequest]?.state}`);
        if (account.spotRequests[ID.armRequest]?.state === "disabled") resolve();
      });
    });
    sim.apply(stopArm);
    await released;
    expect(seen).toEqual(["stopping active", "stopped active", "stopped disabled"]);
    clock.stop();
  });

  it("keeps trying to restart without end, but never spins, when every latency is nothing", () => {
    const clock = simClock(NOW, 0);
    const sim = world(healthyAccount(NOW), clock, 0);
    sim.happen({ name: "lose-spot-capacity", type: "c7gd.metal" });
    sim.happen({ name: "stop-by-ec2", instanceId: ID.arm });
    clock.advance(60_000);
    expect(sim.account().spotRequests[ID.armRequest]?.statusCode).toBe("capacity-not-available");
    sim.happen({ name: "regain-spot-capacity", type: "c7gd.metal" });
    clock.advance(1_000);
    expect(sim.account().instances[ID.arm]?.state).toBe("running");
    clock.stop();
  });

  it("forgets a terminated instance an hour after, however short the other latencies", () => {
    const clock = simClock(NOW, 0);
    const sim = world(recreatedAccount(NOW), clock, 0);
    expect(sim.account().instances[ID.armPredecessor]?.state).toBe("terminated");
    clock.advance(46 * 60_000);
    expect(sim.account().instances[ID.armPredecessor]).toBeUndefined();
    clock.stop();
  });

  it("can be scaled", () => {
    const account = world(recreatedAccount(NOW), simClock(NOW, 0)).account();
    const pending = { id: `stop:${ID.arm}`, kind: "stop", subject: ID.arm, since: NOW } as const;
    const whole = dueOf(account, pending, 1) - NOW;
    expect(dueOf(account, pending, 0.1) - NOW).toBe(Math.round(whole * 0.1));
    expect(dueOf(account, pending, 0)).toBe(NOW);
  });
});

it("knows its own keys, and when they end", () => {
  const clock = simClock(NOW, 0);
  const book = credentialBook(clock);
  const keys = book.issue(3_600_000, "Admin");
  expect(keys.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
  expect([book.look(keys.accessKeyId), book.look("AKIA"), book.roleOf(keys.accessKeyId)]).toEqual([
    "good",
    "unknown",
    "Admin",
  ]);
  clock.advance(3_600_000);
  expect(book.look(keys.accessKeyId)).toBe("expired");
  clock.stop();
});

it("writes the owner's values as terraform.tfvars has them", () => {
  expect(tfvarsText()).toBe(`persistent_roots = {
  fcvm-metal-arm = { volume = "vol-09e5c3cee32bb67dc", address = "eipalloc-034a515771765d101" }
  fcvm-metal-x86 = { volume = "vol-071f114b67441e776", address = "eipalloc-0173c9b5e3d294cc5" }
}
`);
});
