import { type Headline, headlines } from "../fleet/derive/headline.ts";
import { MACHINES } from "../fleet/machines.ts";
import type { Fleet } from "../fleet/model.ts";
import { unfinishedSwaps } from "./unfinished.ts";

/** All that is out of order, the gravest first: swaps that are half done, whoever began them, and what the fleet shows. */
export function allHeadlines(fleet: Fleet): readonly Headline[] {
  const unfinished = unfinishedSwaps(fleet);
  const half = new Set(unfinished.map(({ machine }) => machine));
  return [
    ...unfinished.map(
      ({ machine, sentence }): Headline => ({
        kind: "unfinished-swap",
        severity: "alarm",
        machine,
        sentence,
        action: `Go on with the swap: s, or make swap-${MACHINES[machine].short}.`,
      }),
    ),
    // The same in other words: the root is a temporary one because its swap is half done.
    ...headlines(fleet).filter(({ kind, machine }) => kind !== "temporary-disk" || !machine || !half.has(machine)),
  ];
}
