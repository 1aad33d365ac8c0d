/** One run's Terraform: engine, image and session found once, then any number of commands in the container. */

import { redact, redactLine } from "../aws/redact.ts";
import { FailureError } from "../failure.ts";
import type { OperationContext } from "../operation/types.ts";
import type { Ops } from "../ops.ts";
import { withoutSequences } from "../plain.ts";
import type { ProcessOutput } from "../programs.ts";
import { clearRun, type DetachedRun, folderOf, followDetached, newRun, startDetached } from "./detached.ts";
import { EMERGENCY, hasEmergencyState } from "./emergency.ts";
import {
  buildImage,
  type ContainerRun,
  type Engine,
  findEngine,
  hasImage,
  type Invocation,
  imageName,
  invocation,
  lastLine,
  runContainer,
} from "./engine.ts";
import { engineFailure } from "./engine-failures.ts";
import { terraformFailure } from "./failures.ts";
import { findKeyPair } from "./key-pair.ts";
import { answerKeys } from "./keys.ts";
import { type Diagnostic, type Message, parseLine } from "./messages.ts";
import { handedOver } from "./plan-files.ts";

/** What Terraform needs of everything there is. */
export type TerraformOps = Pick<Ops, "environment" | "clock" | "signIn" | "access" | "fleet" | "metrics" | "lastPlan">;

export interface Workspace {
  readonly engine: Engine;
  /** Runs `terraform …` with `-json` output. Gives all diagnostics; throws a FailureError where it fails. */
  readonly stream: (args: readonly string[], onMessage: (message: Message) => void) => Promise<readonly Diagnostic[]>;
  /** Carries a saved plan out, in a container that outlives us. Gives all diagnostics; throws a FailureError where it fails. */
  readonly apply: (plan: string, onMessage: (message: Message) => void) => Promise<readonly Diagnostic[]>;
  /** Runs `terraform …` and gives what it prints. Throws a FailureError where it fails. */
  readonly capture: (args: readonly string[]) => Promise<string>;
  /** What a command with a terminal is started with: credentials, variables and all. */
  readonly attach: (what: Omit<ContainerRun, "credentials">) => Promise<Invocation>;
  /** Runs any other command of the image and gives what it prints; its complaints go to the log. Throws a FailureError. */
  readonly inside: (command: readonly string[]) => Promise<string>;
  /** Sets one of terraform/'s variables for every command from now on. */
  readonly pass: (variable: string, value: unknown) => void;
  readonly account: string;
  /** The bucket that holds the state: known from the account's number. */
  readonly bucket: string;
  /** Whether EC2 has the key pair already. */
  readonly keyPairExists: boolean;
}

/** Finds the engine and builds the image where the Dockerfile changed. Throws a FailureError. */
export async function prepareImage(ops: TerraformOps, context: OperationContext): Promise<Engine> {
  const { environment } = ops;
  const title = "Container image";
  context.step("image", title, "running");
  try {
    const engine = { name: await findEngine(environment), image: await imageName(environment) };
    if (!(await hasImage(environment, engine))) {
      context.step("image", title, "running", `building it with ${engine.name}; this takes a few minutes`);
      await buildImage(environment, engine, (line) => context.log(redact(line)), context.signal);
    }
    context.step("image", title, "done", engine.name);
    return engine;
  } catch (error) {
    context.step("image", title, "failed");
    throw error;
  }
}

