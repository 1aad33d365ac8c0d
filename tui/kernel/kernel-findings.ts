/** The errors and warnings of a build as rows: where, and what is said. Pure. */

import type { Finding, KernelView } from "../../ops/kernel/view.ts";
import { ends } from "../format/grid.ts";
import { cellOf, type Line, lineWidth, marker, t } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { keyOf } from "../keys/registry.ts";
import { countWords, placeWords } from "./kernel-words.ts";

const dim = (text: string) => t(text, "text.dim");

/** "drivers/net/tun.c:12:3  'foo' undeclared". */
export function findingWords(finding: Finding): string {
  return [placeWords(finding), clean(finding.text)].filter(Boolean).join("  ");
}

/** A finding as a row of the list, `placeColumns` for where it is. */
export function findingLine(finding: Finding, chosen: boolean, placeColumns: number): Line {
  const error = finding.severity === "error";
  return [
    marker(chosen),
    cellOf([t(error ? "✗ error" : "! warning", error ? "status.error" : "status.warn")], 10),
    cellOf([t(shortPlace(finding, placeColumns), chosen ? "selected" : undefined)], placeColumns),
    t(`  ${clean(finding.text)}`, chosen ? "text.strong" : undefined),
  ];
}

/** Where room is short, the end of a path says more than its beginning. */
function shortPlace(finding: Finding, columns: number): string {
  const place = placeWords(finding);
  return place.length <= columns ? place : `…${place.slice(place.length - columns + 1)}`;
}

/** The columns that the places of these findings take, `most` at most. */
export function placeWidth(findings: readonly Finding[], most: number): number {
  return Math.min(most, Math.max(0, ...findings.map((finding) => placeWords(finding).length)));
}

/** The edge above the list, as a log has one: "── 2 errors, 3 warnings ──── 2 of 5 ──". */
export function findingsRule(view: KernelView, chosen: number, columns: number, now: number): Line {
  const { findings, errors, warnings } = view;
  const all = errors + warnings;
  const kept = all > findings.length ? `, kept ${findings.length}` : "";
  const left: Line = [dim("── "), t(countWords(view)), dim(" ")];
  const right: Line = findings.length
    ? [dim(" "), t(keyOf("kernel", "accept"), "key"), dim(` in the log  ${chosen + 1} of ${all}${kept} ──`)]
    : [];
  const rest = Math.max(0, columns - lineWidth(left, now) - lineWidth(right, now) - 1);
  return ends([...left, dim("─".repeat(rest))], right, columns, now);
}
