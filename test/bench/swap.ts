/**
 * A whole swap at AWS's own pace: its time over the sum of the transition times, and both the time and the number of
 * calls against the same swap by hand with the AWS CLI, where one is installed. Nobody sits the pauses out: whoever
 * sleeps, of either side, moves the account's clock on by as much, while every call and process takes its real time.
 */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Clock } from "../../ops/clock.ts";
import { swapMachine } from "../../ops/machine/operations.ts";
import { runOperation } from "../ops/machine/run-operation.ts";
import { type SimTools, simTools, startFrom } from "../ops/machine/sim-tools.ts";
import type { PendingKind } from "../simulator/ec2/account.ts";
import { latencyOf } from "../simulator/latencies.ts";
import { type Simulator, startSimulator } from "../simulator/simulator.ts";
import { PERSISTENT, STORY_IDS } from "../simulator/story.ts";
import { type BenchRow, median, spreadOf } from "./row.ts";

const MACHINE = "fcvm-metal-arm";
const { volumeId: OWN, allocationId: ADDRESS } = PERSISTENT[MACHINE];
const INSTANCE = STORY_IDS.arm;
const OLD = STORY_IDS.armTemporaryDisk;
const ROOT_DEVICE = "/dev/sda1";
const ROUNDS = 5;
/** Each takes a dozen processes of the AWS CLI. */
const ROUNDS_BY_HAND = 3;
/** The AWS CLI's waiters look this often. */
const WAITER_MS = 15_000;
const BEFORE_START: ReadonlySet<PendingKind> = new Set(["stop", "release", "detach", "attach"]);
const AFTER_START: ReadonlySet<PendingKind> = new Set(["fulfil", "run"]);

export async function benchSwap(): Promise<BenchRow[]> {
  const ours = await rounds(byUs, ROUNDS);
  const ratios = ours.map(({ seconds, transitions }) => seconds / transitions);
  const seconds = median(ours.map((one) => one.seconds));
  const calls = median(ours.map((one) => one.calls));
  const transitions = median(ours.map((one) => one.transitions));
  const rows: BenchRow[] = [
    {
      name: "swap: time over AWS's own transition times",
      value: seconds,
      unit: "s",
      against: `${transitions.toFixed(1)} s of transitions`,
      ratio: median(ratios),
      spread: spreadOf(ratios),
      target: "≤ 1.05",
    },
  ];
  const aws = await awsVersion();
  if (!aws) return [...rows, { name: "swap: API calls", value: calls, unit: "calls", target: "≤ 60 calls" }];
  const hand = await rounds(byHand, ROUNDS_BY_HAND);
  const handSeconds = median(hand.map((one) => one.seconds));
  const handCalls = median(hand.map((one) => one.calls));
  // AWS's own times are drawn anew in every round: what each side adds to its own is what differs.
  const pace = (one: Measured) => one.seconds / one.transitions;
  const shares = ours.map((one) => pace(one) / median(hand.map(pace)));
  return [
    ...rows,
    {
      name: "swap: time, both over their transition times",
      value: seconds,
      unit: "s",
      against: `by hand with ${aws}, ${handSeconds.toFixed(1)} s`,
      ratio: median(shares),
      spread: spreadOf(shares),
    },
    {
      name: "swap: API calls",
      value: calls,
      unit: "calls",
      against: `by hand with ${aws}, ${handCalls}`,
      ratio: calls / handCalls,
      target: "≤ 60 calls",
    },
  ];
}

interface Measured {
  readonly seconds: number;
  /** Seconds that AWS itself needed, one after the other. */
  readonly transitions: number;
  readonly calls: number;
}

type Swap = (simulator: Simulator, tools: SimTools) => Promise<void>;

async function rounds(swap: Swap, count: number): Promise<readonly Measured[]> {
  const all: Measured[] = [];
  for (let round = 0; round < count; round += 1) all.push(await measured(swap));
  return all;
}

