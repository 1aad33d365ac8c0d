/** Texts that steer a terminal, planted in whatever is drawn, and the search of what was written for them. */

import { Box, useWindowSize } from "ink";
import type { ReactNode } from "react";
import { expect } from "vitest";
import type { Screen } from "../harness/screen.tsx";

const ESC = "\u001b";

/** Each steers a terminal in a way of its own, and none is like what Ink writes: 7777 is in all that take a number. */
const ATTACKS: readonly string[] = [
  ...[
    `${ESC}[7777m`,
    `${ESC}[7777J`,
    `${ESC}[?7777h`,
    `${ESC}]7777;owned\u0007`,
    `${ESC}]52;c;b3duZWQ=${ESC}\\`,
    `${ESC}c`,
  ],
  ...[
    `${ESC}P7777q${ESC}\\`,
    `${ESC}_7777${ESC}\\`,
    `${ESC}(0`,
    `${ESC}7`,
    "\u009b7777m",
    "\u009d7777;owned\u009c",
    "\u0090q",
  ],
  ...[
    "\u0000",
    "\u0007",
    "\b\b\b",
    "\u007f",
    "\u000e",
    "\u000b",
    "\f",
    "\u0085",
    `${ESC}`,
    `${ESC}[`,
    `${ESC}]`,
    "\u001b\u001b[7777m",
  ],
  ...[
    "\u202e",
    "\u2066",
    "\u200f",
    "\u061c",
    "\u2028",
    "\u2029",
    "\n",
    "\r",
    "\r\n\r\n",
    "\t",
    "\ud800",
    "\u{e0041}",
    "\u200b",
  ],
];

/** What Ink and our styles write: colours, cursor moves, erasing, modes of the screen, synchronised output. */
const OURS = new RegExp(
  `${ESC}\\[(?:\\d{1,3}(?:[;:]\\d{1,3})*)?[mABCDEFGHJK]|${ESC}\\[\\?(?:25|1049|2004|2026|7)[hl]`,
  "g",
);

/** What is left of everything that was written when our own sequences are taken out is plain text. */
export function expectHarmless(written: string): void {
  const rest = written.replaceAll(OURS, "").replaceAll(/\r?\n/g, "");
  const found = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/u.exec(rest);
  if (found) {
    const near = JSON.stringify(rest.slice(Math.max(0, found.index - 60), found.index + 40));
    throw new Error(`the terminal was sent U+${found[0].codePointAt(0)?.toString(16)} in ${near}`);
  }
}

export let turn = 0;

/** The next attack in an innocent text, sometimes several. */
export function attack(word = "x"): string {
  turn += 1;
  const one = ATTACKS[turn % ATTACKS.length] ?? "";
  const other = ATTACKS[(turn * 7) % ATTACKS.length] ?? "";
  return turn % 3 ? `${word}${one}${word}` : `${one}${word}${other}${"y".repeat(turn % 90)}`;
}

/** Fields whose values are ours: they are checked where they are read. */
const OWN = new Set([
  "state",
  "status",
  "kind",
  "rootKind",
  "addressPlace",
  "market",
  "spec",
  "via",
  "mode",
  "stream",
  "type",
]);

/** The value with an attack in every text that comes from outside, and in every key of the tags. */
export function planted<T>(value: T, key = ""): T {
  if (typeof value === "string") return (OWN.has(key) && key !== "type" ? value : attack(value)) as T;
  if (typeof value !== "object" || value === null || value instanceof Set || OWN.has(key)) return value;
  if (Array.isArray(value)) return value.map((one: unknown) => planted(one, key)) as T;
  const tags = key === "tags" ? [[attack("key"), attack("value")]] : [];
  const fields = Object.entries(value).map(([name, one]) => [name, planted(one, name)]);
  return Object.fromEntries([...fields, ...tags]) as T;
}

export const FAILURE = { kind: "server", sentence: "It broke.", action: "Wait.", code: "X" } as const;

/** Rounds of each screen: each plants dozens of texts, so that all together are well over ten thousand. */
const ROUNDS = 60;

export async function rounds(screen: Screen, round: (turn: number) => Promise<void> | void): Promise<void> {
  try {
    for (let now = 0; now < ROUNDS; now += 1) {
      await round(now);
      await screen.press(now % 2 ? "down" : "up");
    }
    expectHarmless(screen.written());
    expect(screen.scrolledAway()).toBe(0);
    expect(screen.written().length).toBeGreaterThan(2_000);
  } finally {
    await screen.unmount();
  }
}

export function InRoot({ children }: { children: (size: { columns: number; rows: number }) => ReactNode }) {
  const { columns, rows } = useWindowSize();
  return (
    <Box width={columns} height={rows} overflow="hidden">
      {children({ columns, rows })}
    </Box>
  );
}
