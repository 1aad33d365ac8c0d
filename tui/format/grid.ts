/** Lines put in order: columns that align, labelled facts, rules and boxes. Pure. */

import type { Token } from "../shared/theme.ts";
import { cellOf, join, type Line, lineWidth, type Piece, t } from "./line.ts";

const GAP = "  ";

/** A column of a grid: for each group (a machine) one line per row. */
export interface Column {
  readonly groups: readonly (readonly Line[])[];
  readonly align?: "left" | "right";
  /** Takes the room that is left over, and gives room down to this many columns. One column of a grid. */
  readonly grow?: number;
  /** Where room is short the column with the highest number goes first; without a number it stays. */
  readonly drop?: number;
}

/** Rows for each group in which every column begins at the same place, `columns` wide together. */
export function grid(all: readonly Column[], height: number, columns: number, now: number): Line[][] {
  let kept = all.map((column) => ({ column, wide: widest(column, now, height) }));
  const least = () => total(kept.map(({ column, wide }) => ({ wide: Math.min(wide, column.grow ?? wide) })));
  while (least() > columns) {
    const going = kept.reduce((a, b) => ((b.column.drop ?? 0) > (a.column.drop ?? 0) ? b : a));
    if (going.column.drop === undefined) break;
    kept = kept.filter((one) => one !== going);
  }
  const rest = columns - total(kept);
  const widths = kept.map(({ column, wide }) => (column.grow === undefined ? wide : Math.max(0, wide + rest)));
  const groups = all[0]?.groups.length ?? 0;
  return Array.from({ length: groups }, (_, group) =>
    Array.from({ length: height }, (_, row) =>
      join(
        kept.map(({ column }, place) => [
          cellOf(column.groups[group]?.[row] ?? [], widths[place] ?? 0, column.align ?? "left"),
        ]),
        t(GAP),
      ),
    ),
  );
}

function widest({ groups }: Column, now: number, height: number): number {
  return Math.max(0, ...groups.flatMap((lines) => lines.slice(0, height).map((line) => lineWidth(line, now))));
}

function total(kept: readonly { readonly wide: number }[]): number {
  return kept.reduce((sum, { wide }) => sum + wide, 0) + GAP.length * Math.max(0, kept.length - 1);
}

/** What is said about one thing: parts that stay whole, as many to a row as fit. */
export interface Fact {
  readonly label: string;
  readonly parts: readonly Line[];
  /** What is said besides where there is room. */
  readonly more?: readonly Line[];
  /** What stands between the parts; two spaces if nothing is said. */
  readonly gap?: string;
  /** Where room is short the facts with the highest number go first. */
  readonly rank: number;
}

export const LABEL_WIDTH = 11;

/**
 * Facts with their labels in a gutter, in at most `height` rows: what does not fit a row goes on in the next one; where
 * rows are short, first the additions go, then whole facts.
 */
export function factLines(facts: readonly Fact[], columns: number, height: number, now: number): Line[] {
  const room = Math.max(1, columns - LABEL_WIDTH);
  const said = facts.filter(({ parts }) => parts.some((part) => part.length > 0));
  const roomy = said.flatMap((fact) =>
    labelled(fact.label, flow([...fact.parts, ...(fact.more ?? [])], fact.gap, room, now)),
  );
  if (roomy.length <= height) return roomy;
  let blocks = said.map(({ label, parts, gap, rank }) => ({
    rank,
    lines: labelled(label, flow(parts, gap, room, now)),
  }));
  const rows = () => blocks.reduce((sum, block) => sum + block.lines.length, 0);
  while (blocks.length > 1 && rows() > height) {
    const going = blocks.reduce((a, b) => (b.rank >= a.rank ? b : a));
    blocks = blocks.filter((block) => block !== going);
  }
  return blocks.flatMap((block) => block.lines).slice(0, Math.max(0, height));
}

/** Lines beside a gutter in which the first one has its label. */
export function labelled(label: string, lines: readonly Line[]): Line[] {
  return lines.map((line, row) => [cellOf([t(row ? "" : label, "text.dim")], LABEL_WIDTH), ...line]);
}

function flow(parts: readonly Line[], gap = GAP, room: number, now: number): Line[] {
  const rows: Line[] = [];
  for (const part of parts) {
    if (part.length === 0) continue;
    const last = rows.at(-1);
    const joined = last && join([last, part], t(gap));
    if (joined && lineWidth(joined, now) <= room) rows[rows.length - 1] = joined;
    else rows.push(part);
  }
  return rows;
}

/** "── title ─── note ──": where one part of the screen ends and the next begins. */
export function rule(title: Line, columns: number, now: number, token: Token = "text.dim"): Line {
  const wide = lineWidth(title, now);
  const rest = Math.max(0, columns - wide - 4);
  return title.length ? [t("── ", token), ...title, t(` ${"─".repeat(rest)}`, token)] : [t("─".repeat(columns), token)];
}

/** `lines` in a box of exactly `height` rows, its title in the upper edge; at least two rows and four columns. */
export function boxed(
  title: Line,
  lines: readonly Line[],
  columns: number,
  height: number,
  now: number,
  token: Token = "text.dim",
): Line[] {
  const inner = Math.max(0, columns - 4);
  const name: Piece[] = title.length
    ? [t("─ ", token), cellOf(title, Math.min(lineWidth(title, now), inner - 1)), t(" ", token)]
    : [];
  const edge = "─".repeat(Math.max(0, columns - 2 - lineWidth(name, now)));
  const body = Array.from(
    { length: Math.max(0, height - 2) },
    (_, row): Line => [t("│ ", token), cellOf(lines[row] ?? [], inner), t(" │", token)],
  );
  return [
    [t("╭", token), ...name, t(`${edge}╮`, token)],
    ...body,
    [t(`╰${"─".repeat(Math.max(0, columns - 2))}╯`, token)],
  ];
}

/** The first of the lines that fits `columns`, else the last one. */
export function firstFitting(lines: readonly Line[], columns: number, now: number): Line {
  return lines.find((line) => lineWidth(line, now) <= columns) ?? lines.at(-1) ?? [];
}

/** `left` and `right` at the two ends of a row; where both do not fit, the left one is cut. */
export function ends(left: Line, right: Line, columns: number, now: number): Line {
  const wide = lineWidth(right, now);
  return [cellOf(left, Math.max(0, columns - wide - (wide ? 1 : 0))), ...(wide ? [t(" "), ...right] : [])];
}
