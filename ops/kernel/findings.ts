/** Errors and warnings in a line of a build's log: the compiler's, the assembler's, the linker's, make's, Kconfig's, our own. Pure. */

import { causeIn } from "./finding-causes.ts";
import type { Finding } from "./view.ts";

type Found = Omit<Finding, "at"> & {
  /** Says only that something failed, and what that was is said elsewhere, if at all. */
  readonly echo: boolean;
};

/** gcc and clang `file:line:column: error: text`; the assembler says `Error:`, Kconfig `.config:12:warning: text`. */
const AT_PLACE = /^([^\s:][^:]{0,511}):(\d{1,9})(?::(\d{1,9}))?:\s?(?:fatal )?(error|warning)\b:?\s?(.*)/i;
/** A program that speaks of no line: `gcc: fatal error: Killed`, `ld.lld: error: undefined symbol: x`. */
const BY_PROGRAM = /^([\w.+/-]{1,200}): (?:fatal )?(error|warning): (.*)/i;
const LINKER = /(?:undefined reference to|multiple definition of) /;
const LINKER_PLACE = /^(?:\S*\bld(?:\.\w+)?: )?([^\s:()]{1,511}):(?:(\d{1,9}):)?/;
const LINKER_SAYS = /^\S{0,200}\bld(?:\.\w+)?: (cannot find|.*(?:failed|relocation truncated|not found)\b)/;
const MODPOST = /^(ERROR|WARNING): (modpost: .*|unmet direct dependencies .*)/;
const UNMET = /^(warning|error): (\(.*)/;
/** `make[2]: *** [scripts/Makefile.build:287: init/main.o] Error 1`. */
const MAKE = /^\S{0,100}\bmake(?:\[\d+\])?: \*\*\* (?:\[([^\s:\]]{1,511}):(\d{1,9}): )?(.*)/;
const MAKE_ECHO = /\] (?:Error \d+|Segmentation fault|Killed|Terminated)\b|Deleting file /;
const OURS = /^==> failed (.*)/;

/** What the line says is wrong, if it does. A line is at most a few thousand characters, without control characters. */
export function findIn(line: string): Found | undefined {
  const cause = causeIn(line);
  if (cause) return { ...found("error", cause.said, cause.file, cause.line, cause.column), echo: cause.echo };
  // Most lines are none of these, and a log has a million.
  if (!/error|warning|\*\*\*|==> failed|undefined ref|multiple def|ld(?:\.\w+)?: /i.test(line)) return undefined;
  const place = AT_PLACE.exec(line);
  if (place) return found(place[4], place[5], place[1], place[2], place[3]);
  const ours = OURS.exec(line);
  if (ours) return { ...found("error", ours[1]), echo: true };
  const make = MAKE.exec(line);
  if (make?.[3]?.startsWith("Waiting for")) return undefined;
  if (make) return { ...found("error", line, make[1], make[2]), echo: MAKE_ECHO.test(line) };
  if (LINKER.test(line)) {
    const at = LINKER_PLACE.exec(line);
    return found("error", line, at?.[1], at?.[2]);
  }
  const program = BY_PROGRAM.exec(line);
  if (program) return found(program[2], line);
  if (LINKER_SAYS.test(line)) return found("error", line);
  const other = MODPOST.exec(line) ?? UNMET.exec(line);
  return other ? found(other[1], other[2]) : undefined;
}

function found(
  severity: string | undefined,
  text: string | undefined,
  file?: string,
  line?: string,
  column?: string,
): Found {
  return {
    severity: severity?.toLowerCase() === "warning" ? "warning" : "error",
    text: text?.trim() || "it says no more",
    file,
    line: line === undefined ? undefined : Number(line),
    column: column === undefined ? undefined : Number(column),
    echo: false,
  };
}
