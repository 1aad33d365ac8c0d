/**
 * A whole swap at the simulator's real pace: its wall time over the sum of AWS's own transition times, and both the time
 * and the number of calls against the same swap by hand with the AWS CLI, where one is installed.
 */

import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { swapMachine } from "../../ops/machine/operations.ts";
import { runOperation } from "../ops/machine/run-operation.ts";
import { simTools, startFrom } from "../ops/machine/sim-tools.ts";
import type { PendingKind } from "../simulator/ec2/account.ts";
import { latencyOf } from "../simulator/latencies.ts";
import { type Simulator, startSimulator } from "../simulator/simulator.ts";
import { PERSISTENT, STORY_IDS } from "../simulator/story.ts";
import type { BenchRow } from "./row.ts";

const MACHINE = "fcvm-metal-arm";
const { volumeId: OWN, allocationId: ADDRESS } = PERSISTENT[MACHINE];
const INSTANCE = STORY_IDS.arm;
const OLD = STORY_IDS.armThrowAwayRoot;
const ROOT_DEVICE = "/dev/sda1";
const BEFORE_START: ReadonlySet<PendingKind> = new Set(["stop", "release", "detach", "attach"]);
const AFTER_START: ReadonlySet<PendingKind> = new Set(["fulfil", "run"]);

export async function benchSwap(): Promise<BenchRow[]> {
  const ours = await measured(async (simulator) => {
    const tools = simTools(startFrom(simulator.signedInEnv, 1));
    const answering = {
      ...tools,
      askSsh: async (...asked: Parameters<typeof tools.askSsh>) =>
        simulator.clock.now() >= bootedAt(simulator)
          ? tools.askSsh(...asked)
          : ({ status: "silent", sentence: "Nothing answers on the SSH port yet.", final: false } as const),
    };
    const { outcome } = await runOperation(swapMachine(MACHINE, answering), answering);
    tools.close();
    if (outcome.status !== "done") throw new Error(`the swap ended as ${JSON.stringify(outcome)}`);
  });
  const rows: BenchRow[] = [
    {
      name: "swap: wall time over AWS's own transition times",
      value: round(ours.seconds),
      unit: "s",
      against: `${round(ours.transitions)} s of transitions`,
      ratio: round(ours.seconds / ours.transitions),
      target: "≤ 1.10",
    },
  ];
  const aws = await awsVersion();
  if (!aws) return [...rows, { name: "swap: API calls", value: ours.calls, unit: "calls" }];
  const hand = await measured(byHand);
  return [
    ...rows,
    {
      name: "swap: wall time",
      value: round(ours.seconds),
      unit: "s",
      against: `by hand with ${aws}, ${round(hand.seconds)} s`,
      ratio: round(ours.seconds / hand.seconds),
    },
    {
      name: "swap: API calls",
      value: ours.calls,
      unit: "calls",
      against: `by hand with ${aws}, ${hand.calls}`,
      ratio: round(ours.calls / hand.calls),
    },
  ];
}

interface Measured {
  readonly seconds: number;
  /** Seconds that AWS itself needed, one after the other. */
  readonly transitions: number;
  readonly calls: number;
}

async function measured(swap: (simulator: Simulator) => Promise<void>): Promise<Measured> {
  const simulator = await startSimulator({ latencyScale: 1 });
  let first = 0;
  let started = 0;
  const stopWatching = simulator.onChange((account, before) => {
    for (const { id, kind, subject, since } of Object.values(before.pending)) {
      if (account.pending[id]) continue;
      const took = latencyOf(before, kind, subject, since, 1);
      if (BEFORE_START.has(kind)) first += took;
      if (AFTER_START.has(kind)) started += took;
    }
  });
  try {
    const began = performance.now();
    await swap(simulator);
    const seconds = (performance.now() - began) / 1000;
    const boot = bootedAt(simulator) - (simulator.account().instances[INSTANCE]?.launchedAt ?? 0);
    return { seconds, transitions: (first + Math.max(started, boot)) / 1000, calls: simulator.calls.length };
  } finally {
    stopWatching();
    await simulator.stop();
  }
}

/** When the machine's SSH server answers, in simulated time. */
function bootedAt(simulator: Simulator): number {
  return simulator.bootedAt(INSTANCE, simulator.account().instances[INSTANCE]?.launchedAt ?? 0);
}

async function awsVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("aws", ["--version"]);
    return /^aws-cli\/\S+/.exec(stdout)?.[0];
  } catch {
    return undefined;
  }
}

/** The procedure as a person has it written down: stop, wait, poll, detach, sleep, attach, sleep, start, delete, associate, wait. */
async function byHand(simulator: Simulator): Promise<void> {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...simulator.signedInEnv, AWS_PAGER: "" };
  const aws = async (...args: string[]) => (await promisify(execFile)("aws", ["ec2", ...args], { env })).stdout.trim();
  await aws("stop-instances", "--instance-ids", INSTANCE);
  await aws("wait", "instance-stopped", "--instance-ids", INSTANCE);
  for (;;) {
    const state = await aws(
      "describe-spot-instance-requests",
      "--spot-instance-request-ids",
      STORY_IDS.armRequest,
      "--query",
      "SpotInstanceRequests[0].State",
      "--output",
      "text",
    );
    if (state === "disabled") break;
    await sleep(5_000);
  }
  await aws("detach-volume", "--volume-id", OLD);
  await sleep(10_000);
  await aws("attach-volume", "--volume-id", OWN, "--instance-id", INSTANCE, "--device", ROOT_DEVICE);
  await sleep(5_000);
  await aws("start-instances", "--instance-ids", INSTANCE);
  await aws("delete-volume", "--volume-id", OLD);
  await aws("wait", "instance-running", "--instance-ids", INSTANCE);
  await aws("associate-address", "--allocation-id", ADDRESS, "--instance-id", INSTANCE);
  // The prompt is what both are for; a person tries ssh again every five seconds.
  while (simulator.clock.now() < bootedAt(simulator)) await sleep(5_000);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
