/** From every state, with no more faults, a player comes to the goal or to an honest word why it cannot. */

import type { Decision, Goal } from "../../ops/machine/decision.ts";
import type { Heard } from "../../ops/machine/world.ts";
import { type Account, rootOf, spotRequestOf, volumesOf } from "../simulator/ec2/account.ts";
import { settle } from "../simulator/ec2/settle.ts";
import { BY_USER } from "../simulator/ec2/transitions.ts";
import { ANSWERED, REFUSED, START_REFUSED, UNHEARD } from "./heard.ts";
import { look, NOW } from "./look.ts";
import { checkDone, INSTANCE, MACHINE, type Mind, OWN_VOLUME, perform, see } from "./player.ts";
import { same } from "./tables.ts";

type Tell = (what: string, way: string) => void;

/** Judges every way on from an account; what was judged once is not walked again. */
export function liveness(mind: Mind): (account: Account, goal: Goal, tell: Tell) => void {
  const judged = new Map<string, Map<Account, "open" | "good" | "bad">>();

  /** True where every way on from here ends well. */
  const walk = (account: Account, goal: Goal, heard: Heard, tell: Tell, way: string): boolean => {
    const play = `${JSON.stringify(goal)}${heard.ssh.status}${heard.persistentRefused}${heard.snapshotRefused}${heard.startRefused}`;
    const verdicts = judged.get(play) ?? new Map<Account, "open" | "good" | "bad">();
    judged.set(play, verdicts);
    const known = verdicts.get(account);
    if (known === "open") {
      tell("goes round in circles", way);
      return false;
    }
    if (known) return known === "good";
    verdicts.set(account, "open");
    const good = next(account, goal, heard, tell, way);
    verdicts.set(account, good ? "good" : "bad");
    return good;
  };

  const next = (account: Account, goal: Goal, heard: Heard, tell: Tell, way: string): boolean => {
    const decision = mind.decide(see(look(account), heard), goal);
    const on = `${way} → ${say(decision)}`;
    const fail = (what: string) => {
      tell(what, on);
      return false;
    };
    switch (decision.kind) {
      case "done": {
        const wrong: string[] = [];
        checkDone(account, goal, heard, (what) => wrong.push(what));
        return wrong.length === 0 || fail(wrong.join("; "));
      }
      case "blocked":
        return mayBlock(account, goal, heard) || fail(`gives up without need: ${decision.sentence}`);
      case "act": {
        const { after, refused } = perform(account, decision.act, goal, heard, () => {});
        if (refused === "InsufficientInstanceCapacity") return true;
        if (refused) return fail(`AWS refuses: ${refused}`);
        return walk(same(after), goal, heard, tell, on);
      }
      case "wait": {
        if (decision.ask === "ssh") return walk(account, goal, { ...heard, ssh: ANSWERED.ssh }, tell, on);
        const ways = Object.keys(account.pending)
          .map((id) => same(settle(account, id, NOW)))
          .filter((after) => after !== account);
        if (ways.length > 0) return ways.every((after) => walk(after, goal, heard, tell, on));
        if (decision.thenGiveUpPersistent) return walk(account, goal, REFUSED, tell, on);
        const type = account.instances[INSTANCE]?.type ?? "";
        return account.noSpotCapacity.includes(type) || fail(`waits for what never comes: ${decision.until}`);
      }
    }
  };
  return (account, goal, tell) => {
    walk(account, goal, UNHEARD, tell, goal.kind);
    if (goal.kind === "swapped") walk(account, goal, START_REFUSED, tell, `${goal.kind}, starts refused`);
  };
}

function say(decision: Decision): string {
  return decision.kind === "act"
    ? JSON.stringify(decision.act)
    : decision.kind === "wait"
      ? decision.until
      : decision.kind;
}

/** Whether the account itself gives reason to stop here. Anything else is giving up without need. */
export function mayBlock(account: Account, goal: Goal, heard: Heard): boolean {
  const instance = account.instances[INSTANCE];
  if (!instance || instance.state === "shutting-down" || instance.state === "terminated") return true;
  if (isNamedTwice(account)) return true;
  const request = spotRequestOf(account, instance);
  if (instance.spotRequestId && !["active", "open", "disabled"].includes(request?.state ?? "")) return true;
  const ownersToStart =
    instance.stateReason?.code === BY_USER.code ||
    request?.statusCode === "instance-stopped-by-experiment" ||
    request?.statusCode === "instance-stopped-by-user";
  if (instance.state === "stopped" && !ownersToStart) return true;
  const root = rootOf(account, instance);
  if (goal.kind !== "swapped") return goal.kind !== "stopped" && !root;
  if (heard.persistentRefused || heard.startRefused) return true;
  // A root that nobody was asked about: somebody has put it on since.
  if (root && root.id !== OWN_VOLUME && root.id !== goal.takeOff) return true;
  const own = account.volumes[OWN_VOLUME];
  if (!own || own.zone !== instance.zone) return true;
  // On another machine that lives, or on this one as a second disk.
  const holder = own.attachment && account.instances[own.attachment.instanceId];
  if (holder && holder.id !== INSTANCE) return true;
  return volumesOf(account, INSTANCE).some(
    (one) => one.id === OWN_VOLUME && one.attachment.device !== instance.rootDeviceName,
  );
}

/** Which of two that live under the name is the machine is for a person to say. */
function isNamedTwice({ instances }: Account): boolean {
  const live = (state: string) => state !== "terminated" && state !== "shutting-down";
  return Object.values(instances).filter(({ tags, state }) => tags.Name === MACHINE && live(state)).length > 1;
}