async function measured(swap: Swap): Promise<Measured> {
  const simulator = await startSimulator({ latencyScale: 1 });
  const tools = simTools(startFrom(simulator.signedInEnv, 1), skipping(simulator));
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
    const began = simulator.clock.now();
    await swap(simulator, tools);
    const seconds = (simulator.clock.now() - began) / 1000;
    const boot = bootedAt(simulator) - (simulator.account().instances[INSTANCE]?.launchedAt ?? 0);
    return { seconds, transitions: (first + Math.max(started, boot)) / 1000, calls: simulator.calls.length };
  } finally {
    stopWatching();
    tools.close();
    await simulator.stop();
  }
}

/** The account's clock, on which a sleep is over at once and the time has passed all the same. */
function skipping({ clock }: Simulator): Clock {
  return {
    now: clock.now,
    monotonic: clock.now,
    sleep: async (ms) => {
      clock.advance(ms);
    },
  };
}

/** When the machine's SSH server answers, in simulated time. */
function bootedAt(simulator: Simulator): number {
  return simulator.bootedAt(INSTANCE, simulator.account().instances[INSTANCE]?.launchedAt ?? 0);
}

async function byUs(simulator: Simulator, tools: SimTools): Promise<void> {
  const answering: SimTools = {
    ...tools,
    askSsh: async (...asked) =>
      simulator.clock.now() >= bootedAt(simulator)
        ? tools.askSsh(...asked)
        : { status: "silent", sentence: "Nothing answers on the SSH port yet.", final: false },
  };
  const { outcome } = await runOperation(swapMachine(MACHINE, answering), answering);
  if (outcome.status !== "done") throw new Error(`the swap ended as ${JSON.stringify(outcome)}`);
}

async function awsVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("aws", ["--version"]);
    return /^aws-cli\/\S+/.exec(stdout)?.[0];
  } catch {
    return undefined;
  }
}

/**
 * The procedure as a person has it written down: stop, wait, poll every 5 s, detach, sleep 10, attach, sleep 5, start,
 * delete, associate, wait.
 */
async function byHand(simulator: Simulator, tools: SimTools): Promise<void> {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...simulator.signedInEnv, AWS_PAGER: "" };
  const aws = async (...args: string[]) => (await promisify(execFile)("aws", ["ec2", ...args], { env })).stdout.trim();
  const sleep = (ms: number) => tools.clock.sleep(ms);
  /** `aws ec2 wait`, which is one process: its first look, then the others. */
  const waitUntil = async (state: string) => {
    await aws("describe-instances", "--instance-ids", INSTANCE);
    for (;;) {
      if (simulator.account().instances[INSTANCE]?.state === state) return;
      await sleep(WAITER_MS);
      await tools.glance({ kind: "instance", id: INSTANCE }, new AbortController().signal);
    }
  };
  const request = ["--spot-instance-request-ids", STORY_IDS.armRequest];
  const itsState = ["--query", "SpotInstanceRequests[0].State", "--output", "text"];
  await aws("stop-instances", "--instance-ids", INSTANCE);
  await waitUntil("stopped");
  while ((await aws("describe-spot-instance-requests", ...request, ...itsState)) !== "disabled") await sleep(5_000);
  await aws("detach-volume", "--volume-id", OLD);
  await sleep(10_000);
  await aws("attach-volume", "--volume-id", OWN, "--instance-id", INSTANCE, "--device", ROOT_DEVICE);
  await sleep(5_000);
  await aws("start-instances", "--instance-ids", INSTANCE);
  await aws("delete-volume", "--volume-id", OLD);
  await waitUntil("running");
  await aws("associate-address", "--allocation-id", ADDRESS, "--instance-id", INSTANCE);
  // The prompt is what both are for; a person tries ssh again every five seconds.
  while (simulator.clock.now() < bootedAt(simulator)) await sleep(5_000);
}
