import { describe, expect, it } from "vitest";
import { explain } from "../../../ops/aws/errors.ts";
import { FailureError } from "../../../ops/failure.ts";
import { assemble } from "../../../ops/fleet/assemble.ts";
import { shownIn } from "../../../ops/fleet/glance.ts";
import { swapMachine } from "../../../ops/machine/operations.ts";
import type { MachineTools } from "../../../ops/machine/tools.ts";
import { startRun } from "../../../ops/operation/run.ts";
import { allAt, OWNER, viewOf } from "../../model/look.ts";
import { callOf } from "../../model/player.ts";
import type { Account } from "../../simulator/ec2/account.ts";
import { apply } from "../../simulator/ec2/rules.ts";
import { settle } from "../../simulator/ec2/settle.ts";
import { PERSISTENT, recreatedAccount, STORY_IDS } from "../../simulator/story.ts";
import { yes } from "./run-operation.ts";

const ARM = "fcvm-metal-arm";
const START = Date.UTC(2026, 0, 15, 12);

/** Tools on an account in which only `moves` happen by themselves, and a clock that a sleep moves on. */
function stage(moves: (kind: string) => boolean, more: Partial<MachineTools> = {}) {
  let now = START;
  let account: Account = recreatedAccount(START);
  const acts: string[] = [];
  const view = () => viewOf(allAt(account), now);
  const tools: MachineTools = {
    clock: {
      now: () => now,
      sleep: async (ms, signal) => {
        signal?.throwIfAborted();
        now += ms;
        for (const { id, kind } of Object.values(account.pending)) {
          if (moves(kind)) account = settle(account, id, now);
        }
      },
    },
    origins: async (_instance, volumes) => Object.fromEntries(volumes.map(({ id }) => [id, { kind: "image" }])),
    look: async () => {
      now += 50;
      return assemble(view(), OWNER);
    },
    glance: async (subject) => {
      now += 20;
      return shownIn(view(), subject);
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
    forgetHostKeys: async () => {},
    spotPerHour: () => undefined,
    ...more,
  };
  return { tools, acts, account: () => account, minutes: () => (now - START) / 60_000 };
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

  it("keeps the throw-away volume where SSH does not let us in", async () => {
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
