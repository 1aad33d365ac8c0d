/** This folder: a container engine whose Terraform knows the simulated account. Not here: real Terraform. */
/** Terraform's commands on the simulated account, as far as snowglobe gives them. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { MACHINE_NAMES, MACHINES, type MachineName } from "../../../ops/fleet/machines.ts";
import type { Call, CallResult } from "../ec2/calls.ts";
import { IMAGES } from "../ec2/images.ts";
import { type RemoteSimulator, remoteSimulator } from "../remote.ts";
import {
  ADDRESSES,
  type Applied,
  allocationOf,
  associationAddress,
  differences,
  instanceAddress,
  LAMBDA,
  living,
  outputs,
  stateJson,
} from "./configuration.ts";
import { actionWord, type Change, changeJson, type Fields, resourceOf, say, sayVersion, tell } from "./words.ts";

/** How long a refresh of one resource takes, and how many are under way at once, as with the real one. */
const REFRESH_MS = 150;
const AT_ONCE = 10;
/** How often Terraform says that it is still at it. */
const PROGRESS_MS = 10_000;

interface Run {
  readonly dir: string;
  readonly simulator: RemoteSimulator;
  /** Aborts with the interrupt: the current resource is finished, and no other begun. */
  readonly signal: AbortSignal;
  /** Whether the Lambda, which is the first, takes until the interrupt: for tests of it. */
  readonly held: () => boolean;
}

/** Does what `terraform …` would; gives the exit status. */
export async function terraform(
  args: readonly string[],
  dir: string,
  url: string,
  signal: AbortSignal,
  held: () => boolean,
): Promise<number> {
  const run: Run = { dir, simulator: remoteSimulator(url), signal, held };
  const [command, ...rest] = args;
  switch (command) {
    case "init":
      sayVersion();
      say("init_output", "Terraform has been successfully initialized!");
      return 0;
    case "output":
      process.stdout.write(JSON.stringify(outputs((await run.simulator.state()).account)));
      return 0;
    case "state":
      process.stdout.write(ADDRESSES.map((address) => `${address}\n`).join(""));
      return 0;
    case "plan":
      return plan(run, rest.find((arg) => arg.startsWith("-out="))?.slice(5) ?? "plan");
    case "show":
      if (rest.length === 1) process.stdout.write(JSON.stringify(stateJson((await run.simulator.state()).account)));
      else process.stdout.write(await readFile(join(dir, rest.at(-1) ?? ""), "utf8"));
      return 0;
    case "apply":
      return apply(run, rest.at(-1) ?? "");
    case "validate":
      process.stdout.write("Success! The configuration is valid.\n");
      return 0;
    case "fmt":
      return 0;
    default:
      process.stderr.write(`Error: terraform ${command} is not part of the simulated account\n`);
      return 1;
  }
}

const appliedFile = (dir: string) => join(dir, ".terraform", "applied.json");

async function appliedIn(dir: string): Promise<Applied> {
  return readFile(appliedFile(dir), "utf8").then(
    (text) => JSON.parse(text) as Applied,
    () => ({}),
  );
}

async function plan({ dir, simulator, signal }: Run, out: string): Promise<number> {
  sayVersion();
  const { account } = await simulator.state();
  for (let from = 0; from < ADDRESSES.length; from += AT_ONCE) {
    const some = ADDRESSES.slice(from, from + AT_ONCE);
    for (const address of some) tell("refresh_start", address, "Refreshing state...", { id_key: "id", id_value: "" });
    await delay(REFRESH_MS);
    for (const address of some) tell("refresh_complete", address, "Refresh complete", { id_key: "id", id_value: "" });
    if (signal.aborted) return interrupted();
  }
  const { changes, drift } = differences(account, await appliedIn(dir));
  const told = (type: string) => (change: Change) =>
    say(type, `${change.address}: Plan to ${actionWord(change.actions)}`, {
      change: {
        resource: resourceOf(change.address),
        action: actionWord(change.actions),
        ...(change.reason ? { reason: "tainted" } : {}),
      },
    });
  drift.forEach(told("resource_drift"));
  changes.forEach(told("planned_change"));
  sayChanges("plan", changes);
  const path = join(dir, out);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(planJson(changes, drift, outputs(account))));
  return 0;
}

function planJson(changes: readonly Change[], drift: readonly Change[], before: Fields): Fields {
  return {
    format_version: "1.2",
    terraform_version: "1.11.4",
    resource_changes: changes.map(changeJson),
    resource_drift: drift.map(changeJson),
    prior_state: {
      values: {
        outputs: before,
        root_module: { resources: ADDRESSES.map((address) => ({ address, mode: "managed" })) },
      },
    },
    timestamp: new Date().toISOString(),
    applyable: changes.length > 0,
    complete: true,
    errored: false,
  };
}

function sayChanges(operation: "plan" | "apply", changes: readonly Change[]): void {
  const number = (action: string) => changes.filter(({ actions }) => actions.includes(action)).length;
  const [add, change, remove] = [number("create"), number("update"), number("delete")];
  const message =
    operation === "plan"
      ? `Plan: ${add} to add, ${change} to change, ${remove} to destroy.`
      : `Apply complete! Resources: ${add} added, ${change} changed, ${remove} destroyed.`;
  say("change_summary", message, { changes: { add, change, import: 0, remove, operation } });
}

