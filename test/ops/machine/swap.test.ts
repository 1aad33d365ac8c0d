import { afterEach, describe, expect, it } from "vitest";
import { startMachine, stopMachine, swapMachine } from "../../../ops/machine/operations.ts";
import { deleteOrphan } from "../../../ops/machine/orphans.ts";
import { connectMachine } from "../../../ops/machine/prerequisites.ts";
import { unfinishedSwaps } from "../../../ops/machine/unfinished.ts";
import { questionLines } from "../../../ops/operation/deeds.ts";
import { rootOf } from "../../simulator/ec2/account.ts";
import { type Simulator, type SimulatorStart, startSimulator } from "../../simulator/simulator.ts";
import { healthyAccount, interruptedByAws, PERSISTENT, STORY_IDS } from "../../simulator/story.ts";
import { runOperation } from "./run-operation.ts";
import { type SimTools, simTools, startFrom } from "./sim-tools.ts";

const SPEED = 60;
const ARM = "fcvm-metal-arm";
const X86 = "fcvm-metal-x86";
const OWN = PERSISTENT[ARM].volumeId;
const WRITES = /^(Start|Stop|Attach|Detach|Create|Delete|Associate|Modify|Cancel)/;

let ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.reverse()) await end();
  ends = [];
});

async function stage(start: SimulatorStart = {}): Promise<{ simulator: Simulator; tools: SimTools }> {
  const simulator = await startSimulator({ speed: SPEED, ...start });
  const tools = simTools(startFrom(simulator.signedInEnv, SPEED));
  ends.push(() => simulator.stop(), tools.close);
  return { simulator, tools };
}

const writes = (simulator: Simulator) =>
  simulator.calls.map((call) => call.operation).filter((name) => WRITES.test(name));

function expectSwapped(simulator: Simulator): void {
  const account = simulator.account();
  const arm = account.instances[STORY_IDS.arm];
  expect(arm?.state).toBe("running");
  expect(arm && rootOf(account, arm)?.id).toBe(OWN);
  expect(arm && rootOf(account, arm)?.attachment?.deleteOnTermination).toBe(false);
  expect(account.addresses[PERSISTENT[ARM].allocationId]?.instanceId).toBe(STORY_IDS.arm);
}

