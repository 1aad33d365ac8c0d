/** What a yes does, as a numbered table: act, object, consequence; what cannot be undone in red. Pure. */

import { sayDeed } from "../../ops/operation/deeds.ts";
import type { Deed } from "../../ops/operation/types.ts";
import { flow } from "../format/flow.ts";
import { type Line, t } from "../format/line.ts";
import { clean, pad, width } from "../format/text.ts";

const GAP = 2;
/** Below this the consequences no longer read well beside the rest. */
const LEAST = 20;

/** The columns that the table likes to have. */
export function deedColumns(deeds: readonly Deed[]): number {
  if (deeds.length === 0) return 0;
  return before(deeds) + Math.max(...deeds.map(({ consequence = "" }) => width(clean(consequence))));
}

/** The rows, `columns` wide; where there is no room for a table, numbered sentences. */
export function deedRows(deeds: readonly Deed[], columns: number): readonly Line[] {
  const indent = before(deeds);
  const room = columns - indent;
  if (room < LEAST) {
    return deeds.flatMap((deed, index) =>
      flow(`${index + 1}  ${clean(sayDeed(deed))}`, columns).map((row) => [t(row, tone(deed))]),
    );
  }
  const [acts, objects] = widths(deeds);
  return deeds.flatMap((deed, index) => {
    const { act, object, consequence = "" } = deed;
    const [first = "", ...rest] = flow(clean(consequence), room);
    const head: Line = [
      t(pad(String(index + 1), numbers(deeds) + GAP), "text.dim"),
      t(pad(clean(act), acts + GAP), tone(deed) ?? "text.strong"),
      t(pad(clean(object), objects + GAP), tone(deed)),
      t(first, tone(deed)),
    ];
    return [head, ...rest.map((row): Line => [t(" ".repeat(indent)), t(row, tone(deed))])];
  });
}

function tone({ irreversible }: Deed) {
  return irreversible ? "status.error" : undefined;
}

function numbers(deeds: readonly Deed[]): number {
  return String(deeds.length).length;
}

function widths(deeds: readonly Deed[]): readonly [acts: number, objects: number] {
  const widest = (texts: readonly string[]) => Math.max(0, ...texts.map((text) => width(clean(text))));
  return [widest(deeds.map(({ act }) => act)), widest(deeds.map(({ object }) => object))];
}

function before(deeds: readonly Deed[]): number {
  const [acts, objects] = widths(deeds);
  return numbers(deeds) + acts + objects + 3 * GAP;
}
