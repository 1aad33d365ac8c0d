/** How often a swap asks AWS, at AWS's own pace: whoever sleeps moves the account's clock on by as much. */

import { expect, it } from "vitest";
import { swapMachine } from "../../../ops/machine/operations.ts";
import { startSimulator } from "../../simulator/simulator.ts";
import { STORY_IDS } from "../../simulator/story.ts";
import { runOperation } from "./run-operation.ts";
import { simTools, startFrom } from "./sim-tools.ts";

it("asks about what is awaited and no more: a look at everything before the question, after it, and hardly another", async () => {
  const simulator = await startSimulator({ latencyScale: 1 });
  const { clock } = simulator;
  const skipping = {
    now: clock.now,
    monotonic: clock.now,
    sleep: async (ms: number) => {
      clock.advance(ms);
    },
  };
  const tools = simTools(startFrom(simulator.signedInEnv, 1), skipping);
  try {
    const launchedAt = () => simulator.account().instances[STORY_IDS.arm]?.launchedAt ?? 0;
    const { outcome } = await runOperation(
      swapMachine("fcvm-metal-arm", {
        ...tools,
        askSsh: async (...asked) =>
          clock.now() >= simulator.bootedAt(STORY_IDS.arm, launchedAt())
            ? tools.askSsh(...asked)
            : { status: "silent", sentence: "Nothing answers yet.", final: false },
      }),
      tools,
    );
    expect(outcome.status).toBe("done");
    const calls = simulator.calls.map(({ operation }) => operation);
    const count = (name: string) => calls.filter((one) => one === name).length;
    // For the longest transitions, on a machine that is busy; the bench has the median, which is below 60.
    expect(calls.length).toBeLessThanOrEqual(80);
    // Only a whole look asks for addresses, but for the step that is about them and the end.
    expect(count("DescribeAddresses")).toBeLessThanOrEqual(6);
    const acts = calls.filter((one) => !one.startsWith("Describe"));
    expect(acts).toEqual([
      "CreateTags",
      "StopInstances",
      "DetachVolume",
      "AttachVolume",
      "StartInstances",
      "AssociateAddress",
      "DeleteVolume",
    ]);
  } finally {
    tools.close();
    await simulator.stop();
  }
});
