/** Runs of operations as plain lines: what the command line shows, and how it asks. */

import { duration } from "./fleet/derive/ages.ts";
import { printLog } from "./kernel/print-log.ts";
import { questionLines } from "./operation/deeds.ts";
import type { LogLine, Run, RunState, Step } from "./operation/run.ts";
import type { Answer, DevicePrompt, Outcome, Question } from "./operation/types.ts";
import { plainText } from "./plain.ts";

export interface Lines {
  /** Writes one line of the result; what comes in has no control characters. */
  readonly out: (line: string) => void;
  /** The same for what is on the way: steps, questions, codes to approve, and what went wrong. */
  readonly err: (line: string) => void;
  /** Asks for one line; undefined where it was given up. Absent where nobody can be asked. */
  readonly ask: ((prompt: string, signal: AbortSignal) => Promise<string | undefined>) | undefined;
}

/** Writes what has happened in `run` and what happens from now on, and asks its questions. Resolves with the outcome once it is written. */
export async function writeRun(run: Run, lines: Lines): Promise<Outcome> {
  const asking = new AbortController();
  let asked = 0;
  let before: RunState | undefined;
  let lastLogged: LogLine | undefined;
  const follow = () => {
    const now = run.get();
    writeSteps(now.steps, before?.steps ?? [], lines);
    for (const entry of now.log.slice(lastLogged ? now.log.lastIndexOf(lastLogged) + 1 : 0)) {
      (entry.stream === "err" ? lines.err : lines.out)(`    ${clean(entry.text)}`);
      lastLogged = entry;
    }
    if (now.deviceCode && !isSamePrompt(now.deviceCode, before?.deviceCode)) writeDeviceCode(now.deviceCode, lines);
    if (now.question && now.question.id !== asked) {
      const { id, question } = now.question;
      asked = id;
      void askQuestion(question, lines, asking.signal).then((answer) => run.answer(id, answer));
    }
    if (now.outcome || now.cancelling) asking.abort();
    before = now;
  };
  const unsubscribe = run.subscribe(follow);
  follow();
  const printer = run.kernel && printLog(run.kernel, (line) => lines.out(clean(line)));
  const outcome = await run.finished;
  unsubscribe();
  printer?.end();
  writeOutcome(outcome, lines);
  return outcome;
}

/** 0 for done or nothing to do, 130 for what Ctrl+C stopped, else 1: also where the answer was no. */
export function exitStatus({ status }: Outcome, interrupted: boolean): number {
  if (status === "done" || status === "nothing-to-do") return 0;
  return status === "cancelled" && interrupted ? INTERRUPTED : 1;
}

/** 128 + SIGINT, as a shell gives it. */
export const INTERRUPTED = 130;

const MARKS: Readonly<Record<Step["state"], string>> = {
  running: "...",
  waiting: "...",
  done: "ok ",
  failed: "no ",
  skipped: "-  ",
};

function writeSteps(now: readonly Step[], before: readonly Step[], lines: Lines): void {
  if (now === before) return;
  for (const step of now) {
    const old = before.find((one) => one.id === step.id);
    if (old && old.state === step.state && old.detail === step.detail && old.title === step.title) continue;
    const took = step.endedAt === undefined ? "" : ` (${duration(step.endedAt - step.startedAt)})`;
    const detail = step.detail ? `: ${step.detail}` : "";
    lines.err(clean(`${MARKS[step.state]} ${step.title}${took}${detail}`));
  }
}

function writeOutcome(outcome: Outcome, lines: Lines): void {
  if (outcome.status === "failed") {
    lines.err(clean([outcome.failure.sentence, outcome.failure.action].filter(Boolean).join(" ")));
    return;
  }
  const good = outcome.status === "done" || outcome.status === "nothing-to-do";
  (good ? lines.out : lines.err)(clean([outcome.sentence, outcome.next].filter(Boolean).join(" ")));
}

function isSamePrompt(a: DevicePrompt, b: DevicePrompt | undefined): boolean {
  return a.userCode === b?.userCode && a.url === b.url && a.note === b.note;
}

function writeDeviceCode(prompt: DevicePrompt, lines: Lines): void {
  lines.err("");
  lines.err(`    Open    ${clean(prompt.url)}`);
  lines.err(`    Code    ${clean(prompt.userCode)}`);
  lines.err(`    or open ${clean(prompt.urlComplete)}`);
  lines.err("    Approve only if you started this and the codes match.");
  if (prompt.note) lines.err(`    ${clean(prompt.note)}`);
  lines.err("");
}

/** The answer as the operation wants it; undefined for no. Where nobody can be asked, the answer is no. */
async function askQuestion(question: Question, lines: Lines, signal: AbortSignal): Promise<Answer | undefined> {
  lines.err(clean(question.title));
  for (const line of questionLines(question)) lines.err(`    ${clean(line)}`);
  const { ask } = lines;
  if (!ask) {
    lines.err("Nobody can be asked here, as the input is not a terminal: that counts as no.");
    return undefined;
  }
  const prompt = async (text: string) => (await ask(clean(text), signal))?.trim();
  switch (question.kind) {
    case "confirm": {
      if (question.typed !== undefined) {
        const typed = await prompt(`Type ${question.typed} to ${question.yes.toLowerCase()}, or nothing for no:`);
        return typed === question.typed ? "yes" : undefined;
      }
      const typed = await prompt(`${question.yes}? [y/N]`);
      return /^y(?:es)?$/i.test(typed ?? "") ? "yes" : undefined;
    }
    case "choose": {
      question.choices.forEach(({ label, detail }, index) => {
        lines.err(clean(`    ${index + 1}  ${label}${detail ? `  ${detail}` : ""}`));
      });
      for (;;) {
        const typed = await prompt(`1 to ${question.choices.length}, or nothing for none:`);
        if (!typed) return undefined;
        const choice = /^\d+$/.test(typed) ? question.choices[Number(typed) - 1] : undefined;
        if (choice) return choice.id;
        lines.err("Not one of the choices.");
      }
    }
    case "text":
      for (;;) {
        const typed = await prompt(`(${question.placeholder})`);
        if (!typed) return undefined;
        const objection = question.check(typed);
        if (objection === undefined) return typed;
        lines.err(clean(objection));
      }
  }
}

/** Longer lines are nobody's reading. */
const LONGEST = 20_000;

/** Text of others on somebody's terminal. */
function clean(text: string): string {
  return plainText(text.slice(0, LONGEST)).trimEnd();
}
