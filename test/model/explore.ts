/** Walks through every reachable state of the account, with every fault at every call, and judges each step. */

import type { Goal } from "../../ops/machine/decision.ts";
import type { Heard, World } from "../../ops/machine/world.ts";
import type { Account } from "../simulator/ec2/account.ts";
import { settle } from "../simulator/ec2/settle.ts";
import { STORY_IDS } from "../simulator/story.ts";
import { interference, same, type Start } from "./accounts.ts";
import { liveness } from "./liveness.ts";
import { look, lookAt, type Moments, NOW } from "./look.ts";
import { checkDone, checkState, INSTANCE, type Mind, perform, see } from "./player.ts";

export interface Explored {
  readonly states: number;
  readonly edges: number;
  /** Looks of which a part was older than the rest. */
  readonly staleLooks: number;
  /** What was broken, with the way there; at most `limit`. */
  readonly broken: readonly string[];
}

const CANCEL = [STORY_IDS.armPredecessorRequest];
const DELETE: Goal = { kind: "swapped", afterSwap: "delete", cancel: CANCEL };
const KEEP: Goal = { kind: "swapped", afterSwap: "keep", cancel: CANCEL };

export const GOALS: readonly Goal[] = [DELETE, KEEP, { kind: "stopped" }, { kind: "running" }, { kind: "reachable" }];

const UNHEARD: Heard = { ssh: { status: "unknown" }, persistentRefused: undefined };
const ANSWERED: Heard = { ...UNHEARD, ssh: { status: "answered", hostname: "fcvm-metal-arm", lines: [] } };
/** A refused, or for ever failing, call on the persistent volume leaves nothing but this behind. */
const REFUSED: Heard = { ...UNHEARD, persistentRefused: "This role is not allowed to do that." };

export { ANSWERED, REFUSED, UNHEARD };

/** Every way in which a player can come to a decision. */
const PLAYS: readonly (readonly [Goal, Heard])[] = [
  [DELETE, UNHEARD],
  [DELETE, ANSWERED],
  [DELETE, REFUSED],
  [KEEP, UNHEARD],
  [KEEP, ANSWERED],
  [{ kind: "stopped" }, UNHEARD],
  [{ kind: "running" }, UNHEARD],
  [{ kind: "reachable" }, UNHEARD],
];

interface Reached {
  readonly account: Account;
  readonly from: Reached | undefined;
  readonly how: string;
  readonly start: Start;
}

/** Explores from all `starts`; stops at `limit` faults. */
export function explore(starts: readonly Start[], mind: Mind, limit = 1): Explored {
  const seen = { mortal: new Set<Account>(), immortal: new Set<Account>() };
  const broken: string[] = [];
  let frontier: Reached[] = [];
  let edges = 0;
  let staleLooks = 0;
  const live = liveness(mind);

  const report = (what: string, at: Reached | undefined, how: string) => {
    if (broken.length >= limit) return;
    const way: string[] = [how];
    for (let one = at; one; one = one.from) way.unshift(one.how);
    broken.push(`${what}\n  ${way.join("\n  ")}`);
  };
  const reach = (account: Account, from: Reached | undefined, how: string, start: Start, next: Reached[]) => {
    edges += 1;
    const state = same(account);
    const known = seen[start.mortal ? "mortal" : "immortal"];
    if (known.has(state)) return;
    known.add(state);
    checkState(state, (what) => report(what, from, how));
    next.push({ account: state, from, how, start });
  };
  /** A player looks at `seenAs` while the account is `truth`; its act takes effect there. */
  const play = (seenAs: World, truth: Reached, goal: Goal, heard: Heard, fresh: boolean, next: Reached[]) => {
    const decision = mind.decide(seenAs, goal);
    const how = `${fresh ? "" : "stale look, "}${goal.kind}: ${decision.kind === "act" ? JSON.stringify(decision.act) : decision.kind}`;
    if (decision.kind === "done" && fresh) checkDone(truth.account, goal, (what) => report(what, truth, how));
    if (decision.kind !== "act") return;
    const objection = mind.guard(decision.act, seenAs);
    if (objection) {
      report(`the guard refuses what was decided: ${JSON.stringify(objection)}`, truth, how);
      return;
    }
    // Refused or failed leaves the account as it is; applied with its answer lost is the same state as applied.
    const { after, refused } = perform(truth.account, decision.act, heard, (what) => report(what, truth, how));
    if (refused && fresh && refused !== "InsufficientInstanceCapacity") {
      report(`AWS refuses what was decided: ${refused}`, truth, how);
    }
    if (!refused) reach(after, truth, how, truth.start, next);
  };

  const first: Reached[] = [];
  for (const start of starts) reach(start.account, undefined, start.name, start, first);
  frontier = first;
  while (frontier.length > 0 && broken.length < limit) {
    const next: Reached[] = [];
    for (const here of frontier) {
      if (broken.length >= limit) break;
      const { account, start } = here;
      const fresh = look(account);
      for (const [goal, heard] of PLAYS) play(see(fresh, heard), here, goal, heard, true, next);
      // A machine that is ending comes to nothing more; what is decided there was judged above.
      const state = account.instances[INSTANCE]?.state;
      if (state === "terminated") continue;
      for (const id of Object.keys(account.pending)) {
        reach(settle(account, id, NOW), here, `AWS: ${id}`, start, next);
      }
      for (const [how, after] of interference(account, start.mortal)) reach(after, here, how, start, next);
      if (here.from) {
        for (const moments of stale(here.from.account, account)) {
          staleLooks += 1;
          const view = lookAt(moments);
          for (const [goal, heard] of PLAYS) play(see(view, heard), here, goal, heard, false, next);
        }
      }
      for (const goal of GOALS) live(account, goal, (what, way) => report(what, here, way));
    }
    frontier = next;
  }
  return { states: seen.mortal.size + seen.immortal.size, edges, staleLooks, broken };
}

/** Looks that mix the account before a change with the account after it, in every way that makes a difference. */
function* stale(before: Account, now: Account): Generator<Moments> {
  const tables = (
    [
      [
        "instances",
        before.instances !== now.instances || before.volumes !== now.volumes || before.addresses !== now.addresses,
      ],
      ["spotRequests", before.spotRequests !== now.spotRequests],
      ["volumes", before.volumes !== now.volumes],
      ["addresses", before.addresses !== now.addresses],
    ] as const
  )
    .filter(([, differs]) => differs)
    .map(([table]) => table);
  for (let mask = 1; mask < 1 << tables.length; mask += 1) {
    const moments = { instances: now, spotRequests: now, volumes: now, addresses: now };
    tables.forEach((table, bit) => {
      if (mask & (1 << bit)) moments[table] = before;
    });
    yield moments;
  }
}
