/** What a serial console shows of one kernel's boot: its last lines, and the one that says why it ended. Pure. */

import { redactLine } from "../aws/redact.ts";

export interface ConsoleFindings {
  /** The last lines of that boot, without time stamps, plain text. */
  readonly lines: readonly string[];
  /** The line of its panic. */
  readonly panic: string | undefined;
}

const SHOWN = 20;

/** Looks for the last boot of `release` in a console's text; where it is not named, nothing of the text is its. */
export function readConsole(text: string, release: string): ConsoleFindings {
  const lines = text.split(/[\r\n]+/).map((line) => redactLine(line.replace(/^\s*\[\s*\d+\.\d+\]\s?/, "")));
  const begins = (line: string) => line.startsWith("Linux version ");
  const first = lines.findLastIndex((line) => begins(line) && line.split(" ")[2] === release);
  if (first < 0) return { lines: [], panic: undefined };
  const next = lines.findIndex((line, index) => index > first && begins(line));
  const own = lines
    .slice(first, next < 0 ? undefined : next)
    .filter((line) => line !== "" && !line.startsWith("GNU GRUB"));
  const panic =
    own.find((line) => line.startsWith("Kernel panic - not syncing")) ?? own.find((line) => PANICS.test(line));
  // What led to a panic comes before it, and what comes after it is its trace.
  const about = own.findIndex((line) => PANICS.test(line));
  const shown = about < 0 ? own.slice(-SHOWN) : own.slice(Math.max(0, about - 2)).slice(0, SHOWN);
  return { lines: shown, panic };
}

const PANICS = /^(?:Kernel panic - not syncing|kernel BUG at|Internal error: |Unable to handle kernel |BUG: |Oops: )/;