async function apply(run: Run, file: string): Promise<number> {
  const { dir, simulator, signal, held } = run;
  sayVersion();
  const planned = JSON.parse(await readFile(join(dir, file), "utf8")) as {
    resource_changes: readonly { address: string }[];
  };
  const wanted = new Set(planned.resource_changes.map(({ address }) => address));
  const { changes } = differences((await simulator.state()).account, await appliedIn(dir));
  const now = changes.filter(({ address }) => wanted.has(address));
  // The rest of a plan that was made before the account changed.
  if (now.length !== wanted.size) {
    const summary = "Saved plan is stale";
    const detail =
      "The given plan file can no longer be applied because the state was changed after the plan was created.";
    say("diagnostic", `Error: ${summary}`, { diagnostic: { severity: "error", summary, detail } });
    return 1;
  }
  const note = async (more: Applied) =>
    writeFile(appliedFile(dir), JSON.stringify({ ...(await appliedIn(dir)), ...more }));
  for (const { address, actions } of now.toSorted((a, b) => order(a) - order(b))) {
    if (signal.aborted) return interrupted();
    const name = MACHINE_NAMES.find((one) => address === instanceAddress(one) || address === associationAddress(one));
    if (address === LAMBDA) {
      await step(address, "update", "Modif", async () => {
        await delay(1500);
        while (held() && !signal.aborted) await delay(50);
      });
      await note({ lambda: true });
    } else if (name && address === instanceAddress(name)) {
      if (actions.includes("delete")) await step(address, "delete", "Destr", () => terminate(run, name));
      await step(address, "create", "Creat", () => launch(run, name));
      if (name === "fcvm-metal-x86") await note({ x86: true });
    } else if (name) {
      if (actions.includes("delete")) await step(address, "delete", "Destr", () => delay(500));
      await step(address, "create", "Creat", () => associate(run, name));
    }
  }
  sayChanges("apply", now);
  say("outputs", "Outputs: 6", { outputs: outputs((await simulator.state()).account) });
  return 0;
}

/** What does not wait for anything first; an address follows its machine. */
function order({ address }: Change): number {
  return address === LAMBDA ? 0 : address.startsWith("aws_instance.") ? 1 : 2;
}

function interrupted(): number {
  const summary = "execution halted";
  say("diagnostic", `Error: ${summary}`, { diagnostic: { severity: "error", summary, detail: "" } });
  return 1;
}

/** One resource's sequence: it begins, goes on every ten seconds, and is complete. `stem` is of Terraform's verb. */
async function step(address: string, action: string, stem: string, act: () => Promise<unknown>): Promise<void> {
  const verb = action === "delete" ? `${stem}oying` : action === "create" ? `${stem}ing` : `${stem}ying`;
  const began = Date.now();
  const seconds = () => Math.round((Date.now() - began) / 1000);
  tell("apply_start", address, `${verb}...`, { action });
  const timer = setInterval(
    () =>
      tell("apply_progress", address, `Still ${verb.toLowerCase()}... [${seconds()}s elapsed]`, {
        action,
        elapsed_seconds: seconds(),
      }),
    PROGRESS_MS,
  );
  try {
    await act();
  } finally {
    clearInterval(timer);
  }
  tell("apply_complete", address, `complete after ${seconds()}s`, { action, elapsed_seconds: seconds() });
}

async function call({ simulator }: Run, wanted: Call): Promise<CallResult> {
  const answer = await simulator.call(wanted);
  if ("error" in answer) throw new Error(`${answer.error.code}: ${answer.error.message}`);
  return answer.result;
}

async function terminate(run: Run, name: MachineName): Promise<void> {
  const instance = living((await run.simulator.state()).account, name);
  if (!instance) return;
  // As the provider does, or the persistent request would launch another one by itself.
  if (instance.spotRequestId) {
    await call(run, { name: "CancelSpotInstanceRequests", requestIds: [instance.spotRequestId] });
  }
  await call(run, { name: "TerminateInstances", instanceIds: [instance.id] });
  await until(run, ({ instances }) => (instances[instance.id]?.state ?? "terminated") === "terminated");
}

/** As terraform/ would: on a new root that outlives it, on spot for the two big ones. */
async function launch(run: Run, name: MachineName): Promise<void> {
  const { instanceType, market, architecture } = MACHINES[name];
  const tags = { Name: name, ManagedBy: "terraform", Project: "snowglobe" };
  await call(run, {
    name: "RunInstances",
    imageId: IMAGES[architecture === "arm64" ? "arm64" : "x86_64"].id,
    type: instanceType,
    count: 1,
    zone: "us-west-1a",
    keyName: "fcvm-ec2",
    autoPublicIp: true,
    devices: [{ device: "/dev/sda1", sizeGiB: name === "jumpbox" ? 8 : 300, type: "gp3", deleteOnTermination: false }],
    ...(market === "spot" ? { spot: { type: "persistent", interruptionBehavior: "stop" } } : {}),
    tags: { instance: tags },
  });
  await until(run, (account) => living(account, name)?.state === "running");
}

async function associate(run: Run, name: MachineName): Promise<void> {
  const instance = living((await run.simulator.state()).account, name);
  if (!instance) throw new Error(`${name} is not there`);
  await call(run, { name: "AssociateAddress", allocationId: allocationOf(name), instanceId: instance.id });
}

/** Waits as Terraform does: an interrupt does not cut short what is under way. */
async function until(
  { simulator }: Run,
  holds: (account: Awaited<ReturnType<RemoteSimulator["state"]>>["account"]) => boolean,
): Promise<void> {
  while (!holds((await simulator.state()).account)) await delay(200);
}
