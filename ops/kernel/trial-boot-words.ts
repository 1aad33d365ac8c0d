/** How a trial boot is asked for and how it ended, in sentences. Pure. */

import type { Failure } from "../failure.ts";
import { MACHINES, type MachineName } from "../fleet/machines.ts";
import type { Outcome, Question } from "../operation/types.ts";
import { capital } from "../plain.ts";
import type { Health, TrialEnding } from "./decide-trial.ts";
import type { ConsoleFindings } from "./trial-boot-console.ts";
import type { Seen } from "./trial-boot-tools.ts";

/** What this run knows when it speaks. */
export interface TrialStory {
  readonly machine: MachineName;
  readonly seen: Seen | undefined;
  /** The last health that was heard. */
  readonly health: Health | undefined;
  /** The release on trial. */
  readonly expected: string | undefined;
  /** The release that GRUB boots where it is not the trial's turn. */
  readonly otherwise: string | undefined;
  readonly rebooted: boolean;
  readonly ec2Rebooted: boolean;
  /** What the kernel on trial lacked while it ran, a phrase each. */
  readonly lacked: readonly string[];
  /** Why SSH is silent, or what refused. */
  readonly trouble: Failure | undefined;
  readonly console: ConsoleFindings | undefined;
}

/** What runs and who works on the machine: what a reboot ends. */
export interface Occupants {
  /** "ubuntu pts/0 since 14:02", one a login. */
  readonly logins: readonly string[];
  readonly sessionsHere: number;
  readonly firecrackers: number;
}

/** What a reboot ends, a sentence each. */
function saysEnds({ firecrackers, logins, sessionsHere }: Occupants): readonly string[] {
  const ends = [
    ...logins.map((login) => `Logged in there: ${login}.`),
    ...(sessionsHere > 0 ? [`It ends ${count(sessionsHere, "session")} of this cockpit.`] : []),
    ...(firecrackers > 0 ? [`It ends ${count(firecrackers, "Firecracker microVM")}.`] : []),
  ];
  return ends.length > 0 ? ends : ["Nobody is logged in there."];
}

export function rebootQuestion(story: TrialStory, occupants: Occupants): Question {
  const { expected = "the new kernel", machine, seen } = story;
  return {
    kind: "confirm",
    title: `Reboot ${machine} into ${expected}, for one trial?`,
    lines: [
      `${machine} (${seen?.instanceId ?? "?"}) reboots now; it runs ${present(story)}.`,
      ...saysEnds(occupants),
      `Where ${expected} comes up well, it becomes the default; else the boot after it is ${nextKernel(story)}.`,
    ],
    yes: "Reboot",
    no: "Not now",
  };
}

export function ec2RebootQuestion(story: TrialStory, minutes: number): Question {
  const { expected = "the kernel on trial", machine, seen } = story;
  return {
    kind: "confirm",
    title: `Have EC2 reboot ${machine}?`,
    lines: [
      `${machine} (${seen?.instanceId ?? "?"}) has not answered for ${minutes} minutes.`,
      `Its console: ${sayConsole(story)}`,
      `RebootInstances presses its reset button. Where ${expected} had its one boot, ${nextKernel(story)} comes up.`,
    ],
    yes: "Reboot it",
    no: "Leave it as it is",
  };
}

export function backQuestion(story: TrialStory, occupants: Occupants): Question {
  const { expected = "the kernel on trial", machine, seen } = story;
  return {
    kind: "confirm",
    title: `Reboot ${machine} back onto ${story.otherwise ?? "its default kernel"}?`,
    lines: [
      `${expected} runs on ${machine} (${seen?.instanceId ?? "?"}), but ${sayLacked(story)}.`,
      ...saysEnds(occupants),
      `Left as it is, ${expected} runs until the next reboot, and is not made the default.`,
    ],
    yes: "Reboot it",
    no: "Leave it as it is",
  };
}

