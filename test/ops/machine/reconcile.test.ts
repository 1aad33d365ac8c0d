import { describe, expect, it } from "vitest";
import { explain } from "../../../ops/aws/errors.ts";
import { FailureError } from "../../../ops/failure.ts";
import { TABLES } from "../../../ops/fleet/parts.ts";
import { startMachine, stopMachine, swapMachine } from "../../../ops/machine/operations.ts";
import type { MachineTools } from "../../../ops/machine/tools.ts";
import { startRun } from "../../../ops/operation/run.ts";
import type { Operation } from "../../../ops/operation/types.ts";
import { eyes } from "../../model/eyes.ts";
import { allAt, OWNER, viewOf } from "../../model/look.ts";
import { callOf } from "../../model/player.ts";
import type { Account } from "../../simulator/ec2/account.ts";
import { happens } from "../../simulator/ec2/happenings.ts";
import { apply } from "../../simulator/ec2/rules.ts";
import { settle } from "../../simulator/ec2/settle.ts";
import { FAILED_STARTS } from "../../simulator/ec2/transitions.ts";
import { PERSISTENT, recreatedAccount, STORY_IDS } from "../../simulator/story.ts";
import { yes } from "./run-operation.ts";

const ARM = "fcvm-metal-arm";
const START = Date.UTC(2026, 0, 15, 12);

/** Tools on an account in which only `moves` happen by themselves, and a clock that a sleep moves on. */
function stage(
  moves: (kind: string) => boolean,
  more: Partial<MachineTools> = {},
  begin: (story: Account) => Account = (story) => story,
) {
  let now = START;
  let account: Account = begin(recreatedAccount(START));
  const acts: string[] = [];
  const undone = new Set<string>();
  const view = () => viewOf(allAt(account), now);
  const seeing = eyes(view, OWNER);
  const asked: string[] = [];
  const tools: MachineTools = {
    clock: {
      now: () => now,
      monotonic: () => now,
      sleep: async (ms, signal) => {
        signal?.throwIfAborted();
        now += ms;
        for (const { id, kind } of Object.values(account.pending)) {
          account = moves(kind)
            ? settle(account, id, now)
            : undone.has(kind)
              ? happens(account, { name: "take-back", pendingId: id }, now)
              : account;
        }
      },
    },
    origins: async (_instance, volumes) => Object.fromEntries(volumes.map(({ id }) => [id, { kind: "image" }])),
    look: async (signal, snapshotsOf, tables = TABLES) => {
      now += 50;
      asked.push(...tables);
      return seeing.look(signal, snapshotsOf, tables);
    },
    glance: async (subject, signal) => {
      now += 20;
      asked.push(subject.kind);
      return seeing.glance(subject, signal);
    },
    act: async (act) => {
      const outcome = apply(account, callOf(act), now);
      if (outcome.error)
        throw Object.assign(new Error(outcome.error.message), { name: outcome.error.code, $fault: "client" });
      account = outcome.account;
      acts.push(act.kind);
      return "yes";
    },
    explain,
    askSsh: async () => ({ status: "answered", hostname: ARM, lines: [ARM] }),
    buildThere: async () => undefined,
    writtenThere: async () => undefined,
    forgetHostKeys: async () => {},
    spotPerHour: async () => undefined,
    amissHere: () => undefined,
    ...more,
  };
  const change = (by: (now: Account) => Account) => {
    account = by(account);
  };
  return { tools, acts, asked, undone, change, account: () => account, minutes: () => (now - START) / 60_000 };
}

const happensQuickly = (kind: string) => !kind.startsWith("forget");

function swap(tools: MachineTools, onStep: (cancel: () => void, id: string) => void = () => {}) {
  const run = startRun("1", swapMachine(ARM, tools), tools.clock, tools.explain, (event) => {
    if (event.type === "question") queueMicrotask(() => run.answer(event.id, yes(event.question)));
    if (event.type === "step") onStep(() => run.cancel(), event.id);
  });
  return run.finished;
}

