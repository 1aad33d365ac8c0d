import { describe, expect, it } from "vitest";
import { ACTIONS } from "../../../ops/actions.ts";
import { assemble } from "../../../ops/fleet/assemble.ts";
import type { Observation, Volume } from "../../../ops/fleet/model.ts";
import { decide } from "../../../ops/machine/decide.ts";
import type { SwapGoal } from "../../../ops/machine/decision.ts";
import { guard } from "../../../ops/machine/guard.ts";
import { defaultAfterSwap, markOf, tagsOf } from "../../../ops/machine/mark.ts";
import type { Origin } from "../../../ops/machine/origin.ts";
import { planSwap, safestSwap } from "../../../ops/machine/swap-plan.ts";
import { unfinishedSwaps } from "../../../ops/machine/unfinished.ts";
import { type World, worldOf } from "../../../ops/machine/world.ts";
import { agreedTo } from "../../model/agreements.ts";
import { look, NOW, OWNER } from "../../model/look.ts";
import type { Account } from "../../simulator/ec2/account.ts";
import { healthyAccount, PERSISTENT, recreatedAccount, STORY_IDS } from "../../simulator/story.ts";

const ARM = "fcvm-metal-arm";
const OWN = PERSISTENT[ARM].volumeId;
const OLD = STORY_IDS.armTemporaryDisk;
const DAY = 86_400_000;
const SWAP: SwapGoal = { ...agreedTo("delete"), cancel: [] };
const FROM_IMAGE: Origin = { kind: "image" };

function worldWith(change: (seen: Observation) => Observation = (seen) => seen, account?: Account): World {
  return worldOf(assemble(change(look(account ?? recreatedAccount(NOW))), OWNER), ARM);
}

function withVolume(id: string, change: Partial<Volume>): (seen: Observation) => Observation {
  return (seen) => ({
    ...seen,
    volumes: seen.volumes.map((volume) => (volume.id === id ? { ...volume, ...change } : volume)),
  });
}

const attachedRoot = () => {
  const [attachment] = look(healthyAccount(NOW)).volumes.find(({ id }) => id === OWN)?.attachments ?? [];
  if (!attachment) throw new Error("the disk is not attached");
  return attachment;
};

const MARK = { machine: ARM, replacedBy: OWN, instanceId: STORY_IDS.arm, afterSwap: "delete", at: NOW } as const;

describe("whose volume it is", () => {
  it.each([
    ["another machine's tag", { "snowglobe:persistent": "fcvm-metal-x86" }, "fcvm-metal-x86"],
    ["another machine's mark", { "snowglobe:machine": "jumpbox" }, "jumpbox"],
    ["another architecture", { "snowglobe:architecture": "x86_64" }, "x86_64"],
  ])("is refused by %s", (_why, tags, word) => {
    const decision = decide(worldWith(withVolume(OWN, { tags })), SWAP);
    expect(decision).toMatchObject({ kind: "blocked", sentence: expect.stringContaining(word) });
  });

  it("is refused where the machine is not of its own architecture", () => {
    const world = worldWith((seen) => ({
      ...seen,
      instances: seen.instances.map((one) => (one.id === STORY_IDS.arm ? { ...one, architecture: "x86_64" } : one)),
    }));
    expect(decide(world, SWAP)).toMatchObject({ kind: "blocked" });
  });

  it("is refused as a second disk beside another root", () => {
    const attachment = {
      volumeId: OWN,
      instanceId: STORY_IDS.arm,
      device: "/dev/sdf",
      state: "attached",
      attachedAt: NOW,
      deleteOnTermination: false,
    } as const;
    const world = worldWith(withVolume(OWN, { state: "in-use", attachments: [attachment] }));
    expect(decide(world, SWAP)).toMatchObject({ kind: "blocked", sentence: expect.stringContaining("/dev/sdf") });
  });

  it("never takes off a root that is protected", () => {
    const world = worldWith(withVolume(OLD, { tags: { "snowglobe:persistent": "jumpbox" } }));
    expect(decide(world, SWAP)).toMatchObject({ kind: "blocked", sentence: expect.stringContaining("protected") });
  });
});

