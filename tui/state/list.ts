/** A list with one item chosen, of which a window is shown. */

import { useState } from "react";

/** The chosen index of a list of `length`, kept within it when the list changes, and the function that moves it. */
export function useChosen(length: number): { readonly chosen: number; readonly move: (by: number) => void } {
  const [wanted, setWanted] = useState(0);
  const chosen = Math.max(0, Math.min(length - 1, wanted));
  return {
    chosen,
    move: (by) => setWanted((old) => Math.max(0, Math.min(length - 1, Math.min(length - 1, old) + by))),
  };
}

/** The first index to show so that `chosen` is in sight, with something before and after it where there is. */
export function listWindow(chosen: number, length: number, rows: number): number {
  return Math.max(0, Math.min(chosen - Math.floor(rows / 2), length - rows));
}
