/** Lists of which a window is shown: with one item chosen, or only to be read. */

import { useState } from "react";
import { shownKey } from "../keys/key-names.ts";
import type { Command } from "../keys/registry.ts";
import { useInstant } from "./instant.ts";
import type { Hint } from "./overlay.tsx";

/** What the keys that every list has do. */
type Moves = Readonly<Record<Extract<Command, "up" | "down" | "pageUp" | "pageDown" | "top" | "bottom">, () => void>>;

const PAGE = 10;

function movesBy(move: (by: number) => void, length: number, page = PAGE): Moves {
  return {
    up: () => move(-1),
    down: () => move(1),
    pageUp: () => move(-page),
    pageDown: () => move(page),
    top: () => move(-length),
    bottom: () => move(length),
  };
}

interface Chosen {
  /** The chosen index, kept within the list when that changes. */
  readonly chosen: number;
  /** The same for handlers: right even before it is drawn. */
  readonly now: () => number;
  readonly move: (by: number) => void;
  readonly moves: Moves;
}

export function useChosen(length: number, page?: number): Chosen {
  const { value, get, set } = useInstant(0);
  const within = (index: number) => Math.max(0, Math.min(length - 1, index));
  const now = () => within(get());
  const move = (by: number) => set(within(now() + by));
  return { chosen: within(value), now, move, moves: movesBy(move, length, page) };
}

interface Scroll {
  /** The first line to show. */
  readonly from: number;
  readonly moves: Moves;
  readonly toTop: () => void;
  /** Says that there is more, where there is. */
  readonly hints: readonly Hint[];
}

/** Lines to be read, of which `height` are shown. */
export function useScroll(length: number, height: number): Scroll {
  const [wanted, setWanted] = useState(0);
  const last = Math.max(0, length - Math.max(1, height));
  const from = Math.min(wanted, last);
  const arrows = `${shownKey("up")}${shownKey("down")}`;
  return {
    from,
    moves: movesBy((by) => setWanted(Math.max(0, Math.min(last, from + by))), last),
    toTop: () => setWanted(0),
    hints: last > 0 ? [[arrows, from < last ? "more below" : "back up"]] : [],
  };
}

/** The first index to show so that `chosen` is in sight, with something before and after it where there is. */
export function listWindow(chosen: number, length: number, rows: number): number {
  return Math.max(0, Math.min(chosen - Math.floor(rows / 2), length - rows));
}
