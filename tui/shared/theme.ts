/** Semantic styles. Components name what a thing means; only this file knows colours. */

import type { TextProps } from "./text-props.ts";

/** NO_COLOR (no-color.org): any non-empty value switches colour off; shape and words carry the state alone. */
const plain = Boolean(process.env.NO_COLOR);

export type Token =
  | "text"
  | "text.dim"
  | "text.strong"
  | "status.ok"
  | "status.busy"
  | "status.warn"
  | "status.error"
  | "status.alarm"
  | "status.off"
  | "accent"
  | "accent.strong"
  | "selected"
  | "headline.error"
  | "headline.warn"
  | "headline.ok"
  | "demo"
  | "key"
  | "button"
  | "match"
  | "cursor"
  | "qr";

/** The terminal's own sixteen colours, so that every palette and every terminal shows them as its user chose. */
const COLOURED: Readonly<Record<Token, TextProps>> = {
  text: {},
  "text.dim": { color: "gray" },
  "text.strong": { bold: true },
  "status.ok": { color: "green" },
  "status.busy": { color: "cyan" },
  "status.warn": { color: "yellow" },
  "status.error": { color: "red" },
  "status.alarm": { color: "red", bold: true },
  "status.off": { color: "gray" },
  accent: { color: "cyan" },
  "accent.strong": { color: "cyan", bold: true },
  selected: { color: "cyan", bold: true },
  "headline.error": { color: "red", bold: true, inverse: true },
  "headline.warn": { color: "yellow", bold: true, inverse: true },
  "headline.ok": { color: "green", bold: true },
  demo: { color: "magenta", bold: true, inverse: true },
  key: { color: "cyan", bold: true },
  button: { bold: true, inverse: true },
  match: { inverse: true },
  cursor: { inverse: true },
  // Scanners want dark on light whatever the terminal's palette: the light modules are drawn, on black.
  qr: { color: "whiteBright", backgroundColor: "black" },
};

/** The Ink Text properties of a token: `<Text {...style("status.error")}>`. */
export function style(token: Token): TextProps {
  const { color, backgroundColor, ...rest } = COLOURED[token];
  if (plain) return rest;
  return { ...(color && { color }), ...(backgroundColor && { backgroundColor }), ...rest };
}

/** Border colours for boxes; nothing where colour is off. */
export function border(token: "border" | "border.focus" | "border.warn" | "border.error"): { borderColor?: string } {
  if (plain) return {};
  const colour = { border: "gray", "border.focus": "cyan", "border.warn": "yellow", "border.error": "red" }[token];
  return { borderColor: colour };
}
