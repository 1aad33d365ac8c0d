/** This folder: the model check of stop, start and swap over every state of the account. Not here: servers, clocks, files. */
/** Walks through every reachable state of the account, with every fault at every call, and judges each step. */

import type { Observation } from "../../ops/fleet/model.ts";
import { needsSecondLook } from "../../ops/machine/acts.ts";
import type { Decision, Goal } from "../../ops/machine/decision.ts";
import type { Heard } from "../../ops/machine/world.ts";
import type { Account } from "../simulator/ec2/account.ts";
import { settle } from "../simulator/ec2/settle.ts";
import { interference, type Start } from "./accounts.ts";
import { agreedTo } from "./agreements.ts";
import { ANSWERED, KEY_CHANGED, REFUSED, START_REFUSED, UNHEARD, UNSAVED } from "./heard.ts";
import { liveness } from "./liveness.ts";
import { allAt, look, lookAt, type Moments, NOW } from "./look.ts";
import { checkDone, checkState, INSTANCE, type Mind, perform, see } from "./player.ts";
import { same } from "./tables.ts";

interface Explored {
  readonly states: number;
  readonly edges: number;
  /** Looks of which a part was older than the rest. */
  readonly staleLooks: number;
  /** What was broken, with the way there. */
  readonly broken: readonly string[];
}

const DELETE = agreedTo("delete");
const SNAPSHOT = agreedTo("snapshot");
const KEEP = agreedTo("keep");
const STOPPED: Goal = { kind: "stopped", instanceId: INSTANCE };
const RUNNING: Goal = { kind: "running", instanceId: INSTANCE };
const REACHABLE: Goal = { kind: "reachable", instanceId: INSTANCE };

const GOALS: readonly Goal[] = [DELETE, SNAPSHOT, KEEP, STOPPED, RUNNING, REACHABLE];

/** Every way in which a player can come to a decision. */
const PLAYS: readonly (readonly [Goal, Heard])[] = [
  [DELETE, UNHEARD],
  [DELETE, ANSWERED],
  [DELETE, REFUSED],
  [SNAPSHOT, ANSWERED],
  [SNAPSHOT, UNSAVED],
  [DELETE, START_REFUSED],
  [DELETE, KEY_CHANGED],
  [KEEP, UNHEARD],
  [KEEP, ANSWERED],
  [STOPPED, UNHEARD],
  [RUNNING, UNHEARD],
  [REACHABLE, UNHEARD],
];

/** What one player makes of one look. */
interface Thought {
  readonly goal: Goal;
  readonly heard: Heard;
  readonly decision: Decision;
  readonly objection: unknown;
}

interface Reached {
  readonly account: Account;
  readonly from: Reached | undefined;
  readonly how: string;
  readonly start: Start;
}

interface Bounds {
  /** So many times somebody else, or AWS out of its own will, does something on the way to a state. */
  readonly hands: number;
  /** Stops at so many faults. */
  readonly limit: number;
}