describe("the spot request", () => {
  it("is not believed to be released where that is from before the last start", () => {
    const world = worldWith((seen) => ({
      ...seen,
      instances: seen.instances.map((one) =>
        one.id === STORY_IDS.arm ? { ...one, state: "stopped" as const, launchedAt: NOW } : one,
      ),
      spotRequests: seen.spotRequests.map((one) =>
        one.id === STORY_IDS.armRequest
          ? { ...one, state: "disabled" as const, statusCode: "instance-stopped-by-user", statusAt: NOW - DAY }
          : one,
      ),
    }));
    const marked = { ...world, roots: world.roots.map((root) => ({ ...root, tags: tagsOf(MARK) })) };
    expect(decide(marked, SWAP)).toMatchObject({ kind: "wait", step: "release" });
  });

  it("is told with what was written on the temporary disk, and more than a little of that is kept", () => {
    const world = worldWith(undefined, recreatedAccount(NOW));
    const image = { [STORY_IDS.armTemporaryDisk]: { kind: "image" } as const };
    const of = (files: number) => planSwap(world, image, { files, bytes: 3 * 2 ** 20, atLeast: false });
    expect(of(10).fate).not.toBe("keep");
    expect(of(11)).toMatchObject({ fate: "keep", asksFate: true });
    expect(of(11).lines.join("\n")).toMatch(/Written under \/home on vol-\w+ since it came up: 11 files, 3 MiB/);
    expect(of(0).lines.join("\n")).toMatch(/Nothing was written/);
    expect(planSwap(world, image).lines.join("\n")).not.toMatch(/written/i);
    expect(of(0).lines.join("\n")).toMatch(/first boot of your disk under i-\w+ .* may renew the SSH host keys/);
  });

  it("of a disk that would be deleted with its machine is one thing, named, and to be had while all else is well", () => {
    const root = { ...attachedRoot(), deleteOnTermination: true };
    const healthy = (seen: Observation) => withVolume(OWN, { attachments: [root] })(seen);
    const fleet = assemble(healthy(look(healthyAccount(NOW))), OWNER);
    const world = worldOf(fleet, ARM);
    expect(decide(world, safestSwap(world))).toMatchObject({ act: { kind: "ClearDeleteOnTermination" } });
    const plan = planSwap(world, {});
    expect(plan.deeds.map(({ act, object }) => `${act} ${object}`)).toEqual([`Protect ${OWN}`]);
    expect(plan.lines).toEqual(["It goes on running meanwhile; your disk is never deleted."]);
    expect(ACTIONS.swap.scope === "machine" && ACTIONS.swap.notNow?.(fleet.machines[ARM])).toBeUndefined();
    const kept = assemble(look(healthyAccount(NOW)), OWNER).machines[ARM];
    expect(ACTIONS.swap.scope === "machine" && ACTIONS.swap.notNow?.(kept)).toContain("on your disk already");
  });

  it("where no disk is recorded names the root that apply would record, for it may be the wrong one", () => {
    const world = worldOf(assemble(withVolume(OWN, { tags: {} })(look(recreatedAccount(NOW))), {}), ARM);
    expect(decide(world, SWAP)).toMatchObject({
      kind: "blocked",
      next: expect.stringMatching(new RegExp(`If your data is on ${OLD}, .*If not, .* persistent_roots`)),
    });
  });

  it("of a predecessor is found by its type when nothing else is left of it, and cancelled only if agreed", () => {
    const account = recreatedAccount(NOW);
    const request = account.spotRequests[STORY_IDS.armPredecessorRequest];
    const { [STORY_IDS.armPredecessor]: _gone, ...instances } = account.instances;
    if (!request) throw new Error("no such request");
    const open = { ...request, state: "open" as const, statusCode: "capacity-not-available", instanceId: undefined };
    const world = worldWith(undefined, {
      ...account,
      instances,
      spotRequests: { ...account.spotRequests, [open.id]: open },
    });
    expect(planSwap(world, {}).cancel).toEqual([open.id]);
    expect(decide(world, SWAP)).not.toMatchObject({ act: { kind: "CancelSpotRequest" } });
    expect(decide(world, { ...SWAP, cancel: [open.id] })).toMatchObject({
      act: { kind: "CancelSpotRequest", requestId: open.id },
    });
    expect(
      guard({ kind: "CancelSpotRequest", requestId: STORY_IDS.armRequest }, world, {
        ...SWAP,
        cancel: [STORY_IDS.armRequest],
      }),
    ).toBeDefined();
  });
});

