/** Nothing is deleted or taken off that the question did not name. */

import { afterEach, describe, expect, it } from "vitest";
import { assemble } from "../../../ops/fleet/assemble.ts";
import type { Observation, OwnerValues, Volume } from "../../../ops/fleet/model.ts";
import { decide } from "../../../ops/machine/decide.ts";
import type { SwapGoal } from "../../../ops/machine/decision.ts";
import { guard } from "../../../ops/machine/guard.ts";
import { tagsOf } from "../../../ops/machine/mark.ts";
import { startMachine, swapMachine } from "../../../ops/machine/operations.ts";
import { type World, worldOf } from "../../../ops/machine/world.ts";
import { questionLines } from "../../../ops/operation/deeds.ts";
import type { Question } from "../../../ops/operation/types.ts";
import { EARLIER } from "../../model/accounts.ts";
import { agreedTo } from "../../model/agreements.ts";
import { ANSWERED, UNHEARD, UNSAVED } from "../../model/heard.ts";
import { look, NOW, OWNER } from "../../model/look.ts";
import type { Account } from "../../simulator/ec2/account.ts";
import { idFrom } from "../../simulator/ec2/account.ts";
import { type Simulator, startSimulator } from "../../simulator/simulator.ts";
import { healthyAccount, PERSISTENT, recreatedAccount, STORY_IDS } from "../../simulator/story.ts";
import { runOperation } from "./run-operation.ts";
import { type SimTools, simTools, startFrom } from "./sim-tools.ts";

const ARM = "fcvm-metal-arm";
const OWN = PERSISTENT[ARM].volumeId;
const OLD = STORY_IDS.armTemporaryDisk;
const HOUR = 3_600_000;
const DELETE = agreedTo("delete");
const SNAPSHOT = agreedTo("snapshot");
const MARK = { machine: ARM, replacedBy: OWN, instanceId: STORY_IDS.arm, afterSwap: "delete", at: NOW } as const;

type Change = (seen: Observation) => Observation;

function worldWith(
  account: Account,
  change: Change = (seen) => seen,
  heard = ANSWERED,
  owner = OWNER as OwnerValues,
): World {
  return worldOf(assemble(change(look(account)), owner), ARM, heard);
}

/** The machine is back on its own disk; what came off lies loose, with the mark of the swap. */
function swapped(more: Partial<Volume> = {}, others: readonly Volume[] = []): Change {
  return (seen) => {
    const old = recreated.volumes.find(({ id }) => id === OLD);
    if (!old) throw new Error("the story has no such volume");
    const loose: Volume = { ...old, state: "available", attachments: [], tags: tagsOf(MARK), ...more };
    return { ...seen, volumes: [...seen.volumes, loose, ...others] };
  };
}

const recreated = look(recreatedAccount(NOW));
const healthy = healthyAccount(NOW);

