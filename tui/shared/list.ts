/** A list with one item chosen, of which a window is shown. */

import { useInstant } from "./instant.ts";

interface Chosen {
  /** The chosen index, kept within the list when that changes. */
  readonly chosen: number;
  /** The same for handlers: right even before it is drawn. */
  readonly now: () => number;
  readonly move: (by: number) => void;
}

export function useChosen(length: number): Chosen {
  const { value, get, set } = useInstant(0);
  const within = (index: number) => Math.max(0, Math.min(length - 1, index));
  const now = () => within(get());
  return { chosen: within(value), now, move: (by) => set(within(now() + by)) };
}

/** The first index to show so that `chosen` is in sight, with something before and after it where there is. */
export function listWindow(chosen: number, length: number, rows: number): number {
  return Math.max(0, Math.min(chosen - Math.floor(rows / 2), length - rows));
}
