/** Tags: labels, but for those by which machines, volumes and addresses are found and protected. */

import { PERSISTENT_TAG } from "../../fleet/tags.ts";
import { fields } from "../plan.ts";
import { type AttributeRule, isFresh, isSame, NOTHING, type Turn, words } from "./place.ts";

/** Labels of something that nobody finds by a tag. */
export const labels: AttributeRule = (turn) => named(turn, (key) => key.startsWith("snowglobe:"));

/** Of what is found by its Name: a new one is another thing to the cockpit, and to the auto-stop Lambda. */
export const nameTags: AttributeRule = (turn) => named(turn, (key) => key === "Name" || key.startsWith("snowglobe:"));

/** The one that keeps a volume from being deleted, in tags that may have it. Unknown tags may be without it. */
export function takesMarkOff({ before, after, unknown }: Pick<Turn, "before" | "after" | "unknown">): boolean {
  const had = fields(before)[PERSISTENT_TAG];
  if (had === undefined) return false;
  const marks = unknown === true || fields(unknown)[PERSISTENT_TAG] === true;
  return marks || fields(after)[PERSISTENT_TAG] !== had;
}

function named(turn: Turn, matters: (key: string) => boolean): ReturnType<AttributeRule> {
  if (isFresh(turn) && turn.unknown !== true) return NOTHING;
  const { before, after, unknown } = turn;
  if (unknown === true) return [["typed", `changes tags to values known only after the apply: ${words(turn)}`]];
  const [was, will, marks] = [fields(before), fields(after), fields(unknown)];
  const keys = new Set([...Object.keys(was), ...Object.keys(will), ...Object.keys(marks)]);
  const changed = [...keys].filter((key) => matters(key) && (marks[key] === true || !isSame(was[key], will[key])));
  return changed.map((key) => {
    const to = marks[key] === true ? "a value known only after the apply" : JSON.stringify(will[key] ?? null);
    const from = JSON.stringify(was[key] ?? null);
    return ["typed", `changes the tag ${key} of ${turn.look.change.address}, which is found by it: ${from} to ${to}`];
  });
}