describe("what was agreed to", () => {
  it("is one volume, and no other with the mark of a swap goes with it", () => {
    const earlier = { ...(recreated.volumes.find(({ id }) => id === STORY_IDS.orphan) as Volume), id: EARLIER };
    const world = worldWith(healthy, swapped({}, [{ ...earlier, tags: tagsOf({ ...MARK, at: NOW - HOUR }) }]));
    expect(decide(world, DELETE)).toMatchObject({ act: { kind: "DeleteVolume", volumeId: OLD } });
    const after: World = { ...world, marked: world.marked.filter(({ id }) => id !== OLD) };
    expect(decide(after, DELETE)).toMatchObject({
      kind: "done",
      sentence: expect.stringContaining(`${EARLIER} is kept`),
    });
    expect(guard({ kind: "DeleteVolume", volumeId: EARLIER }, world, DELETE)).toMatchObject({
      sentence: expect.stringContaining("nobody agreed"),
    });
  });

  it("is one root: what was put on by hand in the middle is left on, and named", () => {
    const world = worldWith(recreatedAccount(NOW), undefined, UNHEARD);
    const other: SwapGoal = { ...DELETE, takeOff: "vol-0123456789abcdef0" };
    expect(decide(world, other)).toMatchObject({ kind: "blocked", sentence: expect.stringContaining(OLD) });
    const detach = { kind: "DetachVolume", volumeId: OLD, instanceId: STORY_IDS.arm, device: "/dev/sda1" } as const;
    expect(guard(detach, world, other)).toMatchObject({ sentence: expect.stringContaining("nobody agreed") });
  });

  it("is one machine: another of the name ends every run with a sentence", () => {
    const world = worldWith(recreatedAccount(NOW));
    for (const goal of [DELETE, { kind: "stopped" }, { kind: "running" }, { kind: "reachable" }] as const) {
      const decision = decide(world, { ...goal, instanceId: STORY_IDS.armPredecessor });
      expect(decision).toMatchObject({
        kind: "blocked",
        sentence: expect.stringMatching(new RegExp(`${STORY_IDS.arm}.*${STORY_IDS.armPredecessor}`)),
      });
    }
  });

  it("is one persistent volume: where another is recorded meanwhile, the run ends", () => {
    const elsewhere = worldWith(recreatedAccount(NOW), undefined, UNHEARD, {
      ...OWNER,
      [ARM]: { volumeId: STORY_IDS.orphan, allocationId: undefined },
    });
    expect(decide(elsewhere, DELETE)).toMatchObject({ kind: "blocked", sentence: expect.stringContaining(OWN) });
  });

  it("does not undo a word to keep it that somebody else has written since, and does undo one that the question named", () => {
    const tags = { ...tagsOf(MARK), "snowglobe:keep:other": "" };
    const world = worldWith(healthy, swapped({ tags }));
    expect(decide(world, DELETE)).toMatchObject({ kind: "done", sentence: expect.stringContaining(`${OLD} is kept`) });
    expect(guard({ kind: "DeleteVolume", volumeId: OLD }, world, DELETE)).toBeDefined();
    const over = { ...DELETE, deletions: [{ volumeId: OLD, snapshot: false, over: ["snowglobe:keep:other"] }] };
    expect(decide(world, over)).toMatchObject({ act: { kind: "DeleteVolume" } });
    expect(guard({ kind: "DeleteVolume", volumeId: OLD }, world, over)).toBeUndefined();
  });

  it("is a snapshot first, where it was one: whole, of this agreement, and else the volume is kept", () => {
    const snapshot = (state: "pending" | "completed" | "error", agreement = "snapshot") => ({
      id: "snap-0123456789abcdef0",
      state,
      volumeId: OLD,
      startedAt: NOW,
      sizeGiB: 300,
      description: "",
      tags: { "snowglobe:snapshot-of": OLD, "snowglobe:agreement": agreement },
    });
    const withSnapshots = (...snapshots: ReturnType<typeof snapshot>[]) =>
      worldWith(healthy, (seen) => ({ ...swapped()(seen), snapshots }));
    expect(decide(withSnapshots(), SNAPSHOT)).toMatchObject({ act: { kind: "SnapshotVolume", volumeId: OLD } });
    expect(decide(withSnapshots(snapshot("completed", "older")), SNAPSHOT)).toMatchObject({
      act: { kind: "SnapshotVolume" },
    });
    expect(decide(withSnapshots(snapshot("pending")), SNAPSHOT)).toMatchObject({ kind: "wait", step: "snapshot" });
    expect(decide(withSnapshots(snapshot("error")), SNAPSHOT)).toMatchObject({ kind: "done" });
    expect(decide(withSnapshots(snapshot("completed")), SNAPSHOT)).toMatchObject({ act: { kind: "DeleteVolume" } });
    expect(guard({ kind: "DeleteVolume", volumeId: OLD }, withSnapshots(snapshot("pending")), SNAPSHOT)).toBeDefined();
    expect(decide(worldWith(healthy, swapped(), UNSAVED), SNAPSHOT)).toMatchObject({
      kind: "done",
      sentence: expect.stringMatching(/is kept, as no snapshot could be taken/),
    });
  });
});