/** Explores from all `starts`. */
export function explore(starts: readonly Start[], mind: Mind, { hands, limit }: Bounds): Explored {
  const seen = { mortal: new Set<Account>(), immortal: new Set<Account>(), data: new Set<Account>() };
  const broken: string[] = [];
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
    const known = seen[start.data ? "data" : start.mortal ? "mortal" : "immortal"];
    if (known.has(state)) return state;
    known.add(state);
    checkState(state, (what) => report(what, from, how));
    next.push({ account: state, from, how, start });
    return undefined;
  };
  const thought = new Map<Observation, readonly Thought[]>();
  const think = (view: Observation): readonly Thought[] => {
    const known = thought.get(view);
    if (known) return known;
    const fresh = PLAYS.map(([goal, heard]): Thought => {
      const world = see(view, heard);
      const decision = mind.decide(world, goal);
      const objection = decision.kind === "act" ? mind.guard(decision.act, world, goal) : undefined;
      return { goal, heard, decision, objection };
    });
    thought.set(view, fresh);
    return fresh;
  };
  /** A player has seen something while the account is `truth`; its act takes effect there. */
  const play = ({ goal, heard, decision, objection }: Thought, truth: Reached, fresh: boolean, next: Reached[]) => {
    if (goal === SNAPSHOT && !truth.start.data) return;
    if (decision.kind !== "act" && !(decision.kind === "done" && fresh)) return;
    const how = `${fresh ? "" : "stale look, "}${goal.kind}: ${decision.kind === "act" ? JSON.stringify(decision.act) : decision.kind}`;
    if (decision.kind === "done" && fresh) checkDone(truth.account, goal, heard, (what) => report(what, truth, how));
    if (decision.kind !== "act") return;
    if (!fresh && needsSecondLook(decision.act)) return; // The runner looks a second time, and that look is judged as a fresh one.
    if (objection) {
      report(`the guard refuses what was decided: ${JSON.stringify(objection)}`, truth, how);
      return;
    }
    // Refused or failed leaves the account as it is; applied with its answer lost is the same state as applied.
    const { after, refused } = perform(truth.account, decision.act, goal, heard, (what) => report(what, truth, how));
    if (refused && fresh && refused !== "InsufficientInstanceCapacity") {
      report(`AWS refuses what was decided: ${refused}`, truth, how);
    }
    if (refused) return;
    const old = reach(after, truth, how, truth.start, next);
    // Right after one's own write a look may still show the old state: judged for every write, not only the first way here.
    if (old && fresh) playStale({ account: old, from: truth, how, start: truth.start }, next);
  };
  const playStale = (here: Reached, next: Reached[]) => {
    if (!here.from) return;
    for (const moments of stale(here.from.account, here.account)) {
      staleLooks += 1;
      for (const one of think(lookAt(moments))) play(one, here, false, next);
    }
  };

  /** All that a state leads to without anybody else's hand in it. */
  const expand = (here: Reached, next: Reached[]) => {
    const { account, start } = here;
    for (const one of think(look(account))) play(one, here, true, next);
    playStale(here, next);
    for (const goal of GOALS)
      if (goal !== SNAPSHOT || start.data) live(account, goal, (what, way) => report(what, here, way));
    for (const id of Object.keys(account.pending)) {
      // A machine that has ended comes to nothing more; only another of its name does.
      if (isOver(account) && !id.startsWith("run:") && !(account.habits?.tagsRelaunched && id.startsWith("relaunch:")))
        continue;
      reach(settle(account, id, NOW), here, `AWS: ${id}`, start, next);
    }
  };

  let level: Reached[] = [];
  for (const start of starts) reach(start.account, undefined, start.name, start, level);
  for (let taken = 0; broken.length < limit; taken += 1) {
    // Everything that can be reached with so many interferences, before the next one.
    for (let at = 0; at < level.length && broken.length < limit; at += 1) expand(level[at] as Reached, level);
    if (taken === hands) break;
    const next: Reached[] = [];
    for (const here of level) {
      // With more to lose, or with another machine of the name, there is more that can be done: one hand costs as much as two elsewhere.
      if ((here.start.data || here.account.habits?.tagsRelaunched) && taken > 0) continue;
      for (const [how, after] of interference(here.account, here.start)) reach(after, here, how, here.start, next);
    }
    level = next;
  }
  return { states: seen.mortal.size + seen.immortal.size + seen.data.size, edges, staleLooks, broken };
}

function isOver(account: Account): boolean {
  return account.instances[INSTANCE]?.state === "terminated";
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
      ["snapshots", before.snapshots !== now.snapshots],
    ] as const
  )
    .filter(([, differs]) => differs)
    .map(([table]) => table);
  for (let mask = 1; mask < 1 << tables.length; mask += 1) {
    const moments = { ...allAt(now) };
    tables.forEach((table, bit) => {
      if (mask & (1 << bit)) moments[table] = before;
    });
    yield moments;
  }
}
