import { describe, expect, it, vi } from "vitest";
import { explain } from "../../../ops/aws/errors.ts";
import { type Run, startRun } from "../../../ops/operation/run.ts";
import type { OperationContext, Outcome, Question } from "../../../ops/operation/types.ts";
import { exitStatus, type Lines, writeRun } from "../../../ops/run-lines.ts";
import { fakeClock } from "../fake-clock.ts";

const DONE: Outcome = { status: "done", sentence: "It is done." };

function start(run: (context: OperationContext) => Promise<Outcome>): Run {
  return startRun("1", { name: "try", title: "Try", run }, fakeClock(), explain);
}

/** Answers in turn; gives up when they run out. */
function terminal(...answers: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const prompts: string[] = [];
  const lines: Lines = {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    ask: async (prompt) => {
      prompts.push(prompt);
      return answers.shift();
    },
  };
  return { out, err, prompts, lines };
}

async function answerTo(question: Question, lines: Lines): Promise<string | undefined> {
  let answer: string | undefined;
  await writeRun(
    start(async (context) => {
      answer = await context.ask(question);
      return DONE;
    }),
    lines,
  );
  return answer;
}

const confirm = { kind: "confirm", title: "Stop it?", lines: ["i-0b"], yes: "Stop", no: "Leave it" } as const;
const choose = {
  kind: "choose",
  title: "Which role?",
  lines: [],
  choices: [
    { id: "admin", label: "Administrator" },
    { id: "read", label: "ReadOnly", detail: "may look" },
  ],
} as const;
const text: Question = {
  kind: "text",
  title: "Start URL?",
  lines: [],
  placeholder: "https://…",
  check: (typed) => (typed.startsWith("https://") ? undefined : "That is no URL."),
};

describe("a run in lines", () => {
  it("writes each change of a step once, the log, and the outcome last", async () => {
    const { out, err, lines } = terminal();
    const run = start(async (context) => {
      await null;
      context.step("stop", "Stop i-0b", "running");
      context.step("stop", "Stop i-0b", "waiting", "spot request not yet released");
      context.step("stop", "Stop i-0b", "waiting", "spot request not yet released");
      context.log("an \u001b[31mecho\u001b[0m\u0007 of it");
      context.log("a complaint", "err");
      context.step("stop", "Stop i-0b", "done");
      return { ...DONE, next: "Go on." };
    });
    await writeRun(run, lines);
    expect(out).toEqual(["    an echo of it", "It is done. Go on."]);
    expect(err).toEqual([
      "... Stop i-0b",
      "... Stop i-0b: spot request not yet released",
      "    a complaint",
      "ok  Stop i-0b (0 s)",
    ]);
  });

  it("writes also what was logged before it came to listen", async () => {
    const { out, lines } = terminal();
    const run = start(async (context) => {
      context.log("one");
      context.log("two");
      await null;
      context.log("three");
      return DONE;
    });
    await writeRun(run, lines);
    expect(out).toEqual(["    one", "    two", "    three", "It is done."]);
  });

  it("writes a failure with its action to stderr", async () => {
    const { err, lines } = terminal();
    const run = start(() => Promise.reject(Object.assign(new Error("x"), { code: "ENOSPC" })));
    expect(exitStatus(await writeRun(run, lines), false)).toBe(1);
    expect(err).toEqual(["The disk is full. Make room and try again."]);
  });

  it("shows the device code once, with what to mind", async () => {
    const { err, lines } = terminal();
    const prompt = { userCode: "ABCD-EFGH", url: "https://x/", urlComplete: "https://x/?c=ABCD-EFGH", expiresAt: 1 };
    await writeRun(
      start(async (context) => {
        context.deviceCode(prompt);
        context.deviceCode({ ...prompt });
        return DONE;
      }),
      lines,
    );
    expect(err.filter((line) => line.includes("Code    ABCD-EFGH"))).toHaveLength(1);
    expect(err.join("\n")).toContain("Approve only if you started this and the codes match.");
  });

  it.each<[Question, string[], string | undefined]>([
    [confirm, ["y"], "yes"],
    [confirm, ["Yes "], "yes"],
    [confirm, [""], undefined],
    [confirm, [], undefined],
    [confirm, ["no"], undefined],
    [{ ...confirm, typed: "fcvm-metal-arm" }, ["y"], undefined],
    [{ ...confirm, typed: "fcvm-metal-arm" }, ["fcvm-metal-arm"], "yes"],
    [choose, ["2"], "read"],
    [choose, ["0", "3", "x", "1"], "admin"],
    [choose, [""], undefined],
    [text, ["nonsense", " https://me.awsapps.com/start "], "https://me.awsapps.com/start"],
    [text, [], undefined],
  ])("asks %o: %j is %j", async (question, answers, expected) => {
    expect(await answerTo(question, terminal(...answers).lines)).toBe(expected);
  });

  it("takes no for an answer where nobody can be asked, and says so", async () => {
    const { err, lines } = terminal();
    expect(await answerTo(confirm, { ...lines, ask: undefined })).toBeUndefined();
    expect(err.at(-1)).toContain("that counts as no");
  });

  it("stops asking when the run is cancelled", async () => {
    const { lines } = terminal();
    let gaveUp = false;
    const ask: Lines["ask"] = (_, signal) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          gaveUp = true;
          resolve(undefined);
        });
      });
    const run = start(async (context) => {
      await context.ask(confirm);
      context.signal.throwIfAborted();
      return DONE;
    });
    const written = writeRun(run, { ...lines, ask });
    await vi.waitFor(() => expect(run.get().question).toBeDefined());
    run.cancel();
    expect(exitStatus(await written, true)).toBe(130);
    expect(gaveUp).toBe(true);
  });
});
