import { describe, expect, it } from "vitest";
import { type Failure, FailureError } from "../../../ops/failure.ts";
import type { Observation, OwnerValues } from "../../../ops/fleet/model.ts";
import { shownIn, TABLE_OF, TABLES, type Table } from "../../../ops/fleet/parts.ts";
import { createFleetCore } from "../../../ops/fleet/refresh.ts";
import type { LookStore, StoredLook } from "../../../ops/fleet/stored.ts";
import { fakeClock } from "../fake-clock.ts";
import { fakeSignIn, SIGNED_OUT } from "../fake-sign-in.ts";
import { instance, OWNER, story } from "./fixtures.ts";

const THROTTLED: Failure = { kind: "throttled", sentence: "AWS is being asked too often." };

function setUp(stored?: StoredLook) {
  const clock = fakeClock();
  const signIn = fakeSignIn();
  const looks: number[] = [];
  const saved: StoredLook[] = [];
  const asked: (readonly Table[])[] = [];
  const world: { observation: Observation; failure: Failure | undefined; owner: OwnerValues | Failure; lasts: number } =
    {
      observation: story(),
      failure: undefined,
      owner: OWNER,
      lasts: 0,
    };
  const store: LookStore = {
    load: async () => stored,
    save: (look) => {
      saved.push(look);
    },
    flush: async () => {},
  };
  const core = createFleetCore(
    clock,
    signIn,
    {
      observe: async (signal, tables) => {
        looks.push(clock.now());
        asked.push(tables);
        if (world.lasts) await clock.sleep(world.lasts, signal);
        if (world.failure) throw new FailureError(world.failure);
        // As fresh from the wire: equal, never identical.
        const parts = Object.fromEntries(tables.map((table) => [table, world.observation[table]]));
        return structuredClone({ ...parts, at: clock.now() });
      },
      glance: async (subject, signal) => {
        asked.push([TABLE_OF[subject.kind]]);
        if (world.lasts) await clock.sleep(world.lasts, signal);
        return { seen: shownIn(world.observation, subject), at: clock.now() };
      },
      owner: async () => {
        if ("sentence" in world.owner) throw new FailureError(world.owner as Failure);
        return world.owner as OwnerValues;
      },
    },
    store,
    () => 1,
  );
  const start = clock.now();
  return { clock, signIn, core, world, saved, asked, seconds: () => looks.map((at) => (at - start) / 1000) };
}

const moving = () => story({ instances: [instance("jumpbox", "i-0a", { state: "stopping" })] });

