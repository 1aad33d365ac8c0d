import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ANSWER_MS,
  decideTrial,
  HALF_SAID_MS,
  type Health,
  type Heard,
  LEAVING_MS,
  SETTLING_MS,
  STUBBORN_MS,
  type TrialFacts,
} from "../../../ops/kernel/decide-trial.ts";

const NEW = "6.18.3-nested-dsb";
const OLD = "6.8.0-1021-aws";
const GOOD: Health = {
  uname: NEW,
  expected: NEW,
  default: OLD,
  built: "",
  matches: true,
  root: true,
  network: true,
  nvme: 3,
  kvm: true,
  healthy: true,
  trial: "running",
};
const ARMED: Health = { ...GOOD, uname: OLD, matches: false, healthy: false, trial: "armed" };
const SICK: Health = { ...GOOD, kvm: false, healthy: false };
const FELL_BACK: Health = { ...ARMED, trial: "fell-back" };
const NONE: Health = { ...GOOD, expected: "", matches: false, trial: "none" };

const answered = (health: Health, forMs = 0): Heard => ({ kind: "answered", health, forMs });
const silent = (forMs: number, final = false): Heard => ({ kind: "silent", final, forMs });
const facts = (heard: Heard, more: Partial<TrialFacts> = {}): TrialFacts => ({
  instance: "running",
  heard,
  expected: NEW,
  consent: undefined,
  rebootedForMs: undefined,
  ec2Reboot: "unasked",
  backReboot: "unasked",
  refused: false,
  ...more,
});
const say = (heard: Heard, more: Partial<TrialFacts> = {}) => {
  const decision = decideTrial(facts(heard, more));
  return decision.kind === "end"
    ? decision.ending
    : decision.kind === "wait"
      ? `until it ${decision.until}`
      : decision.kind;
};

describe("what to do about a trial", () => {
  it.each<[string, string, Heard, Partial<TrialFacts>]>([
    ["nothing is on trial", "nothing-on-trial", answered(NONE), { expected: undefined }],
    ["it was promoted", "promoted", answered(NONE), {}],
    ["somebody else ended it", "ended-elsewhere", answered({ ...NONE, uname: OLD }), {}],
    ["armed", "ask-reboot", answered(ARMED), {}],
    ["armed, and the person said yes", "reboot", answered(ARMED), { consent: true }],
    ["armed, and the person said no", "declined", answered(ARMED), { consent: false }],
    ["told to reboot, and still here", "until it leaves", answered(ARMED), { consent: true, rebootedForMs: 5000 }],
    ["told to reboot, and never gone", "stayed", answered(ARMED), { consent: true, rebootedForMs: LEAVING_MS }],
    ["the new kernel is well", "promote", answered(GOOD), {}],
    ["well, by another run's reboot", "promote", answered(GOOD), { consent: undefined }],
    ["it lacks /dev/kvm, so far", "until it is-healthy", answered({ ...GOOD, kvm: false, healthy: false }), {}],
    ["it lacks /dev/kvm", "offer-back", answered(SICK, SETTLING_MS), {}],
    ["the sum is good, one finding is not", "offer-back", answered({ ...GOOD, nvme: 0 }, SETTLING_MS), {}],
    ["another release says that it runs", "offer-back", answered({ ...GOOD, uname: `${NEW}+` }, SETTLING_MS), {}],
    ["no reboot leads back", "unhealthy", answered({ ...SICK, default: NEW }, SETTLING_MS), {}],
    ["it is to stay as it is", "unhealthy", answered(SICK, SETTLING_MS), { backReboot: "declined" }],
    ["it is to go back", "reboot-back", answered(SICK, SETTLING_MS), { backReboot: "agreed" }],
    ["it was to go back, and is well now", "promote", answered(GOOD), { backReboot: "agreed" }],
    ["on its way back", "until it leaves", answered(SICK, 0), { backReboot: "done", rebootedForMs: 5000 }],
    ["on its way back, well or not", "until it leaves", answered(GOOD), { backReboot: "done", rebootedForMs: 5000 }],
    ["it does not go back", "stayed", answered(SICK, 0), { backReboot: "done", rebootedForMs: LEAVING_MS }],
    ["it went back", "went-back", answered(FELL_BACK), { backReboot: "done", rebootedForMs: 60_000 }],
    ["fallen back", "fell-back", answered(FELL_BACK), { consent: true, rebootedForMs: 60_000 }],
    ["silent", "until it answers", silent(ANSWER_MS - 1), {}],
    ["silent for too long", "offer-ec2-reboot", silent(ANSWER_MS), {}],
    ["EC2 is to reboot it", "ec2-reboot", silent(ANSWER_MS), { ec2Reboot: "agreed" }],
    ["EC2 was to reboot it, and it has come up", "promote", answered(GOOD), { ec2Reboot: "agreed" }],
    ["EC2 has rebooted it", "until it answers", silent(1000), { ec2Reboot: "done" }],
    ["EC2 has rebooted it in vain", "no-answer", silent(ANSWER_MS), { ec2Reboot: "done" }],
    ["EC2 must not reboot it", "no-answer", silent(ANSWER_MS), { ec2Reboot: "declined" }],
    ["taken away", "machine-off", silent(0), { instance: "off" }],
    ["no more there", "machine-off", silent(0), { instance: "missing" }],
    ["coming", "until it answers", silent(0), { instance: "coming" }],
    ["coming for ever", "no-answer", silent(ANSWER_MS), { instance: "coming" }],
    ["another host key, while it comes up", "until it answers", silent(STUBBORN_MS - 1, true), {}],
    ["another host key", "unreachable", silent(STUBBORN_MS, true), {}],
    ["half a word", "until it answers", { kind: "unreadable", forMs: 0 }, {}],
    ["no script there", "unreadable", { kind: "unreadable", forMs: HALF_SAID_MS }, {}],
    ["refused", "refused", answered(GOOD), { refused: true }],
  ])("%s: %s", (_name, wanted, heard, more) => {
    expect(say(heard, more)).toBe(wanted);
  });
});