describe("what becomes of the temporary disk", () => {
  const instance = worldWith().instance;
  const root = worldWith().roots[0];
  if (!instance || !root) throw new Error("the story has no such machine");

  it("is deletion by default within its first day only", () => {
    expect(defaultAfterSwap(root, instance, NOW, FROM_IMAGE)).toBe("delete");
    expect(defaultAfterSwap(root, instance, NOW + DAY, FROM_IMAGE)).toBe("keep");
  });

  it("is to be kept where it was not made with the machine", () => {
    expect(defaultAfterSwap({ ...root, createdAt: NOW - 90 * DAY }, instance, NOW, FROM_IMAGE)).toBe("keep");
  });

  it("is to be kept where it did not come from the image, however young it is: a restore is somebody's data", () => {
    for (const origin of [
      { kind: "snapshot", id: "snap-0b", snapshot: undefined },
      { kind: "empty" },
      { kind: "unknown" },
    ] as const) {
      expect(defaultAfterSwap(root, instance, NOW, origin)).toBe("keep");
    }
  });

  it("survives a crash in the mark, for a day", () => {
    const off = { ...root, state: "available" as const, attachments: [], tags: tagsOf(MARK) };
    expect(defaultAfterSwap(off, instance, NOW + DAY / 2, FROM_IMAGE)).toBe("delete");
    expect(defaultAfterSwap(off, instance, NOW + 2 * DAY, FROM_IMAGE)).toBe("keep");
    const kept = { ...off, tags: tagsOf({ ...MARK, afterSwap: "keep" }) };
    expect(defaultAfterSwap(kept, instance, NOW, FROM_IMAGE)).toBe("keep");
    const keptLater = { ...off, tags: { ...off.tags, "snowglobe:keep": "" } };
    expect(defaultAfterSwap(keptLater, instance, NOW, FROM_IMAGE)).toBe("keep");
  });

  it("is known from whole marks only", () => {
    const tags = tagsOf(MARK);
    expect(markOf({ tags })).toEqual(MARK);
    for (const key of Object.keys(tags)) {
      expect(markOf({ tags: { ...tags, [key]: "" } })).toBeUndefined();
    }
  });
});

describe("a swap that was begun", () => {
  const seen = look(recreatedAccount(NOW));
  const marked = withVolume(OLD, { tags: tagsOf(MARK) });
  const sentences = (change: (seen: Observation) => Observation) =>
    unfinishedSwaps(assemble(change(seen), OWNER)).map(({ sentence }) => sentence);

  it("is recognised by its mark, its missing root, or what is left of it", () => {
    expect(sentences((one) => one)).toEqual([]);
    expect(sentences(marked)).toEqual([expect.stringContaining("half done")]);
    const rootless = (one: Observation): Observation => ({
      ...withVolume(OLD, { state: "available", attachments: [], tags: tagsOf(MARK) })(one),
      instances: one.instances.map((machine) =>
        machine.id === STORY_IDS.arm ? { ...machine, state: "stopped", blockDevices: [] } : machine,
      ),
    });
    expect(sentences(rootless)).toEqual([expect.stringContaining("no root volume")]);
  });
});