describe("the swap over HTTP", () => {
  it("does not begin, and nor does a way to a shell, where this computer has no key to see its end with", async () => {
    const { simulator, tools } = await stage();
    const amiss = { kind: "missing", code: "KEY_MISSING", sentence: "The key is not there." } as const;
    const keyless = { ...tools, amissHere: () => amiss };
    for (const operation of [swapMachine(ARM, keyless), connectMachine(ARM, keyless)]) {
      const { outcome, questions } = await runOperation(operation, keyless);
      expect(outcome).toEqual({ status: "failed", failure: amiss });
      expect(questions).toEqual([]);
    }
    expect(writes(simulator)).toEqual([]);
  });

  it("brings a recreated machine back to its own disk, in the order of mission.md", async () => {
    const { simulator, tools } = await stage();
    const { outcome, questions, steps, log } = await runOperation(swapMachine(ARM, tools), tools);
    expect(outcome.status).toBe("done");
    expectSwapped(simulator);
    expect(writes(simulator)).toEqual([
      "CreateTags",
      "StopInstances",
      "DetachVolume",
      "AttachVolume",
      "StartInstances",
      "AssociateAddress",
      "DeleteVolume",
    ]);
    expect(simulator.account().volumes[STORY_IDS.armTemporaryDisk]?.state ?? "deleting").toBe("deleting");
    const [question] = questions;
    expect(question?.kind).toBe("confirm");
    const text = question ? questionLines(question).join("\n") : "";
    for (const id of [STORY_IDS.arm, STORY_IDS.armTemporaryDisk, OWN, PERSISTENT[ARM].allocationId]) {
      expect(text).toContain(id);
    }
    expect(steps.every((step) => step.endsWith(" done"))).toBe(true);
    expect(log.join("\n")).toContain("up 1 min");
  });

  it("names the kernel build that the swap would end", async () => {
    const { tools } = await stage();
    const building: SimTools = { ...tools, buildThere: async () => ({ id: "20261122T193012123-host", kind: "host" }) };
    const { questions } = await runOperation(swapMachine(ARM, building), building, () => undefined);
    expect(questions[0]).toMatchObject({
      lines: expect.arrayContaining([
        "A host kernel is being built on it (20261122T193012123-host): that ends too, unfinished.",
      ]),
    });
  });

  it("says that there is nothing to do, and asks nothing", async () => {
    const { simulator, tools } = await stage({ story: healthyAccount });
    const { outcome, questions } = await runOperation(swapMachine(ARM, tools), tools);
    expect(outcome.status).toBe("nothing-to-do");
    expect(questions).toEqual([]);
    expect(writes(simulator)).toEqual([]);
  });

  it("does nothing when the answer is no", async () => {
    const { simulator, tools } = await stage();
    const { outcome } = await runOperation(swapMachine(ARM, tools), tools, () => undefined);
    expect(outcome.status).toBe("cancelled");
    expect(writes(simulator)).toEqual([]);
  });

  it("keeps a temporary disk that has served for more than a day, unless told to delete it", async () => {
    for (const choice of ["keep", "delete"] as const) {
      const { simulator, tools } = await stage();
      simulator.clock.advance(3 * 86_400_000);
      const old = {
        ...tools,
        look: async (signal: AbortSignal) => later(await tools.look(signal), simulator.clock.now()),
      };
      const { outcome, questions } = await runOperation(swapMachine(ARM, old), old, () => choice);
      expect(outcome.status).toBe("done");
      expect(questions[0]?.kind).toBe("choose");
      expect(questions[0] && questionLines(questions[0]).join("\n")).toMatch(/Keep vol-.*in use for 3 d/);
      expectSwapped(simulator);
      const left = simulator.account().volumes[STORY_IDS.armTemporaryDisk];
      expect(left?.state === "available").toBe(choice === "keep");
    }
  });

  it("blocks on a machine that AWS itself stopped, and leaves its disk on", async () => {
    const { simulator, tools } = await stage({ story: interruptedByAws });
    for (const operation of [swapMachine(ARM, tools), startMachine(ARM, tools)]) {
      const { outcome } = await runOperation(operation, tools);
      expect(outcome.status).toBe("blocked");
      expect(JSON.stringify(outcome)).toContain("only AWS");
    }
    expect(writes(simulator)).toEqual([]);
  });

  it("goes on by itself when there is no capacity, and the machine waits with its own disk on", async () => {
    const { simulator, tools } = await stage();
    simulator.faults.add({ kind: "no-capacity", operation: "StartInstances", count: 2 });
    const { outcome, log } = await runOperation(swapMachine(ARM, tools), tools);
    expect(outcome.status).toBe("done");
    expect(log.join("\n")).toContain("InsufficientInstanceCapacity");
    expectSwapped(simulator);
  });

  it("puts the old root back and starts when AWS will not have the persistent volume", async () => {
    const { simulator, tools } = await stage();
    simulator.faults.add({
      kind: "error",
      operation: "AttachVolume",
      code: "UnauthorizedOperation",
      message: "no",
      count: 1,
    });
    const { outcome } = await runOperation(swapMachine(ARM, tools), tools);
    expect(outcome.status).toBe("blocked");
    expect(JSON.stringify(outcome)).toContain(OWN);
    const account = simulator.account();
    const arm = account.instances[STORY_IDS.arm];
    expect(arm?.state).toBe("running");
    expect(arm && rootOf(account, arm)?.id).toBe(STORY_IDS.armTemporaryDisk);
    expect(unfinishedSwaps(await tools.look(new AbortController().signal)).map(({ machine }) => machine)).toEqual([
      ARM,
    ]);
  });

  it("two at once do no harm, and both end well", async () => {
    const { simulator, tools } = await stage();
    const twice = await Promise.all([
      runOperation(swapMachine(ARM, tools), tools),
      runOperation(swapMachine(ARM, tools), tools),
    ]);
    for (const { outcome } of twice) expect(outcome.status).toBe("done");
    expectSwapped(simulator);
  });

  for (const kind of ["throttle", "server-error", "drop-before", "drop-after", "html", "truncate"] as const) {
    it(`finishes although every changing call meets ${kind} once`, async () => {
      const { simulator, tools } = await stage();
      for (const operation of [
        "CreateTags",
        "StopInstances",
        "DetachVolume",
        "AttachVolume",
        "StartInstances",
        "AssociateAddress",
        "DeleteVolume",
        "DescribeInstances",
        "DescribeVolumes",
      ]) {
        simulator.faults.add({ kind, operation, count: 1 });
      }
      const { outcome } = await runOperation(swapMachine(ARM, tools), tools);
      expect(outcome).toMatchObject({ status: "done" });
      expectSwapped(simulator);
    });
  }

  it("finishes with late answers all along", async () => {
    const { simulator, tools } = await stage();
    simulator.faults.add({ kind: "stale", of: { ms: 1500 }, operation: "DescribeVolumes" });
    simulator.faults.add({ kind: "stale", of: { ms: 1000 }, operation: "DescribeInstances" });
    const { outcome } = await runOperation(swapMachine(ARM, tools), tools);
    expect(outcome.status).toBe("done");
    expectSwapped(simulator);
  });
});