type Kernel = "good" | "sick" | "panics" | "hangs";

/** A machine with an armed trial, its people and its accidents, walked through by decisions alone. */
function walk(kernel: Kernel, answers: readonly boolean[], kills: ReadonlySet<number>) {
  let trial = "armed" as Health["trial"];
  let runs = OLD;
  let upAt: number | undefined = 0;
  let time = 0;
  let said = 0;
  const done: string[] = [];
  const fresh = () => ({
    expected: undefined as string | undefined,
    consent: undefined as boolean | undefined,
    rebootedAt: undefined as number | undefined,
    ec2Reboot: "unasked" as TrialFacts["ec2Reboot"],
    backReboot: "unasked" as TrialFacts["backReboot"],
    silentSince: undefined as number | undefined,
    runningSince: undefined as number | undefined,
  });
  let memory = fresh();
  const answer = () => answers[said++] ?? true;
  const boot = () => {
    const next = trial === "armed" ? (kernel === "panics" ? OLD : NEW) : OLD;
    upAt = trial === "armed" && kernel === "hangs" ? undefined : time + 90_000;
    if (trial === "armed" || trial === "running") trial = next === NEW ? "running" : "fell-back";
    runs = next;
  };
  for (let turn = 0; turn < 2000; turn += 1) {
    if (kills.has(turn)) memory = fresh();
    const up = upAt !== undefined && time >= upAt;
    const sick = kernel === "sick" && runs === NEW;
    // A trial that hung was its one boot: what comes up later has fallen back.
    const health: Health = {
      uname: runs,
      expected: trial === "none" ? "" : NEW,
      default: OLD,
      built: "",
      matches: runs === NEW && trial !== "none",
      root: true,
      network: true,
      nvme: 3,
      kvm: !sick,
      healthy: !sick && trial === "running",
      trial,
    };
    if (up) {
      memory.silentSince = undefined;
      memory.expected = health.expected || memory.expected;
      memory.runningSince = trial === "running" ? (memory.runningSince ?? time) : undefined;
    } else memory.silentSince ??= time;
    const decision = decideTrial({
      instance: "running",
      heard: up ? answered(health, time - (memory.runningSince ?? time)) : silent(time - (memory.silentSince ?? time)),
      expected: memory.expected,
      consent: memory.consent,
      rebootedForMs: memory.rebootedAt === undefined ? undefined : time - memory.rebootedAt,
      ec2Reboot: memory.ec2Reboot,
      backReboot: memory.backReboot,
      refused: false,
    });
    if (decision.kind !== "wait") done.push(decision.kind);
    time += 2000;
    switch (decision.kind) {
      case "end":
        return { ending: decision.ending, done, runs, trial, kernel };
      case "ask-reboot":
        memory.consent = answer();
        break;
      case "reboot":
        memory.rebootedAt = time;
        boot();
        break;
      case "offer-back":
        memory.backReboot = answer() ? "agreed" : "declined";
        break;
      case "reboot-back":
        memory.backReboot = "done";
        memory.rebootedAt = time;
        boot();
        break;
      case "offer-ec2-reboot":
        memory.ec2Reboot = answer() ? "agreed" : "declined";
        break;
      case "ec2-reboot":
        memory.ec2Reboot = "done";
        memory.silentSince = undefined;
        boot();
        break;
      case "promote":
        expect(kernel).toBe("good");
        expect(up && runs === NEW && trial === "running").toBe(true);
        trial = "none";
        break;
      case "wait":
    }
  }
  throw new Error(`no end: ${done.slice(-5).join(", ")}`);
}

describe("every way through a trial", () => {
  it("ends, wherever the run is killed; promotes only what is well; reboots only what the person agreed to", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Kernel>("good", "sick", "panics", "hangs"),
        fc.array(fc.boolean(), { maxLength: 12 }),
        fc.uniqueArray(fc.nat({ max: 500 }), { maxLength: 8 }),
        (kernel, answers, kills) => {
          const { done, ending, runs } = walk(kernel, answers, new Set(kills));
          const asked = done.filter((kind) => /^(?:ask|offer)-/.test(kind)).length;
          const rebooted = done.filter((kind) => /^(?:ec2-)?reboot/.test(kind)).length;
          expect(rebooted).toBeLessThanOrEqual(asked);
          if (ending === "promoted") expect(runs).toBe(NEW);
          if (kernel === "sick") expect(["declined", "unhealthy", "went-back", "fell-back"]).toContain(ending);
          if (kernel === "panics") expect(["declined", "fell-back"]).toContain(ending);
          if (kernel === "hangs") expect(["declined", "no-answer", "fell-back"]).toContain(ending);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("ends well where all is well and everybody says yes, killed or not", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 60 }), { maxLength: 4 }), (kills) => {
        const { ending, runs } = walk("good", [], new Set(kills));
        // Killed after it was promoted, the next run finds nothing to do.
        expect(["promoted", "nothing-on-trial"]).toContain(ending);
        expect(runs).toBe(NEW);
      }),
    );
  });
});
