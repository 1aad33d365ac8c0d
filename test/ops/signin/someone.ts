/** Somebody at a machine with a home directory of their own, and sign-in as the program has it, against a simulator. */

import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explain } from "../../../ops/aws/errors.ts";
import { type Clock, systemClock } from "../../../ops/clock.ts";
import { type Environment, environmentFrom } from "../../../ops/environment.ts";
import { type Run, type RunState, startRun } from "../../../ops/operation/run.ts";
import type { DevicePrompt, OperationEvent, Outcome } from "../../../ops/operation/types.ts";
import { createSignIn } from "../../../ops/signin/signin.ts";
import type { SignIn } from "../../../ops/signin/types.ts";
import { type Simulator, startSimulator } from "../../simulator/simulator.ts";
import type { SsoSettings } from "../../simulator/sso/sso.ts";

interface Login {
  readonly outcome: Outcome;
  readonly events: readonly OperationEvent[];
  readonly prompts: readonly DevicePrompt[];
  /** The titles of the questions that were asked. */
  readonly asked: readonly string[];
  readonly state: RunState;
}

export interface Someone extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly home: string;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly signIn: SignIn;
  /** The program started anew: nothing is remembered but what is on disk. */
  readonly restarted: () => SignIn;
  /** Runs the login; `during` is told of every event, as whoever watches would be. */
  readonly login: (options?: LoginOptions) => Promise<Login>;
  readonly file: (path: string) => Promise<string>;
  /** The operations of the calls since the last time this was asked. */
  readonly calls: () => readonly string[];
}

interface LoginOptions {
  readonly signIn?: SignIn;
  /** Answers to questions, in order; the last one again for any further question; undefined says no. */
  readonly answers?: readonly (string | undefined)[];
  readonly during?: (event: OperationEvent, run: Run) => void;
}

interface SomeoneOptions {
  readonly sso?: Partial<SsoSettings>;
  readonly env?: Readonly<Record<string, string>>;
  /** How far this machine's clock is ahead of AWS's, in milliseconds. */
  readonly clockAhead?: number;
}

export const START_URL = "https://snowglobe-demo.awsapps.com/start";

/** Waits are a hundred times shorter than real ones; the time itself runs as it does. */
function hastyClock(): Clock {
  return { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 100, signal) };
}

export async function someone(options: SomeoneOptions = {}): Promise<Someone> {
  const behind = options.clockAhead ?? 0;
  const simulator = await startSimulator({ now: Date.now() - behind, sso: { autoApproveMs: 0, ...options.sso } });
  // Signatures are good by AWS's clock only, and its answers are dated by it.
  if (behind) simulator.faults.add({ kind: "clock-skew", ms: -behind, operation: "*" });
  const home = mkdtempSync(join(tmpdir(), "snowglobe-signin-"));
  const environment = environmentFrom({ ...simulator.env, HOME: home, ...options.env });
  const clock = hastyClock();
  const restarted = () => createSignIn({ environment, clock });
  const signIn = restarted();
  let read = 0;
  return {
    simulator,
    home,
    environment,
    clock,
    signIn,
    restarted,
    login: ({ signIn: by = signIn, answers = [START_URL], during } = {}) => login(by, clock, answers, during),
    file: (path) => readFile(join(home, path), "utf8"),
    calls: () => {
      const fresh = simulator.calls.slice(read).map(({ operation }) => operation);
      read = simulator.calls.length;
      return fresh;
    },
    [Symbol.asyncDispose]: async () => {
      await simulator.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function login(
  signIn: SignIn,
  clock: Clock,
  answers: readonly (string | undefined)[],
  during: LoginOptions["during"],
): Promise<Login> {
  const events: OperationEvent[] = [];
  const asked: string[] = [];
  let run: Run | undefined;
  const later: OperationEvent[] = [];
  const hear = (event: OperationEvent) => {
    if (!run) return void later.push(event);
    events.push(event);
    during?.(event, run);
    if (event.type !== "question") return;
    asked.push(event.question.title);
    const answer = answers[Math.min(asked.length, answers.length) - 1];
    setImmediate(() => run?.answer(event.id, answer));
  };
  run = startRun("login", signIn.login(), clock, explain, hear);
  for (const event of later) hear(event);
  const outcome = await run.finished;
  const prompts = events.flatMap((event) => (event.type === "device-code" && event.prompt ? [event.prompt] : []));
  return { outcome, events, prompts, asked, state: run.get() };
}