describe("over HTTP", () => {
  const SPEED = 60;
  let ends: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const end of ends.reverse()) await end();
    ends = [];
  });

  async function stage(story?: (now: number) => Account): Promise<{ simulator: Simulator; tools: SimTools }> {
    const simulator = await startSimulator({ speed: SPEED, ...(story ? { story } : {}) });
    const tools = simTools(startFrom(simulator.signedInEnv, SPEED));
    ends.push(() => simulator.stop(), tools.close);
    return { simulator, tools };
  }

  const older =
    (hours: number, change: Partial<Account["volumes"][string]> = {}) =>
    (now: number) => {
      const account = recreatedAccount(now);
      const root = account.volumes[OLD];
      if (!root?.attachment) throw new Error("the story has no such root");
      const createdAt = now - hours * HOUR;
      const attachment = { ...root.attachment, attachedAt: createdAt };
      return { ...account, volumes: { ...account.volumes, [OLD]: { ...root, createdAt, attachment, ...change } } };
    };
  const linesOf = (question: Question | undefined) => (question ? questionLines(question).join("\n") : "");
  const choice = (question: Question | undefined) =>
    question?.kind === "choose" ? question.choices.map(({ id }) => id) : question?.kind;

  it("keeps the volume where one window says keep and another delete, whichever comes first", async () => {
    for (const order of [
      ["keep", "delete"],
      ["delete", "keep"],
    ]) {
      const { simulator, tools } = await stage(older(30));
      const both = await Promise.all(order.map((word) => runOperation(swapMachine(ARM, tools), tools, () => word)));
      for (const { outcome } of both) expect(outcome.status).toBe("done");
      expect(simulator.account().volumes[OLD]?.state).toBe("available");
    }
  });

  it("leaves a snapshot, named and priced in the question, of what held data for more than an hour", async () => {
    const { simulator, tools } = await stage(older(3));
    const { outcome, questions } = await runOperation(swapMachine(ARM, tools), tools);
    expect(choice(questions[0])).toEqual(["cancel", "snapshot", "keep", "delete"]);
    expect(linesOf(questions[0])).toContain(`Snapshot ${OLD}`);
    expect(linesOf(questions[0])).toContain(`"${ARM}: ${OLD} before its deletion", at most $16.50/month`);
    const [snapshot] = Object.values(simulator.account().snapshots);
    expect(snapshot).toMatchObject({ volumeId: OLD, state: "completed", tags: { Name: expect.stringContaining(OLD) } });
    expect(outcome).toMatchObject({ status: "done", sentence: expect.stringContaining(snapshot?.id ?? "?") });
    const writes = simulator.calls.map((call) => call.operation).filter((name) => /^(Start|Create|Delete)/.test(name));
    // Begun while the machine comes up, and whole before anything is deleted.
    expect(writes).toEqual(["CreateTags", "StartInstances", "CreateSnapshot", "DeleteVolume"]);
  });

  it("deletes without a snapshot only where the person said so", async () => {
    const { simulator, tools } = await stage(older(3));
    await runOperation(swapMachine(ARM, tools), tools, () => "delete");
    expect(Object.values(simulator.account().snapshots)).toEqual([]);
    expect(simulator.account().volumes[OLD]?.state ?? "deleting").toBe("deleting");
  });

  it("keeps the volume, and says why, where no snapshot of it can be taken", async () => {
    const { simulator, tools } = await stage(older(3));
    simulator.faults.add({ kind: "error", operation: "CreateSnapshot", code: "UnauthorizedOperation", message: "no" });
    const { outcome } = await runOperation(swapMachine(ARM, tools), tools);
    expect(outcome).toMatchObject({ status: "done", sentence: expect.stringContaining("no snapshot could be taken") });
    expect(simulator.account().volumes[OLD]?.state).toBe("available");
  });

  it("keeps what was restored from a backup, and says where it comes from", async () => {
    const backup = idFrom("snap", "backup");
    const story = (now: number): Account => ({
      ...older(0, { snapshotId: backup })(now),
      snapshots: {
        [backup]: {
          id: backup,
          volumeId: OWN,
          state: "completed",
          sizeGiB: 300,
          description: "This snapshot is created by the AWS Backup service.",
          startedAt: Date.UTC(2026, 0, 3),
          tags: {},
        },
      },
    });
    const { simulator, tools } = await stage(story);
    const { questions } = await runOperation(swapMachine(ARM, tools), tools);
    expect(choice(questions[0])).toEqual(["cancel", "keep", "snapshot", "delete"]);
    expect(linesOf(questions[0])).toContain(`restored from the backup ${backup} of 2026-01-03, taken of ${OWN}`);
    expect(simulator.account().volumes[OLD]?.state).toBe("available");
  });

  it("does nothing to a machine that takes the name while the question stands", async () => {
    const { simulator, tools } = await stage();
    const { outcome } = await runOperation(swapMachine(ARM, tools), tools, () => {
      simulator.apply({ name: "TerminateInstances", instanceIds: [STORY_IDS.arm] });
      const request = simulator.account().spotRequests[STORY_IDS.armRequest];
      simulator.apply({
        name: "RunInstances",
        imageId: request?.launch.imageId ?? "",
        type: "c7gd.metal",
        count: 1,
        tags: { instance: { Name: ARM } },
      });
      return "yes";
    });
    expect(outcome).toMatchObject({ status: "blocked", sentence: expect.stringContaining(STORY_IDS.arm) });
    expect(simulator.calls.some((call) => /^(Create|Stop|Detach|Delete)/.test(call.operation))).toBe(false);
    // Until then a start waits for it, which is another end.
    const named = () => Object.values(simulator.account().instances).filter(({ tags }) => tags.Name === ARM);
    await expect.poll(() => named().map(({ state }) => state)).toContain("running");
    const { outcome: started } = await runOperation(startMachine(ARM, tools), tools);
    expect(started.status).toBe("nothing-to-do");
  });
});
