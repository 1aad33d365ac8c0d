/** Reads a build's log as it comes, in pieces of any size: phases, progress, findings. It touches nothing but what it is given. */

import { StringDecoder } from "node:string_decoder";
import { withoutSequences } from "../plain.ts";
import { findIn } from "./findings.ts";
import { isPhase } from "./jobs.ts";
import { type BuildProgress, type Finding, type KernelPhase, NO_PROGRESS } from "./view.ts";

/** What is known from the log so far; the same reference until something in it changes. */
interface LogReading {
  readonly progress: BuildProgress;
  readonly findings: readonly Finding[];
  readonly errors: number;
  readonly warnings: number;
  /** From `==> inputs`. */
  readonly hash: string | undefined;
}

interface LogEvents {
  readonly onPhase: (phase: KernelPhase) => void;
  readonly onNote: (sentence: string) => void;
}

interface LogReader {
  /** `live`: these lines were written just now, so that a rate can be told from them. */
  readonly read: (bytes: Uint8Array, live: boolean) => void;
  readonly reading: () => LogReading;
}

const FINDINGS_KEPT = 1000;
/** As in a BuildLog: what is beyond this of a line is not looked at. */
const LINE_KEPT = 4096;
const RATE_OVER_MS = 20_000;
const RATE_AFTER_MS = 2000;
/** Distance between two samples of the rate. */
const SAMPLE_MS = 250;

/** Lines are numbered from 0 and end with a newline; a carriage return begins its line anew, as in a BuildLog. */
export function createLogReader(now: () => number, events: LogEvents): LogReader {
  const decoder = new StringDecoder("utf8");
  const findings: Finding[] = [];
  let shownFindings: readonly Finding[] | undefined = [];
  /** What stands for the failure until something says what it is. */
  let echo: Finding | undefined;
  let errors = 0;
  let warnings = 0;
  let number = 0;
  let rest = "";
  let phase: KernelPhase = "starting";
  let compiled = 0;
  let total: number | undefined;
  let current: string | undefined;
  let hash: string | undefined;
  let samples: { readonly at: number; readonly compiled: number }[] = [];
  let held: LogReading = { progress: NO_PROGRESS, findings: [], errors: 0, warnings: 0, hash: undefined };
  let stale = false;

  const line = (text: string) => {
    const step = /^ {2}([A-Z][A-Z0-9_]*(?: \[M\])?) +(\S.*)/.exec(text);
    if (step) {
      if (step[1] === "CC" || step[1] === "CC [M]") compiled += 1;
      current = `${step[1]} ${step[2]}`.slice(0, 200);
      stale = true;
      return;
    }
    if (text.startsWith("==> ")) ours(text.slice(4));
    const found = findIn(text);
    if (found) gather(found);
  };

  const gather = ({ echo: isEcho, ...said }: NonNullable<ReturnType<typeof findIn>>) => {
    if (isEcho && errors > 0) return;
    const finding = { ...said, at: number };
    if (finding.severity === "error" && echo) {
      errors = 0;
      if (findings.includes(echo)) findings.splice(findings.indexOf(echo), 1);
      echo = undefined;
    }
    if (isEcho) echo = finding;
    if (finding.severity === "error") errors += 1;
    else warnings += 1;
    keep(finding);
    shownFindings = undefined;
    stale = true;
  };

  /** Warnings make way for an error: a thousand of them may come before the one line that says why. */
  const keep = (finding: Finding) => {
    if (findings.length >= FINDINGS_KEPT) {
      const last = finding.severity === "error" ? findings.findLastIndex(isWarning) : -1;
      if (last < 0) return;
      findings.splice(last, 1);
    }
    findings.push(finding);
  };

  const ours = (text: string) => {
    const [word, first = ""] = text.split(" ", 2);
    if (word === "note") events.onNote(text.slice(5));
    if (word === "inputs" && /^[0-9a-f]{12}$/.test(first)) hash = first;
    if (word === "total" && /^[1-9]\d{0,7}$/.test(first)) total = Number(first);
    if (word === "phase" && isPhase(first) && first !== phase) {
      phase = first;
      current = undefined;
      events.onPhase(phase);
    }
    stale = true;
  };

  const sample = () => {
    const at = now();
    const last = samples.at(-1);
    if (last && at - last.at < SAMPLE_MS) return;
    samples = [...samples.filter((one) => at - one.at <= RATE_OVER_MS), { at, compiled }];
    stale = true;
  };

  const progress = (): BuildProgress => {
    const done = total === undefined ? compiled : Math.min(compiled, total);
    const [oldest, newest] = [samples[0], samples.at(-1)];
    const took = oldest && newest ? newest.at - oldest.at : 0;
    const known = phase === "compile" && oldest && newest && took >= RATE_AFTER_MS;
    const perSecond = known ? ((newest.compiled - oldest.compiled) * 1000) / took : undefined;
    const secondsLeft = perSecond && total !== undefined ? (total - done) / perSecond : undefined;
    return { phase, compiled: done, total, current, perSecond, secondsLeft };
  };

  return {
    read: (bytes, live) => {
      const text = rest + decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      let from = 0;
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
        line(shown(text.slice(from, end)));
        number += 1;
        from = end + 1;
      }
      rest = clipped(text.slice(from));
      if (live) sample();
    },
    reading: () => {
      if (!stale) return held;
      stale = false;
      shownFindings ??= findings.slice();
      held = { progress: progress(), findings: shownFindings, errors, warnings, hash };
      return held;
    },
  };
}

/** What the line shows in the end: after its last carriage return, without colours, no longer than is looked at. */
function shown(line: string): string {
  const text = clipped(line);
  // Colour codes begin with the escape character, or with its 8-bit form.
  const plain = text.includes("\u001b") || text.includes("\u009b") ? withoutSequences(text) : text;
  return plain.trimEnd().replace(/\p{Cc}/gu, " ");
}

function isWarning({ severity }: Finding): boolean {
  return severity === "warning";
}

/** The beginning of a line after its last carriage return; those that end it are one, as what follows decides on them. */
function clipped(line: string): string {
  let end = line.length;
  while (line[end - 1] === "\r") end -= 1;
  const begin = end === 0 ? 0 : line.lastIndexOf("\r", end - 1) + 1;
  return `${line.slice(begin, Math.min(end, begin + LINE_KEPT))}${end < line.length ? "\r" : ""}`;
}