describe("the runner", () => {
  it("ends a wait that is too long with the reason, and with the way on", async () => {
    const { tools, minutes, acts } = stage((kind) => happensQuickly(kind) && kind !== "release");
    expect(await swap(tools)).toMatchObject({
      status: "blocked",
      sentence: expect.stringContaining("marked-for-stop"),
      next: expect.stringContaining("make swap-arm"),
    });
    expect(minutes()).toBeGreaterThan(19);
    expect(acts).not.toContain("DetachVolume");
  });

  it("stops after the current call when it is cancelled, says how things are, and goes on when run again", async () => {
    const { tools, acts, account } = stage(happensQuickly);
    const first = await swap(tools, (cancel, id) => {
      if (id === "detach") cancel();
    });
    expect(first).toMatchObject({ status: "cancelled", next: expect.stringContaining("make swap-arm") });
    expect(acts).not.toContain("StartInstance");
    expect(await swap(tools)).toMatchObject({ status: "done" });
    expect(account().volumes[PERSISTENT[ARM].volumeId]?.attachment?.instanceId).toBe(STORY_IDS.arm);
  });

  it("waits out bad weather between the steps, and ends with the reason when it lasts", async () => {
    let looks = 0;
    const { tools, minutes } = stage(happensQuickly);
    const cut: MachineTools = {
      ...tools,
      look: async (signal) => {
        looks += 1;
        if (looks > 6) throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
        return tools.look(signal);
      },
    };
    expect(await swap(cut)).toMatchObject({ status: "failed", failure: { kind: "offline" } });
    expect(minutes()).toBeGreaterThan(14);
  });

  it("ends where nobody signs in again", async () => {
    const signedOut = { kind: "signed-out", sentence: "The AWS session has expired.", action: "Press l." } as const;
    const { tools } = stage(happensQuickly);
    let looks = 0;
    const outcome = await swap({
      ...tools,
      look: async (signal) => {
        looks += 1;
        if (looks > 3) throw new FailureError(signedOut);
        return tools.look(signal);
      },
    });
    expect(outcome).toEqual({ status: "failed", failure: signedOut });
  });

  it("keeps the temporary disk where SSH does not let us in", async () => {
    const { tools, acts } = stage(happensQuickly, {
      askSsh: async () => ({
        status: "silent",
        sentence: "The key is refused.",
        action: "Check the key.",
        final: true,
      }),
    });
    expect(await swap(tools)).toMatchObject({ status: "blocked", next: "Check the key." });
    expect(acts).toContain("AssociateAddress");
    expect(acts).not.toContain("DeleteVolume");
  });

  it("waits with its own disk on where there is no capacity, and says so at the end", async () => {
    const { tools, acts, minutes } = stage(happensQuickly);
    const full: MachineTools = {
      ...tools,
      act: async (act) => {
        if (act.kind === "StartInstance") {
          throw Object.assign(new Error("no capacity"), { name: "InsufficientInstanceCapacity", $fault: "server" });
        }
        return tools.act(act);
      },
    };
    expect(await swap(full)).toMatchObject({
      status: "blocked",
      sentence: expect.stringContaining(`${PERSISTENT[ARM].volumeId} as its root, its persistent volume`),
    });
    expect(acts.at(-1)).toBe("AttachVolume");
    expect(minutes()).toBeGreaterThan(29);
  });
});

describe("what an act rests on", () => {
  const boots = (meanwhile: () => void): Partial<MachineTools> => {
    let tries = 0;
    return {
      askSsh: async () => {
        tries += 1;
        if (tries === 30) meanwhile();
        return tries > 30
          ? { status: "answered", hostname: ARM, lines: [ARM] }
          : { status: "silent", sentence: "Nothing answers yet.", final: false };
      },
    };
  };

  it("is read again before it: a disk that somebody keeps while the machine boots is not deleted", async () => {
    const tags = { "snowglobe:keep": "by hand" };
    const keep = (now: Account): Account => {
      const outcome = apply(now, { name: "CreateTags", resources: [STORY_IDS.armTemporaryDisk], tags }, START);
      if (outcome.error) throw new Error(outcome.error.message);
      return outcome.account;
    };
    const { tools, acts, account, change } = stage(
      happensQuickly,
      boots(() => change(keep)),
    );
    expect(await swap(tools)).toMatchObject({ status: "done" });
    expect(acts).not.toContain("DeleteVolume");
    expect(account().volumes[STORY_IDS.armTemporaryDisk]?.state).toBe("available");
  });

  it("is all that is asked: nothing but SSH and the machine itself while it boots", async () => {
    const { tools, acts, asked } = stage(
      happensQuickly,
      boots(() => {}),
    );
    expect(await swap(tools)).toMatchObject({ status: "done" });
    expect(acts.slice(-2)).toEqual(["AssociateAddress", "DeleteVolume"]);
    const addressed = asked.lastIndexOf("addresses", -2);
    expect(asked.slice(addressed + 1)).toEqual(["instances", "volumes", "volumes", "addresses"]);
  });
});

