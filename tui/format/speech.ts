/** Lines as they are said by a screen reader: words without what only the eye needs. Pure. */

import type { Line, Piece } from "./line.ts";

/** Rules, boxes, bars, charts, shapes and ticks: beside each of them stands a word. */
const DECORATION = /[\u2190-\u21ff\u2500-\u25ff\u2800-\u28ff✓✗✕±×Δ…│┃]/gu;
const ARROWS: Readonly<Record<string, string>> = { "↑": " up ", "↓": " down ", "←": " left ", "→": " right " };

/** The line in words at the instant `now`; "" where there is nothing to say. */
export function speech(line: Line, now: number): string {
  return speakable(line.map((piece) => said(piece, now)).join(""));
}

function said(piece: Piece, now: number): string {
  // A cell is a column of its own: what follows it does not belong to its last word.
  if ("cell" in piece) return `${piece.cell.map((one) => said(one, now)).join("")}  `;
  if ("tick" in piece) return piece.tick(now);
  const text = piece.spoken ?? piece.text;
  return piece.token === "key" ? text.replaceAll(/[↑↓←→]/g, (arrow) => ARROWS[arrow] ?? "") : text;
}

/** A text without decoration, its columns and separators as commas. */
export function speakable(text: string): string {
  return text
    .replaceAll(/[↑↓] (?=\d+ more)/g, (arrow) => (arrow.startsWith("↑") ? "above " : "below "))
    .replaceAll(" → ", " to ")
    .replaceAll("≤ ", "at most ")
    .replaceAll(DECORATION, " ")
    .replaceAll("·", ", ")
    .trim()
    .replaceAll(/ {2,}/g, ", ")
    .replaceAll(/\s*,(?:\s+,?)+/g, ", ")
    .replaceAll(/([.:;!?]),/g, "$1")
    .replace(/^[,\s]+|[,\s]+$/g, "");
}
