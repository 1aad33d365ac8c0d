/** The fleet screen as one text, for the moment before anything that draws is loaded. Pure but for the clock. */

import type { Ops } from "../ops/ops.ts";
import { fleetFrame, isTooSmall } from "./fleet/fleet-frame.ts";
import { whyNotOn } from "./keys/availability.ts";
import { startOn } from "./navigation.ts";

interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What the stores hold now, as the screen's first frame will have it; empty where the window has no room for it. */
export function firstFrame(ops: Ops, { columns, rows }: Size): string {
  if (isTooSmall(columns, rows)) return "";
  const navigation = startOn(ops.fleet.get().fleet);
  const whyNot = whyNotOn(ops, navigation.selected);
  const frame = fleetFrame({ ops, navigation, columns, rows: rows - 2, whyNot });
  const left = [...frame.headline, ...frame.cards.flatMap((card) => card.rows), ...frame.below];
  const top = 2;
  const fits = (text: string, row: number, column = 1) => (row < rows ? at(row, column) + text : "");
  return [
    at(1, 1) + frame.header,
    ...left.map((text, row) => fits(text, top + row)),
    ...frame.beside.map((text, row) => fits(text, top + frame.headline.length + row, frame.leftColumns + 2)),
    at(rows, 1) + frame.footer,
  ].join("");
}

/** CUP: rows and columns from 1. */
function at(row: number, column: number): string {
  return `\u001b[${row};${column}H`;
}