/** Runs any operation, and says yes to what it asks. */
function start(operation: Operation, tools: MachineTools) {
  const run = startRun("1", operation, tools.clock, tools.explain, (event) => {
    if (event.type === "question") queueMicrotask(() => run.answer(event.id, yes(event.question)));
  });
  return run.finished;
}

describe("what AWS accepts and the world undoes", () => {
  const OWN = PERSISTENT[ARM].volumeId;
  const doom = (id: string) => (story: Account) =>
    happens(story, { name: "doom", id, reason: FAILED_STARTS.kms }, START);
  const stopped = (story: Account): Account => {
    const off = (account: Account, id: string) => settle(account, id, START);
    const stop = apply(story, { name: "StopInstances", instanceIds: [STORY_IDS.arm] }, START);
    if (stop.error) throw new Error(stop.error.message);
    return off(off(stop.account, `stop:${STORY_IDS.arm}`), `release:${STORY_IDS.armRequest}`);
  };

  it("ends a swap whose starts are taken back within two minutes, with the reason, and with the old root on", async () => {
    const { tools, acts, account, minutes } = stage(happensQuickly, {}, doom(OWN));
    const outcome = await swap(tools);
    expect(outcome).toMatchObject({
      status: "blocked",
      sentence: expect.stringMatching(/does not start on its persistent volume .* back 2 times: .*KMS key/),
    });
    expect(minutes()).toBeLessThan(2);
    expect(acts.filter((one) => one === "StartInstance")).toHaveLength(3);
    const after = account();
    expect(after.volumes[STORY_IDS.armTemporaryDisk]?.attachment?.instanceId).toBe(STORY_IDS.arm);
    expect(after.instances[STORY_IDS.arm]?.state).toBe("running");
    expect(after.volumes[OWN]?.state).toBe("available");
  });

  it("ends a start after two that were taken back, with the reason, also where EC2 goes on trying", async () => {
    for (const retriesStarts of [false, true]) {
      const { tools, acts } = stage(happensQuickly, {}, (story) => ({
        ...stopped(doom(STORY_IDS.arm)(story)),
        habits: { retriesStarts },
      }));
      const outcome = await start(startMachine(ARM, tools), tools);
      expect(outcome).toMatchObject({ status: "blocked", sentence: expect.stringMatching(/back 2 times: .*KMS key/) });
      expect(acts).toHaveLength(retriesStarts ? 1 : 2);
    }
  });

  it("does not stop for ever what runs again each time", async () => {
    const { tools, acts, undone } = stage((kind) => happensQuickly(kind) && kind !== "stop");
    undone.add("stop");
    const outcome = await start(stopMachine(ARM, tools), tools);
    expect(outcome).toMatchObject({
      status: "failed",
      failure: { sentence: expect.stringMatching(/undone each time/) },
    });
    expect(acts).toEqual(["StopInstance", "StopInstance", "StopInstance"]);
  });

  it("tells a stop that is refused as that, and does not try it for twenty minutes", async () => {
    const { tools, minutes } = stage(happensQuickly, {
      act: async () => {
        const message = `You can't stop the Spot Instance '${STORY_IDS.arm}' because the associated Spot Instance request is not in an appropriate state to support stop.`;
        throw Object.assign(new Error(message), { name: "IncorrectSpotRequestState", $fault: "client" });
      },
    });
    const outcome = await start(stopMachine(ARM, tools), tools);
    expect(outcome).toMatchObject({ status: "failed", failure: { sentence: expect.stringMatching(/be stopped/) } });
    expect(minutes()).toBeLessThan(3);
  });

  it("starts what an experiment stopped, and a machine whose request is older than its launch", async () => {
    const experiment = (story: Account) => {
      const marked = happens(story, { name: "stop-by-experiment", instanceId: STORY_IDS.arm }, START);
      return settle(settle(marked, `stop:${STORY_IDS.arm}`, START), `release:${STORY_IDS.armRequest}`, START);
    };
    const older = (story: Account): Account => {
      const off = stopped(story);
      const request = off.spotRequests[STORY_IDS.armRequest];
      if (!request) throw new Error("no request");
      const spotRequests = { ...off.spotRequests, [request.id]: { ...request, statusAt: START - 86_400_000 } };
      return { ...off, spotRequests };
    };
    for (const begin of [experiment, older]) {
      const { tools, account, minutes } = stage(happensQuickly, {}, begin);
      expect(await start(startMachine(ARM, tools), tools)).toMatchObject({ status: "done" });
      expect(account().instances[STORY_IDS.arm]?.state).toBe("running");
      expect(minutes()).toBeLessThan(5);
    }
  });
});
