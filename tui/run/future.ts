/** What is still to come of a run, in words: "step 4 of 11, about 2 min left (usually 3 to 12 min)". Pure. */

import type { Forecast } from "../../ops/operation/forecast.ts";
import { type Line, t, ticking } from "../format/line.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** "about 40 s left": coarse, so that it does not flicker. */
function leftWords({ leftMs, late }: Forecast): string {
  if (late) return "longer than usual";
  if (leftMs < 5 * SECOND) return "a moment left";
  if (leftMs < MINUTE) return `about ${Math.ceil(leftMs / (10 * SECOND)) * 10} s left`;
  return `about ${Math.ceil(leftMs / MINUTE)} min left`;
}

/** "3 to 12 min", "20 to 90 s". */
export function rangeWords([least, most]: readonly [number, number]): string {
  const [unit, word] = most < 2 * MINUTE ? [SECOND, "s"] : [MINUTE, "min"];
  const [from, to] = [Math.max(1, Math.floor(least / unit)), Math.max(1, Math.ceil(most / unit))];
  return from === to ? `${to} ${word}` : `${from} to ${to} ${word}`;
}

/** @param look what is forecast at an instant; undefined where nothing is known ahead */
export function futureLine(look: (now: number) => Forecast | undefined, now: number): Line | undefined {
  const first = look(now);
  if (!first) return undefined;
  return [
    t(`step ${first.at} of ${first.of}`, "text.strong"),
    ticking((at) => {
      const then = look(at) ?? first;
      return `, ${leftWords(then)}`;
    }, "status.busy"),
    t(` (usually ${rangeWords(first.usualMs)})`, "text.dim"),
  ];
}
