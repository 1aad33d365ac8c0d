/** One run of the real runner on a simulated account, with faults, late answers and other hands, all from one seed. */

import { explain } from "../../ops/aws/errors.ts";
import { FailureError } from "../../ops/failure.ts";
import type { Observation } from "../../ops/fleet/model.ts";
import type { Goal } from "../../ops/machine/decision.ts";
import { reconcile } from "../../ops/machine/reconcile.ts";
import { type Fate, planSwap, swapGoal } from "../../ops/machine/swap-plan.ts";
import type { MachineTools } from "../../ops/machine/tools.ts";
import type { OperationContext, Outcome } from "../../ops/operation/types.ts";
import type { Account } from "../simulator/ec2/account.ts";
import { settle } from "../simulator/ec2/settle.ts";
import { FAILED_STARTS } from "../simulator/ec2/transitions.ts";
import { latencyOf } from "../simulator/latencies.ts";
import { STORY_IDS } from "../simulator/story.ts";
import { interference, relaunchingTagged, starts } from "./accounts.ts";
import { eyes } from "./eyes.ts";
import { ANSWERED, START_REFUSED, UNHEARD } from "./heard.ts";
import { mayBlock } from "./liveness.ts";
import { look, NOW, OWNER, viewOf } from "./look.ts";
import { checkDone, checkState, INSTANCE, MACHINE, OWN_VOLUME, perform, see } from "./player.ts";
import { lasting } from "./tables.ts";