/** The outcome of each ending. */
export function trialOutcome(ending: TrialEnding, story: TrialStory): Outcome {
  const { expected = "The kernel on trial", health, machine, trouble } = story;
  const running = health?.uname ?? "another kernel";
  switch (ending) {
    case "promoted":
      return { status: "done", sentence: `${expected} runs on ${machine} and is its default from now on.` };
    case "nothing-on-trial":
      return {
        status: "nothing-to-do",
        sentence: health?.built
          ? `${machine} runs this kernel already: ${running} is its default, and no trial is needed.`
          : `No kernel is on trial on ${machine}: ${running} runs.`,
      };
    case "ended-elsewhere":
      return {
        status: "blocked",
        sentence: `The trial of ${expected} on ${machine} was ended by somebody else: ${running} runs.`,
      };
    case "declined":
      return {
        status: "cancelled",
        sentence: `${machine} was not rebooted. ${expected} is installed: ${armed(story)}`,
        next: goOn(machine),
      };
    case "fell-back":
      return failed(
        "TRIAL_FELL_BACK",
        `${expected} did not come up on ${machine}: ${sayConsole(story)} ${running} runs again, and stays the default.`,
        "Mend the kernel by what the log shows of its console, then build it again.",
      );
    case "unhealthy":
      return failed(
        "TRIAL_UNHEALTHY",
        `${expected} runs on ${machine}, but ${sayLacked(story)}. It was not made the default and was left as it is: the next boot is ${nextKernel(story)}.`,
        "Look at it over SSH, and reboot it when that is done.",
      );
    case "went-back":
      return failed(
        "TRIAL_UNHEALTHY",
        `${expected} came up on ${machine}, but ${sayLacked(story)}. It was rebooted: ${running} runs again, and stays the default.`,
        "Mend the kernel, then build it again.",
      );
    case "stayed":
      return failed(
        "TRIAL_STAYED",
        `${machine} was told to reboot and still runs ${running}. ${health?.trial === "running" ? afterwards(story) : capital(armed(story))}`,
        `Look at what holds it over SSH (systemctl list-jobs). ${goOn(machine)}`,
      );
    case "machine-off":
      return failed(
        "TRIAL_MACHINE_OFF",
        `${machine} ${seenWord(story)} in the middle of the trial of ${expected}. ${afterwards(story)}`,
        `Start it. ${goOn(machine)}`,
      );
    case "no-answer":
      return failed(
        "TRIAL_NO_ANSWER",
        `${machine} does not answer${story.ec2Rebooted ? ", also after its reboot by EC2" : ""}. Its console: ${sayConsole(story)} ${afterwards(story)}`,
        `Reboot or stop it in EC2. ${goOn(machine)}`,
      );
    case "unreachable":
    case "refused":
      return {
        status: "failed",
        failure: {
          kind: trouble?.kind ?? "conflict",
          code: trouble?.code ?? "TRIAL_REFUSED",
          sentence: `${trouble?.sentence ?? "The machine refused."} ${afterwards(story)}`,
          action: trouble?.action ?? goOn(machine),
        },
      };
    case "unreadable":
      return failed(
        "TRIAL_UNREADABLE",
        `kernel/install-host.sh on ${machine} does not say how the trial stands: ${trouble?.sentence ?? "no answer"}`,
        goOn(machine),
      );
  }
}

/** Cancelled: in what state everything is left. */
export function trialCancelled(story: TrialStory): Outcome {
  return {
    status: "cancelled",
    sentence: `Cancelled. ${afterwards(story)}`,
    next: goOn(story.machine),
  };
}

/** What boots next, from what is known; safe to say also where nothing answers. */
function afterwards(story: TrialStory): string {
  const { expected, health, machine, rebooted } = story;
  if (expected === undefined) return `Nothing was done on ${machine}.`;
  if (!rebooted && health?.trial === "armed") return `${machine} was not rebooted: ${armed(story)}`;
  if (health?.trial === "running") {
    return `${expected} runs, for this boot only: the next one is ${nextKernel(story)}.`;
  }
  return `${expected} gets one boot and was not made the default: the boot after it is ${nextKernel(story)}.`;
}

function armed(story: TrialStory): string {
  return `its next boot, whenever that is, is ${story.expected}, once; the one after it is ${nextKernel(story)}.`;
}

function nextKernel({ otherwise }: TrialStory): string {
  return otherwise === undefined ? "the default from before" : `${otherwise} again`;
}

function present({ expected, health }: TrialStory): string {
  return health?.uname === expected ? `an earlier build of ${expected}` : (health?.uname ?? "its present kernel");
}

function sayLacked({ lacked }: TrialStory): string {
  return lacked.length > 0 ? lacked.join(", ") : "its health is not good";
}

function sayConsole({ console, expected }: TrialStory): string {
  if (!console) return "it could not be had.";
  if (console.panic !== undefined) return `${console.panic.replace(/\.+$/, "")}.`;
  const last = console.lines.at(-1);
  if (last === undefined) return `it shows nothing of ${expected ?? "that kernel"}.`;
  return `it shows no panic; its last line is "${last}".`;
}

function seenWord({ seen }: TrialStory): string {
  return seen?.instance === "missing" ? "is not there any more" : "was stopped";
}

/** What takes the trial up where it is. */
function goOn(machine: MachineName): string {
  return `Press k on ${machine}, or run make kernel-host-${MACHINES[machine].short}, to go on from there.`;
}

function failed(code: string, sentence: string, action: string): Outcome {
  return { status: "failed", failure: { kind: "conflict", code, sentence, action } };
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}