describe("start, stop and connect over HTTP", () => {
  it("stops until the spot request is released, and starts again", async () => {
    const { simulator, tools } = await stage({ story: healthyAccount });
    expect((await runOperation(stopMachine(ARM, tools), tools)).outcome.status).toBe("done");
    expect(simulator.account().spotRequests[STORY_IDS.armRequest]?.statusCode).toBe("instance-stopped-by-user");
    expect((await runOperation(stopMachine(ARM, tools), tools)).outcome.status).toBe("nothing-to-do");
    const { outcome, questions } = await runOperation(startMachine(ARM, tools), tools);
    expect(outcome.status).toBe("done");
    expect(JSON.stringify(questions)).toContain("$1.28/h");
    expect(simulator.account().instances[STORY_IDS.arm]?.state).toBe("running");
  });

  it("waits for the spot request when it is asked to start too early", async () => {
    const { simulator, tools } = await stage({ story: healthyAccount });
    simulator.apply({ name: "StopInstances", instanceIds: [STORY_IDS.arm] });
    expect((await runOperation(startMachine(ARM, tools), tools)).outcome.status).toBe("done");
    expect(simulator.calls.filter((call) => call.operation === "StartInstances")).toHaveLength(1);
  });

  it("connects: starts a stopped machine after one question, and tells the address", async () => {
    const { tools } = await stage();
    const connect = connectMachine(X86, tools);
    const { outcome, questions } = await runOperation(connect, tools);
    expect(outcome.status).toBe("done");
    expect(questions).toHaveLength(1);
    expect(connect.address()).toBe(PERSISTENT[X86].publicIp);
  });

  it("connects without a question where nothing is missing", async () => {
    const { simulator, tools } = await stage({ story: healthyAccount });
    const connect = connectMachine(ARM, tools);
    const { outcome, questions } = await runOperation(connect, tools);
    expect(outcome.status).toBe("done");
    expect(questions).toEqual([]);
    expect(writes(simulator)).toEqual([]);
    expect(connect.address()).toBe(PERSISTENT[ARM].publicIp);
  });

  it("connects on a temporary disk: offers the swap first, or to go on, or nothing", async () => {
    for (const [choice, root] of [
      ["swap", OWN],
      ["on", STORY_IDS.armTemporaryDisk],
    ] as const) {
      const { simulator, tools } = await stage();
      const connect = connectMachine(ARM, tools);
      const { outcome, questions } = await runOperation(connect, tools, () => choice);
      expect(outcome.status).toBe("done");
      expect(questions[0]?.kind === "choose" && questions[0].choices.map(({ id }) => id)).toEqual([
        "cancel",
        "swap",
        "on",
      ]);
      const account = simulator.account();
      const arm = account.instances[STORY_IDS.arm];
      expect(arm && rootOf(account, arm)?.id).toBe(root);
    }
    const { simulator, tools } = await stage();
    expect((await runOperation(connectMachine(ARM, tools), tools, () => "cancel")).outcome.status).toBe("cancelled");
    expect(writes(simulator)).toEqual([]);
  });
});

