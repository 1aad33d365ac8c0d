/** `kill -9` at every call of a swap: the built program is run again, and finishes. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { rootOf } from "../simulator/ec2/account.ts";
import { PERSISTENT, STORY_IDS } from "../simulator/story.ts";
import { type Scene, scene } from "./stage.ts";

const WRITES = [
  "CreateTags",
  "StopInstances",
  "DetachVolume",
  "AttachVolume",
  "StartInstances",
  "AssociateAddress",
  "DeleteVolume",
];
const LOOKS = [1, 3, 5];
/** How many swaps are under way at once: they wait more than they work. */
const AT_ONCE = 4;

interface Moment {
  readonly operation: string;
  readonly when: "before" | "after";
  readonly nth: number;
}

const MOMENTS: readonly Moment[] = [
  ...WRITES.flatMap((operation) => (["before", "after"] as const).map((when) => ({ operation, when, nth: 1 }))),
  ...LOOKS.map((nth) => ({ operation: "DescribeVolumes", when: "before" as const, nth })),
];

it("finishes when it is run again, wherever it was killed", { timeout: 400_000 }, async () => {
  const left = [...MOMENTS];
  const worker = async () => {
    for (let moment = left.shift(); moment; moment = left.shift()) await killedAt(moment);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
});

async function killedAt({ operation, when, nth }: Moment): Promise<void> {
  const what = `${operation} number ${nth}, ${when} its effect`;
  const stage = await scene({ latencyScale: 0.01 });
  const { simulator } = stage;
  let changes = 0;
  simulator.onChange(() => {
    changes += 1;
  });
  const called = () => simulator.calls.filter((call) => call.operation === operation).length;
  const clear = simulator.faults.add({ kind: "delay", ms: 120_000, when, operation, skip: nth - 1 });
  const first = swap(stage);
  let before = 0;
  const reached = () => {
    if (called() < nth) before = changes;
    return called() >= nth;
  };
  await expect.poll(reached, { interval: 2, message: `${what} never came` }).toBe(true);
  if (when === "after") {
    const effect = () => changes > before;
    await expect.poll(effect, { interval: 2, message: `no effect of ${what}` }).toBe(true);
  }
  first.kill("SIGKILL");
  await first.exited;
  clear();
  const { exitCode } = await swap(stage).exited;
  expect(exitCode, `run again after ${what}`).toBe(0);
  isWhole(stage, what);
}

/** `make swap-arm`, as somebody who says yes to whatever it asks. */
function swap(stage: Scene) {
  const program = stage.command({ ...stage.simulator.signedInEnv }, "swap", "arm");
  void program.waitFor(/y\/N/i, 60_000).then(
    () => program.write("y\r"),
    () => {},
  );
  return program;
}

function isWhole({ simulator, hosts }: Scene, what: string): void {
  const account = simulator.account();
  const arm = account.instances[STORY_IDS.arm];
  const { volumeId, allocationId } = PERSISTENT["fcvm-metal-arm"];
  expect(arm?.state, what).toBe("running");
  expect(arm && rootOf(account, arm)?.id, what).toBe(volumeId);
  expect(account.addresses[allocationId]?.instanceId, what).toBe(STORY_IDS.arm);
  expect(account.volumes[volumeId]?.attachment?.deleteOnTermination, what).toBe(false);
  expect(account.volumes[STORY_IDS.armTemporaryDisk]?.state ?? "deleting", what).toBe("deleting");
  expect(readFileSync(join(hosts.volumePath(volumeId), "home/ubuntu/notes.md"), "utf8"), what).toContain("fcvm on arm");
}