interface RandomRun {
  readonly goal: Goal;
  readonly outcome: Outcome;
  readonly faults: number;
  readonly acts: number;
  /** What was broken; empty where all is well. */
  readonly broken: readonly string[];
  /** What happened, in order. */
  readonly story: readonly string[];
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const STARTS = starts();
const FATES: readonly Fate[] = ["keep", "delete", "snapshot"];

/** What a person may have agreed to when the account was as it is at the start. */
function anyGoal(account: Account, pick: <T>(list: readonly T[]) => T): Goal {
  const world = see(look(account), UNHEARD);
  const kind = pick(["stopped", "running", "reachable", "swapped", "swapped"] as const);
  if (kind !== "swapped") return { kind, instanceId: INSTANCE };
  return swapGoal(world, planSwap(world, {}), pick(FATES), "agreed");
}

const HOUR = 3_600_000;
/** No answer is later than this. */
const LATE_MS = 2000;
const TOO_LONG_MS = 12 * HOUR;

export async function randomRun(seed: number): Promise<RandomRun> {
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const start = pick(STARTS);
  const goal = anyGoal(start.account, pick);
  const story: string[] = [`seed ${seed}: ${start.name}, goal ${JSON.stringify(goal)}`];
  const broken: string[] = [];
  const tell = (what: string) => {
    broken.push(what);
    story.push(`BROKEN: ${what}`);
  };
  let now = NOW;
  // Sometimes the machine, or one of its roots, does not start whatever is tried; and EC2 has habits that nobody knows.
  const doomed = random() < 0.15 ? { [pick([INSTANCE, OWN_VOLUME, STORY_IDS.armTemporaryDisk])]: pick(REASONS) } : {};
  const tagged = random() < 0.5 ? relaunchingTagged(start.account) : start.account;
  const habits = { ...tagged.habits, retriesStarts: random() < 0.3 };
  let account: Account = { ...tagged, doomed, habits };
  story.push(`doomed: ${JSON.stringify(doomed)}, habits: ${JSON.stringify(habits)}`);
  let before = account;
  let changedAt = 0;
  let trouble = Math.floor(random() * 8);
  let hands = Math.floor(random() * 3);
  let faults = 0;
  let acts = 0;
  let refusedForGood = false;
  /** The starts that EC2 has taken back, each with its root. */
  const takenBack = new Set<string>();
  const isRefused = () => [...takenBack].filter((one) => one.endsWith(OWN_VOLUME)).length > 1;
  let answered = false;

  const become = (next: Account, how: string) => {
    if (next === account) return;
    before = account;
    changedAt = now;
    account = lasting(next);
    const { state, launchedAt } = account.instances[INSTANCE] ?? {};
    if (state === "stopped" && before.instances[INSTANCE]?.state === "pending") {
      takenBack.add(`${launchedAt} ${rootOn(before)}`);
    }
    story.push(`${((now - NOW) / 1000).toFixed(1)} s ${how}`);
    if (account.instances[INSTANCE]?.state !== "running") answered = false;
    checkState(account, tell);
  };
  const pass = (ms: number) => {
    const end = now + ms;
    for (;;) {
      const due = Object.values(account.pending)
        .map((one) => ({ id: one.id, at: one.since + latencyOf(account, one.kind, one.subject, one.since, 1) }))
        .sort((one, other) => one.at - other.at)[0];
      if (!due || due.at > end) break;
      now = Math.max(now, due.at);
      become(settle(account, due.id, now), `AWS: ${due.id}`);
    }
    now = end;
    if (now - NOW > TOO_LONG_MS) throw new FailureError({ kind: "internal", sentence: "It goes on for ever." });
  };
  const strikes = (chance: number) => {
    if (trouble === 0 || random() > chance) return false;
    trouble -= 1;
    faults += 1;
    return true;
  };
  const meddle = () => {
    if (hands === 0 || random() > 0.03) return;
    hands -= 1;
    // Two persons of whom one unmarks in the same second what the other takes off: no look is early enough for that.
    const ways = interference(account, start, now).filter(([how]) => how !== "somebody: DeleteTags");
    if (ways.length > 0) become(...flip(pick(ways)));
  };
  const fail = (code: string, status: number, words = code) => {
    story.push(`fault: ${code}`);
    return Object.assign(new Error(words), { name: code, $fault: "client", $metadata: { httpStatusCode: status } });
  };

  /** What a question to EC2 shows, perhaps late. */
  const view = (): Observation => {
    pass(40);
    meddle();
    if (strikes(0.05)) throw pick([fail("RequestLimitExceeded", 503), fail("InternalError", 500)]);
    const late = now - changedAt < LATE_MS && strikes(0.4);
    const part = () => (late && random() < 0.5 ? before : account);
    const moments = {
      instances: part(),
      spotRequests: part(),
      volumes: part(),
      addresses: part(),
      snapshots: part(),
    };
    if (late) story.push("a late answer");
    return viewOf(moments, now);
  };

  const tools: MachineTools = {
    clock: {
      now: () => now,
      monotonic: () => now,
      sleep: async (ms) => {
        pass(ms);
        meddle();
      },
    },
    ...eyes(view, OWNER),
    origins: async () => ({}),
    act: async (act) => {
      pass(60);
      acts += 1;
      if (strikes(0.1)) throw pick([fail("RequestLimitExceeded", 503), fail("InternalError", 500)]);
      if (strikes(0.02)) {
        refusedForGood = true;
        throw fail("UnauthorizedOperation", 403);
      }
      const { after, refused, words } = perform(
        account,
        act,
        goal,
        answered ? ANSWERED : isRefused() && act.kind === "DetachVolume" ? START_REFUSED : UNHEARD,
        tell,
        now,
      );
      if (refused) throw fail(refused, 400, words);
      become(after, `${act.kind} ${"volumeId" in act ? act.volumeId : ""}`);
      if (strikes(0.15)) throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
      return "yes";
    },
    explain,
    askSsh: async () => {
      pass(300);
      if (account.instances[INSTANCE]?.state !== "running" || random() < 0.7) {
        return { status: "silent", sentence: "Nothing answers yet.", final: false };
      }
      answered = true;
      return { status: "answered", hostname: MACHINE, lines: [MACHINE, "up 1 min"] };
    },
    buildThere: async () => undefined,
    writtenThere: async () => undefined,
    forgetHostKeys: async () => {},
    spotPerHour: async () => 1,
    amissHere: () => undefined,
  };
  const { outcome } = await reconcile(MACHINE, goal, tools, CONTEXT);
  story.push(`outcome: ${JSON.stringify(outcome)}`);
  judge(outcome, goal, [account, before], refusedForGood || takenBack.size > 1, tell);
  return { goal, outcome, faults, acts, broken, story };
}

const REASONS = Object.values(FAILED_STARTS);

function rootOn(account: Account): string | undefined {
  return Object.values(account.volumes).find((one) => one.attachment?.instanceId === INSTANCE)?.id;
}

const CONTEXT: OperationContext = {
  signal: new AbortController().signal,
  step: () => {},
  log: () => {},
  progress: () => {},
  ask: async () => undefined,
  deviceCode: () => {},
  harmless: () => {},
  expects: () => {},
};

/** `recent`: the account now and before its last change, which a late answer may have shown. */
function judge(
  outcome: Outcome,
  goal: Goal,
  recent: readonly Account[],
  refusedForGood: boolean,
  tell: (what: string) => void,
): void {
  const noRoom = recent.some((account) => account.noSpotCapacity.length > 0);
  switch (outcome.status) {
    case "done":
      if (!recent.some((account) => isDone(account, goal))) checkDone(recent[0] as Account, goal, UNHEARD, tell);
      return;
    case "blocked":
      if (!recent.some((account) => mayBlock(account, goal, UNHEARD)) && !refusedForGood && !noRoom) {
        tell("gives up without need");
      }
      return;
    case "failed":
      if (!refusedForGood) tell(`fails without need: ${outcome.failure.sentence}`);
      return;
    default:
      tell(`ends as ${outcome.status}`);
  }
}

function flip<A, B>([one, other]: readonly [A, B]): [B, A] {
  return [other, one];
}

function isDone(account: Account, goal: Goal): boolean {
  let done = true;
  checkDone(account, goal, UNHEARD, () => {
    done = false;
  });
  return done;
}