describe("orphans", () => {
  it("deletes one after its ID was typed", async () => {
    const { simulator, tools } = await stage();
    const { outcome, questions } = await runOperation(
      deleteOrphan(STORY_IDS.orphan, tools, NOTHING_OF_TERRAFORM),
      tools,
      (question) => (question.kind === "choose" ? "delete" : "yes"),
    );
    expect(outcome.status).toBe("done");
    expect(questions[1]).toMatchObject({
      typed: STORY_IDS.orphan,
      deeds: [{ act: "Delete", object: STORY_IDS.orphan, irreversible: true }],
    });
    expect(simulator.account().volumes[STORY_IDS.orphan]?.state ?? "deleting").toBe("deleting");
    expect(Object.values(simulator.account().snapshots)).toEqual([]);
  });

  it("leaves a snapshot behind, named and priced, unless told otherwise; and waits out bad weather", async () => {
    const { simulator, tools } = await stage();
    const operation = deleteOrphan(STORY_IDS.orphan, tools, NOTHING_OF_TERRAFORM);
    for (const operation of ["CreateSnapshot", "DeleteVolume"]) {
      simulator.faults.add({ kind: "drop-after", operation, count: 1 });
    }
    simulator.faults.add({ kind: "throttle", operation: "DescribeVolumes", count: 3 });
    const { outcome, questions } = await runOperation(operation, tools);
    expect(questions[0]?.lines.join("\n")).toMatch(/A snapshot of it, ".*before its deletion", costs at most \$16.50/);
    const snapshots = Object.values(simulator.account().snapshots);
    expect(snapshots).toMatchObject([{ volumeId: STORY_IDS.orphan, state: "completed" }]);
    expect(outcome).toMatchObject({ status: "done", sentence: expect.stringContaining(snapshots[0]?.id ?? "?") });
    expect(simulator.account().volumes[STORY_IDS.orphan]?.state ?? "deleting").toBe("deleting");
  });

  it("deletes nothing that Terraform, a name or somebody's word claims, also where that came while it was asked", async () => {
    const { simulator, tools } = await stage();
    const claims = [
      { named: async () => new Set([STORY_IDS.orphan]), meanwhile: undefined, why: "Terraform" },
      { named: NOTHING_OF_TERRAFORM, meanwhile: { "snowglobe:keep": "" }, why: "kept" },
      { named: NOTHING_OF_TERRAFORM, meanwhile: { Name: "jumpbox-home" }, why: "name" },
    ];
    for (const { named, meanwhile, why } of claims) {
      const { outcome } = await runOperation(deleteOrphan(STORY_IDS.orphan, tools, named), tools, (question) => {
        if (meanwhile) simulator.apply({ name: "CreateTags", resources: [STORY_IDS.orphan], tags: meanwhile });
        return question.kind === "choose" ? "delete" : "yes";
      });
      expect(outcome).toMatchObject({ status: "blocked", sentence: expect.stringContaining(why) });
    }
    expect(writes(simulator)).toEqual([]);
  });

  it("never deletes a persistent or an attached volume", async () => {
    const { simulator, tools } = await stage();
    for (const id of [OWN, PERSISTENT[X86].volumeId, STORY_IDS.armTemporaryDisk, STORY_IDS.jumpboxHome, "vol-0000"]) {
      const { outcome, questions } = await runOperation(deleteOrphan(id, tools, NOTHING_OF_TERRAFORM), tools);
      expect(outcome.status).toBe("blocked");
      expect(questions).toEqual([]);
    }
    expect(writes(simulator)).toEqual([]);
  });
});

const NOTHING_OF_TERRAFORM = async () => new Set<string>();

/** A fleet as it is seen at another hour. */
function later<F extends { readonly observation: { readonly at: number } }>(fleet: F, at: number): F {
  return { ...fleet, observation: { ...fleet.observation, at } };
}