describe("the refresh loop", () => {
  it("looks every 5 s at rest, every second at what moves, and at everything as soon as it has moved", async () => {
    const { clock, core, world, asked, seconds } = setUp();
    core.start();
    await clock.advance(10_000);
    world.observation = moving();
    await clock.advance(8_000);
    world.observation = story();
    await clock.advance(7_000);
    core.stop();
    expect(seconds()).toEqual([0, 5, 10, 15, 16, 17, 18, 19, 19.25, 24.25]);
    const parts = asked.map((tables) => tables.join());
    expect(parts).toEqual([
      ...Array(4).fill(TABLES.join()),
      ...Array(4).fill("instances"),
      ...Array(2).fill(TABLES.join()),
    ]);
  });

  it("looks at everything every 5 s also while something moves, and when asked", async () => {
    const { clock, core, world, asked, seconds } = setUp();
    world.observation = moving();
    core.start();
    await clock.advance(7_500);
    await core.refresh();
    core.stop();
    const whole = seconds().filter((_, index) => asked[index]?.length === TABLES.length);
    expect(whole).toEqual([0, 5, 7.5]);
    expect(seconds()).toHaveLength(9);
  });

  it("goes on looking where somebody sets the clock back an hour", async () => {
    const { clock, core, seconds } = setUp();
    core.start();
    await clock.advance(6_000);
    expect(seconds()).toHaveLength(2);
    clock.setBack(3_600_000);
    await clock.advance(10_000);
    core.stop();
    expect(seconds()).toHaveLength(4);
  });

  it("counts from the beginning of a look, and never has two under way", async () => {
    const { clock, core, world, seconds } = setUp();
    world.lasts = 2_000;
    core.start();
    await clock.advance(500);
    const both = [core.refresh(), core.refresh()];
    await clock.advance(6_000);
    await Promise.all(both);
    core.stop();
    expect(seconds()).toEqual([0, 5]);
  });

  it("looks when asked, and puts the next look off by that", async () => {
    const { clock, core, seconds } = setUp();
    core.start();
    await clock.advance(3_000);
    await core.refresh();
    await clock.advance(5_000);
    core.stop();
    expect(seconds()).toEqual([0, 3, 8]);
  });

  it("backs off to a minute when throttled, keeps the last fleet, and is back at once", async () => {
    const { clock, core, world, seconds } = setUp();
    core.start();
    await clock.advance(1_000);
    world.failure = THROTTLED;
    await clock.advance(215_000);
    expect(seconds()).toEqual([0, 5, 10, 20, 40, 80, 140, 200]);
    expect(core.get().failure).toEqual(THROTTLED);
    expect(core.get().source).toBe("live");
    expect(core.get().fleet).toBeDefined();
    world.failure = undefined;
    await clock.advance(54_000);
    core.stop();
    expect(seconds().slice(8)).toEqual([260, 265, 270]);
    expect(core.get().failure).toBeUndefined();
  });

  it("stands still while signed out and looks at once after the sign-in", async () => {
    const { clock, core, signIn, seconds } = setUp();
    core.start();
    await clock.advance(1_000);
    signIn.expire();
    await clock.advance(60_000);
    expect(seconds()).toEqual([0]);
    expect(core.get().nextAt).toBeUndefined();
    signIn.signInAgain();
    await clock.settle();
    core.stop();
    expect(seconds()).toEqual([0, 61]);
  });

  it("tells sign-in when AWS refuses the session", async () => {
    const { clock, core, signIn, world } = setUp();
    world.failure = SIGNED_OUT;
    core.start();
    await clock.advance(100);
    core.stop();
    expect(signIn.refusals).toEqual([SIGNED_OUT]);
    expect(core.get().failure).toEqual(SIGNED_OUT);
  });

  it("paints the stored look first, marked as such", async () => {
    const { clock, core, signIn, saved } = setUp({ observation: story({ at: 5 }), owner: OWNER });
    signIn.expire();
    core.start();
    await clock.settle();
    expect(core.get()).toMatchObject({ source: "stored", fleet: { observation: { at: 5 } } });
    signIn.signInAgain();
    await clock.settle();
    core.stop();
    expect(core.get().source).toBe("live");
    expect(saved).toHaveLength(1);
  });

  it("keeps the reference of every part that did not change", async () => {
    const { clock, core, world } = setUp();
    core.start();
    await clock.advance(1_000);
    const before = core.get().fleet;
    world.observation = story({
      instances: story().instances.map((one) => (one.id === "i-0c" ? { ...one, state: "pending" } : one)),
    });
    await clock.advance(5_000);
    core.stop();
    const after = core.get().fleet;
    expect(after).not.toBe(before);
    expect(after?.machines.jumpbox).toBe(before?.machines.jumpbox);
    expect(after?.machines["fcvm-metal-arm"]).toBe(before?.machines["fcvm-metal-arm"]);
    expect(after?.machines["fcvm-metal-x86"]).not.toBe(before?.machines["fcvm-metal-x86"]);
    expect(after?.orphans).toBe(before?.orphans);
    expect(after?.protectedVolumeIds).toBe(before?.protectedVolumeIds);
  });

  it("goes on with the last good owner's values, and shows nothing unprotected without any", async () => {
    const broken: Failure = { kind: "malformed", sentence: "terraform.tfvars, line 3: no." };
    const one = setUp();
    one.world.owner = broken;
    await one.core.refresh();
    expect(one.core.get()).toMatchObject({ fleet: undefined, failure: broken });
    one.world.owner = OWNER;
    await one.core.refresh();
    one.world.owner = broken;
    await one.core.refresh();
    expect(one.core.get().failure).toEqual(broken);
    expect(one.core.get().fleet?.protectedVolumeIds.size).toBe(2);
  });

  it("shows at once what an operation looked at, and does not ask twice", async () => {
    const { clock, core, world, seconds } = setUp();
    core.start();
    await clock.advance(4_000);
    world.observation = moving();
    const fleet = await core.look();
    expect(core.get().fleet).toBe(fleet);
    await clock.advance(2_500);
    core.stop();
    expect(seconds()).toEqual([0, 4, 5, 6]);
  });

  it("never joins an operation's look to an earlier one, and keeps what the later one saw", async () => {
    const { clock, core, world } = setUp();
    world.lasts = 2_000;
    const slow = core.refresh();
    await clock.advance(1_000);
    world.lasts = 0;
    const fleet = await core.look();
    world.observation = moving();
    await clock.advance(2_000);
    await slow;
    expect(core.get().fleet).toBe(fleet);
    expect(core.get().refreshing).toBe(false);
  });

  it("asks for a part where only that is wanted, shows it with the rest as it was, and puts no whole look off", async () => {
    const { clock, core, world, asked, seconds } = setUp();
    core.start();
    await clock.advance(4_000);
    const before = core.get().fleet?.observation;
    world.observation = moving();
    const { observation } = await core.look(undefined, ["volumes"]);
    expect(observation.instances).toBe(before?.instances);
    const glanced = await core.glance({ kind: "instance", id: "i-0a" }, new AbortController().signal);
    expect(glanced.machines.jumpbox.instance?.state).toBe("stopping");
    expect(core.get().fleet).toBe(glanced);
    await clock.advance(1_500);
    core.stop();
    expect(asked).toEqual([TABLES, ["volumes"], ["instances"], TABLES]);
    expect(seconds()).toEqual([0, 4, 5]);
  });

  it("keeps what was read while a glance was on its way", async () => {
    const { clock, core, world } = setUp();
    await core.look();
    world.lasts = 2_000;
    const slow = core.glance({ kind: "instance", id: "i-0a" }, new AbortController().signal);
    await clock.advance(1_000);
    world.lasts = 0;
    const fleet = await core.look();
    world.observation = moving();
    await clock.advance(2_000);
    expect((await slow).observation.instances).toBe(fleet.observation.instances);
  });

  it("lets no operation go by old owner's values", async () => {
    const { core, world } = setUp();
    await core.look();
    world.owner = { kind: "malformed", sentence: "terraform.tfvars, line 3: no." };
    await expect(core.look()).rejects.toThrow("line 3");
  });

  it("holds nothing open after stop, and may be started again", async () => {
    const { clock, core, seconds } = setUp();
    core.start();
    core.start();
    await clock.advance(1_000);
    core.stop();
    await clock.advance(20_000);
    expect(clock.sleeping()).toEqual([]);
    core.start();
    await clock.advance(1_000);
    core.stop();
    await clock.settle();
    expect(seconds()).toEqual([0, 21]);
    expect(clock.sleeping()).toEqual([]);
  });
});