/** Image and sign-in. Throws a FailureError. */
export async function openWorkspace(ops: TerraformOps, context: OperationContext): Promise<Workspace> {
  const { environment, signIn, access } = ops;
  const engine = await prepareImage(ops, context);
  context.step("session", "Session", "running");
  const account = await access.gate(async () => {
    const state = await signIn.check();
    if (state.status === "signed-in") return state.identity.account;
    throw new FailureError(
      state.status === "signed-out"
        ? state.failure
        : { kind: "signed-out", sentence: "Nobody is signed in.", action: "Run make login." },
    );
  }, context.signal);
  context.step("session", "Session", "done", `account ${account}`);
  const keyPair = await findKeyPair(ops, context.signal);
  const variables: Record<string, string> = { TF_VAR_ssh_public_key: keyPair.publicKey };
  const attach = async (what: Omit<ContainerRun, "credentials">) => {
    // What outlives us begins with all the time that keys can have.
    const fresh = what.detached !== undefined;
    const credentials = await access.gate(() => signIn.credentials({ fresh }), context.signal);
    return invocation(environment, engine, { ...what, credentials, env: { ...variables, ...what.env } });
  };
  const inside = async (
    command: readonly string[],
    onLine?: (line: string, stream: "out" | "err") => void,
  ): Promise<ProcessOutput> => {
    context.signal.throwIfAborted();
    const ended = await runContainer(await attach({ command }), context.signal, onLine);
    const broken = engineFailure(ended, engine);
    if (broken) throw broken;
    return ended;
  };
  return {
    engine,
    account,
    bucket: `snowglobe-state-${account}`,
    keyPairExists: keyPair.exists,
    attach,
    inside: async (command) => {
      const ended = await inside(command);
      for (const line of ended.stderr.split("\n")) if (line.trim()) context.log(redactLine(line.trim()), "err");
      if (ended.ok) return ended.stdout;
      context.signal.throwIfAborted();
      throw new FailureError({
        kind: "internal",
        code: "CONTAINER",
        sentence: `${command[0]} failed in the container: ${lastLine(ended.stderr)}`,
        action: "The log has its words.",
      });
    },
    pass: (variable, value) => {
      variables[`TF_VAR_${variable}`] = typeof value === "string" ? value : JSON.stringify(value);
    },
    stream: async (args, onMessage) => {
      const diagnostics: Diagnostic[] = [];
      const ended = await inside(["terraform", ...args], (line) => {
        const message = parseLine(line);
        if (message.type === "diagnostic") diagnostics.push(message.diagnostic);
        onMessage(message);
      });
      await noteEmergencyState(ops, context);
      if (ended.ok) return diagnostics;
      // An interrupt that Terraform obeyed is no failure of its own.
      context.signal.throwIfAborted();
      throw terraformFailure(diagnostics, ops.clock.now());
    },
    apply: async (plan, onMessage) => {
      context.signal.throwIfAborted();
      const { folder, ...run } = await newRun(environment, engine.name, plan);
      const command = ["terraform", "apply", "-json", "-input=false", "-lock-timeout=10s", plan];
      try {
        // On the host's network its loopback is ours, where fresh keys are to be had.
        const hostNetwork = process.platform === "linux";
        await startDetached(engine, await attach({ command, detached: { name: run.name, folder }, hostNetwork }));
      } catch (error) {
        await clearRun(environment, run);
        throw error;
      }
      handedOver(ops, plan);
      // From here on it ends by itself, whatever becomes of us.
      context.harmless(true);
      try {
        return await followRun(ops, context, run, context.signal, onMessage);
      } finally {
        context.harmless(false);
      }
    },
    capture: async (args) => {
      const ended = await inside(["terraform", ...args]);
      if (ended.ok) return ended.stdout;
      context.signal.throwIfAborted();
      throw terraformFailure(plainDiagnostics(ended.stderr), ops.clock.now());
    },
  };
}

/** Follows a detached run to its end, and clears it away. Gives all diagnostics; throws a FailureError where it failed. */
export async function followRun(
  ops: TerraformOps,
  context: OperationContext,
  run: DetachedRun,
  interrupt: AbortSignal,
  onMessage: (message: Message) => void,
): Promise<readonly Diagnostic[]> {
  const diagnostics: Diagnostic[] = [];
  let isApplied = false;
  const fresh = () => ops.access.gate(() => ops.signIn.credentials({ fresh: true }));
  const answered = await answerKeys(folderOf(ops.environment, run), run.engine, fresh);
  const status = await followDetached(ops.environment, run, interrupt, (line) => {
    const message = parseLine(line);
    if (message.type === "diagnostic") diagnostics.push(message.diagnostic);
    if (message.type === "change_summary" && message.operation === "apply") isApplied = true;
    onMessage(message);
  }).finally(answered);
  await clearRun(ops.environment, run);
  await noteEmergencyState(ops, context);
  // Of two that follow it, one has cleared it away: its log tells the other.
  if (status === 0 || (status === undefined && isApplied)) return diagnostics;
  // An interrupt that Terraform obeyed is no failure of its own.
  interrupt.throwIfAborted();
  if (status !== undefined || diagnostics.some(({ severity }) => severity === "error")) {
    throw terraformFailure(diagnostics, ops.clock.now());
  }
  throw new FailureError({
    kind: "internal",
    code: "RUN_LOST",
    sentence:
      "Terraform's container is gone before it said how it ended: this computer was restarted, or somebody removed it.",
    action: "Run it again: it goes on from where it stopped, or says what is missing.",
  });
}

/** Shows diagnostics in full and everything else by its text; the operation's own steps are made elsewhere. */
export function logMessage(context: OperationContext, message: Message): void {
  if (message.type === "diagnostic") {
    const { severity, summary, detail, file, line } = message.diagnostic;
    const where = file ? ` (${file}${line ? `:${line}` : ""})` : "";
    context.log(redactLine(`${severity === "error" ? "Error" : "Warning"}: ${summary}${where}`), "err");
    for (const part of redact(detail).split("\n")) if (part.trim()) context.log(`  ${part}`, "err");
  } else if ("text" in message && message.text) context.log(redact(message.text));
}

async function noteEmergencyState(ops: TerraformOps, context: OperationContext): Promise<void> {
  if (await hasEmergencyState(ops)) {
    context.log(`The state could not be saved and is in terraform/${EMERGENCY}; the next run brings it back.`, "err");
  }
}

/** Errors as Terraform prints them for people, boxes and all. */
function plainDiagnostics(text: string): Diagnostic[] {
  const [, rest] = /Error: ([\s\S]*)/.exec(withoutSequences(text).replaceAll(/^[╷│╵] ?/gm, "")) ?? [];
  const [summary = "", ...detail] = (rest ?? text).trim().split("\n");
  const where = { file: undefined, line: undefined, address: undefined };
  return [{ severity: "error", summary: summary.trim(), detail: detail.join("\n").trim(), ...where }];
}
