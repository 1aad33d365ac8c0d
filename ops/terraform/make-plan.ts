/** A plan, saved and understood: what would change, to be shown, guarded and then applied exactly as it is. */

import { rmSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { OperationContext } from "../operation/types.ts";
import { standingRuns } from "./detached.ts";
import { unknownVariable } from "./failures.ts";
import type { Change, Diagnostic, Message } from "./messages.ts";
import { logMessage, type TerraformOps, type Workspace } from "./workspace.ts";

interface PlannedChange {
  readonly address: string;
  readonly action: Change;
  readonly reason: string | undefined;
}

export interface Plan {
  /** Inside terraform/, and this plan's alone. It holds values of the state: never shown, never kept. */
  readonly file: string;
  /** Removes the file. Never throws. */
  readonly discard: () => Promise<void>;
  readonly changes: readonly PlannedChange[];
  /** What was changed outside Terraform. */
  readonly drift: readonly PlannedChange[];
  /** Terraform's own sum: "Plan: 2 to add, 0 to change, 1 to destroy." */
  readonly summary: string;
  readonly warnings: readonly Diagnostic[];
  /** It was made for some resources only, which Terraform then warns of. */
  readonly targeted: boolean;
  /** When it was made, milliseconds since the epoch. */
  readonly at: number;
  /** `terraform show -json` of the plan file: all that a guard may ask of it. */
  readonly json: () => Promise<unknown>;
}

const FOLDER = ".terraform";
let made = 0;
/** Those of this process that are on the disk, in full. */
const present = new Set<string>();

/** On every way out that lets us do anything; what a kill leaves, the next run sweeps. */
process.on("exit", () => {
  for (const path of present) rmSync(path, { force: true });
});

/** A name that no other plan has, of this process or another: what is applied is what was shown. Nobody else reads it. */
async function newFile({ environment }: TerraformOps): Promise<string> {
  made += 1;
  const file = `${FOLDER}/snowglobe-${process.pid}-${made}.tfplan`;
  const path = join(environment.terraformDir, file);
  await mkdir(dirname(path), { recursive: true });
  // Terraform writes into the file that is there, whose mode stays.
  await writeFile(path, "", { mode: 0o600 });
  present.add(path);
  return file;
}

/** Keeps a plan from going with this process: a container has it. */
export function handedOver({ environment }: Pick<TerraformOps, "environment">, file: string): void {
  present.delete(join(environment.terraformDir, file));
}

/** Removes the plans that killed programs left behind, but for those that a container carries out. */
export async function sweepPlans({ environment }: TerraformOps): Promise<void> {
  const folder = join(environment.terraformDir, FOLDER);
  const kept = new Set((await standingRuns(environment)).map(({ plan }) => plan));
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = Number(/^snowglobe-(\d+)-\d+\.tfplan$/.exec(name)?.[1]);
    if (!pid || isAlive(pid) || kept.has(`${FOLDER}/${name}`)) continue;
    await rm(join(folder, name), { force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const MARKS: Readonly<Record<string, string>> = {
  create: "+",
  update: "~",
  replace: "-/+",
  delete: "-",
  remove: "forget",
  move: "move",
  import: "import",
};

/** Who watches a plan: how much there is to refresh, where it is known, and every message. */
interface Watch {
  readonly total?: number;
  readonly hear?: (message: Message) => void;
}

/** Terraform's two warnings about -target, which is ours and no mistake. */
export function isOfTargets(message: { readonly diagnostic?: Diagnostic } | Message): boolean {
  const diagnostic = "diagnostic" in message ? message.diagnostic : undefined;
  return /^(?:Resource targeting is in effect|Applied changes may be incomplete)$/.test(diagnostic?.summary ?? "");
}

/** Plans; `more` are further arguments, such as `-destroy` and targets. Throws a FailureError. */
export async function makePlan(
  ops: TerraformOps,
  context: OperationContext,
  workspace: Workspace,
  more: readonly string[] = [],
  { total = 0, hear }: Watch = {},
): Promise<Plan> {
  const title = "Plan";
  const changes: PlannedChange[] = [];
  const drift: PlannedChange[] = [];
  const refreshing = { started: 0, done: 0 };
  let summary = "No changes.";
  const targeted = more.some((one) => one.startsWith("-target"));
  const onMessage = (message: Message) => {
    if (targeted && isOfTargets(message)) return;
    hear?.(message);
    switch (message.type) {
      case "refresh_start":
        refreshing.started += 1;
        return;
      case "refresh_complete":
        refreshing.done += 1;
        context.progress(refreshing.done, Math.max(total, refreshing.started, refreshing.done), "resources looked at");
        return;
      case "planned_change":
        if (message.action !== "noop" && message.action !== "read") changes.push(message);
        return;
      case "resource_drift":
        drift.push(message);
        return;
      case "change_summary":
        summary = message.text;
        return;
      default:
        logMessage(context, message);
    }
  };
  const file = await newFile(ops);
  const path = join(ops.environment.terraformDir, file);
  const discard = async () => {
    await rm(path, { force: true }).catch(() => {});
    present.delete(path);
  };
  context.step("plan", title, "running");
  try {
    const args = ["plan", "-json", "-input=false", "-lock-timeout=10s", `-out=${file}`, ...more];
    const diagnostics = await workspace.stream(args, onMessage);
    const broken = unknownVariable(diagnostics);
    if (broken) throw broken;
    context.step("plan", title, "done", summary);
    return {
      file,
      discard,
      changes,
      drift,
      summary,
      warnings: diagnostics.filter(
        (one) => one.severity === "warning" && !(targeted && isOfTargets({ diagnostic: one })),
      ),
      targeted,
      at: ops.clock.now(),
      json: async () => JSON.parse(await workspace.capture(["show", "-json", file])),
    };
  } catch (error) {
    await discard();
    context.step("plan", title, "failed");
    throw error;
  }
}

/** The plan in lines for people: what changes, then what was changed outside. */
export function planLines(plan: Pick<Plan, "changes" | "drift">): readonly string[] {
  const line = ({ address, action, reason }: PlannedChange) =>
    `${(MARKS[action] ?? action).padStart(6)} ${address}${reason ? ` (${reason.replaceAll("_", " ")})` : ""}`;
  return [
    ...plan.changes.map(line),
    ...(plan.drift.length > 0 ? ["Changed outside Terraform:", ...plan.drift.map(line)] : []),
  ];
}
