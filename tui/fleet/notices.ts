/** What must be known first, from everywhere: the session, the weather, AWS taking a machine, the fleet. Pure. */

import type { Failure } from "../../ops/failure.ts";
import type { Headline } from "../../ops/fleet/derive/headline.ts";
import type { Fleet } from "../../ops/fleet/model.ts";
import type { FleetState } from "../../ops/fleet/state.ts";
import { allHeadlines } from "../../ops/machine/headlines.ts";
import { capital } from "../../ops/plain.ts";
import type { LastPlan } from "../../ops/plan/last.ts";
import { driftWords } from "../../ops/plan/view.ts";
import type { SignInState } from "../../ops/signin/types.ts";
import { ago, left } from "../format/words.ts";
import { keyOf } from "../keys/registry.ts";
import type { MachineView } from "./machine-view.ts";

/** `calm` is the good news, `wait` that there is none yet. */
export interface Notice {
  readonly severity: Headline["severity"] | "calm" | "wait";
  /** A function where it counts seconds. */
  readonly sentence: string | ((now: number) => string);
  readonly action: string | undefined;
  /** Where the headline is one machine's, so that its detail need not say it again. */
  readonly headline: Headline | undefined;
}

/** All notices, the most important first; never empty. */
export function notices(
  signIn: SignInState,
  state: Pick<FleetState, "fleet" | "source" | "failure">,
  views: readonly MachineView[],
  lastPlan?: LastPlan,
  unkept?: Failure,
): readonly Notice[] {
  const own = unkept ? [still("note", unkept.sentence, unkept.action)] : [];
  const last = [...drift(lastPlan), ...own];
  const { fleet } = state;
  // Somebody may be listening in: before that is looked into, nothing else matters.
  const first = [...views.flatMap(stranger), ...session(signIn), ...weather(signIn, state)];
  if (!fleet) return [...(first.length ? first : [still("wait", "Looking at the account …")]), ...own];
  const counted = views.filter((view) => view.interruption?.at !== undefined);
  if (state.source === "stored") return [...first, ...remembered(fleet, first.length === 0), ...last];
  // The machine's own word comes with an instant and takes the place of what EC2 says of the same.
  const told = allHeadlines(fleet).filter(
    ({ kind, machine }) => kind !== "interrupted" || !counted.some((view) => view.machine.spec.name === machine),
  );
  const found = [...counted.flatMap(interruption), ...told.map(notice)];
  const grave = found.some((one) => one.severity !== "note");
  return [...first, ...(grave || first.length ? [] : [well(fleet, views)]), ...found, ...last];
}

/**
 * What an earlier look said, as what it is: neither good news nor an alarm before this process has seen anything.
 * @param looking whether the first look of our own is under way
 */
function remembered(fleet: Fleet, looking: boolean): Notice[] {
  const { at } = fleet.observation;
  const told = allHeadlines(fleet);
  const well = told.every(({ severity }) => severity === "note");
  const what = well ? "all was well" : "this is how it was";
  const first: Notice = {
    severity: looking ? "wait" : "note",
    sentence: (now) => `${capital(ago(at, now))} ${what}${looking ? "; looking now" : ""}.`,
    action: undefined,
    headline: undefined,
  };
  return [
    first,
    ...told.map(
      (headline): Notice => ({
        severity: "note",
        sentence: (now) => `${capital(ago(at, now))}: ${headline.sentence}`,
        action: undefined,
        headline,
      }),
    ),
  ];
}

function session(signIn: SignInState): Notice[] {
  if (signIn.status !== "signed-out") return [];
  return [still("alarm", signIn.failure.sentence, `Press ${keyOf("fleet", "login")} to sign in.`)];
}

/** A failure of the refresh, unless it only says again that the session is over. */
function weather(signIn: SignInState, { fleet, failure }: Pick<FleetState, "fleet" | "failure">): Notice[] {
  if (!failure || (failure.kind === "signed-out" && signIn.status === "signed-out")) return [];
  if (failure.kind === "signed-out")
    return [still("alarm", failure.sentence, `Press ${keyOf("fleet", "login")} to sign in.`)];
  const seen = fleet?.observation.at;
  const since = (now: number) =>
    seen === undefined ? "No answer from AWS" : `No answer from AWS, last one ${ago(seen, now)}`;
  return [
    {
      severity: "warning",
      sentence: (now) => `${since(now)}: ${lowered(failure)}`,
      action: failure.action,
      headline: undefined,
    },
  ];
}

function lowered({ sentence }: Failure): string {
  // "AWS …" and "EC2 …" keep their capitals.
  return /^[A-Z][a-z]/.test(sentence) ? sentence.charAt(0).toLowerCase() + sentence.slice(1) : sentence;
}

function stranger({ stranger: refusal }: MachineView): Notice[] {
  return refusal ? [still("alarm", refusal.sentence, refusal.action)] : [];
}

function interruption({ machine, interruption: coming }: MachineView): Notice[] {
  const at = coming?.at;
  if (!coming || at === undefined) return [];
  return [
    {
      severity: "alarm",
      sentence: (now) => `AWS ${coming.action} ${machine.spec.name} in ${left(at, now)}.`,
      action: "Save what is open on it.",
      headline: undefined,
    },
  ];
}

function notice(headline: Headline): Notice {
  return { ...still(headline.severity, headline.sentence, actionHere(headline)), headline };
}

/** What to do about it for who sits at the cockpit: the key, and not the Make target. */
export function actionHere({ kind, action }: Headline): string | undefined {
  return kind === "orphans"
    ? `Press ${keyOf("fleet", "orphans")} to look.`
    : action?.replace(/, or make [a-z0-9-]+\.$/, ".");
}

/** What the last plan found that nobody has seen to yet. */
function drift(lastPlan: LastPlan | undefined): Notice[] {
  const words = lastPlan && driftWords(lastPlan);
  if (!words) return [];
  const sentence = (now: number) => `Terraform planned ${ago(lastPlan.at, now)}: ${words}.`;
  return [{ severity: "note", sentence, action: `Press ${keyOf("fleet", "apply")} to look.`, headline: undefined }];
}

function still(severity: Notice["severity"], sentence: string, action?: string): Notice {
  return { severity, sentence, action, headline: undefined };
}

function well(fleet: Fleet, views: readonly MachineView[]): Notice {
  const moving = views
    .filter((view) => view.words.tone === "busy")
    .map((view) => `${view.machine.spec.name} is ${view.words.short}`);
  if (moving.length) return still("calm", `All is well: ${moving.join(", ")}.`);
  const running = Object.values(fleet.machines).filter((machine) => machine.instance?.state === "running").length;
  const number = ["none", "one", "two", "all three"][running];
  return still("calm", `All is well: ${number} of the machines ${running === 1 ? "is" : "are"} running.`);
}
