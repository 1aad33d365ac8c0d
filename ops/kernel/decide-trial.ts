/** What to do next about a kernel on trial: a pure function of what the machine and AWS say now and of what this run did. */

export type Trial = "armed" | "running" | "fell-back" | "none";

/** What `kernel/install-host.sh health` says (its head is the contract). */
export interface Health {
  /** `uname -r`. */
  readonly uname: string;
  /** The release on trial, or empty. */
  readonly expected: string;
  /** The release that GRUB boots otherwise, or empty where that is not known. */
  readonly default: string;
  /** The hash of the promoted kernel's inputs where it runs and is the default, or empty. */
  readonly built: string;
  readonly matches: boolean;
  readonly root: boolean;
  readonly network: boolean;
  /** Number of NVMe disks. */
  readonly nvme: number;
  readonly kvm: boolean;
  readonly healthy: boolean;
  readonly trial: Trial;
}

/** What SSH said last. */
export type Heard =
  /** `forMs`: for how long a trial has been running and answering in this run. */
  | { readonly kind: "answered"; readonly health: Health; readonly forMs: number }
  /** `final`: waiting does not mend it, such as another host key. `forMs`: since the last answer, reboot or EC2 reboot. */
  | { readonly kind: "silent"; readonly final: boolean; readonly forMs: number }
  /** The scripts there do not say what is asked; `forMs`: since when. */
  | { readonly kind: "unreadable"; readonly forMs: number };

/** What became of a reboot that the person is asked about once. */
export type Offer = "unasked" | "declined" | "agreed" | "done";

export interface TrialFacts {
  /** As AWS says: `coming` is pending, `off` everything from stopping on. */
  readonly instance: "running" | "coming" | "off" | "missing";
  readonly heard: Heard;
  /** The release on trial as this run learned it; it stays known when the machine forgets it by promoting it. */
  readonly expected: string | undefined;
  /** What the person said to the reboot. */
  readonly consent: boolean | undefined;
  /** Milliseconds since this run told the machine to reboot. */
  readonly rebootedForMs: number | undefined;
  readonly ec2Reboot: Offer;
  /** The reboot out of a trial that is not well, onto the kernel that is the default. */
  readonly backReboot: Offer;
  /** A script or AWS said no to what was asked of it. */
  readonly refused: boolean;
}

export type TrialEnding =
  /** It runs and is the default. */
  | "promoted"
  | "nothing-on-trial"
  /** Somebody else ended the trial meanwhile, otherwise than by promoting it. */
  | "ended-elsewhere"
  | "declined"
  | "fell-back"
  | "unhealthy"
  /** It was not well, and the default runs again, as the person wished. */
  | "went-back"
  /** It was told to reboot and did not go. */
  | "stayed"
  | "machine-off"
  | "no-answer"
  | "unreachable"
  | "unreadable"
  | "refused";

export type TrialDecision =
  | { readonly kind: "ask-reboot" }
  | { readonly kind: "reboot" }
  | { readonly kind: "wait"; readonly until: "leaves" | "answers" | "is-healthy" }
  | { readonly kind: "offer-ec2-reboot" }
  | { readonly kind: "ec2-reboot" }
  | { readonly kind: "offer-back" }
  | { readonly kind: "reboot-back" }
  | { readonly kind: "promote" }
  | { readonly kind: "end"; readonly ending: TrialEnding };

/** Metal takes its time (kernel.md). */
export const ANSWER_MS = 10 * 60_000;
/** Services get as long to end as systemd gives them. */
export const LEAVING_MS = 2 * 60_000;
/** SSH answers before the last device and the last route are there. */
export const SETTLING_MS = 60_000;
/** A key may be refused, or another shown, by an SSH server that is only just coming up. */
export const STUBBORN_MS = 60_000;
export const HALF_SAID_MS = 20_000;

/** What to do now. Only a kernel that is on trial, runs, has exactly that release and lacks nothing is ever promoted. */
export function decideTrial(facts: TrialFacts): TrialDecision {
  if (facts.refused) return end("refused");
  switch (facts.heard.kind) {
    case "unreadable":
      // A script may be ended half-way by its machine's reboot.
      return facts.heard.forMs < HALF_SAID_MS ? { kind: "wait", until: "answers" } : end("unreadable");
    case "answered":
      return onAnswer(facts, facts.heard);
    case "silent":
      return onSilence(facts, facts.heard);
  }
}

function onAnswer(facts: TrialFacts, { health, forMs }: Extract<Heard, { kind: "answered" }>): TrialDecision {
  switch (health.trial) {
    case "none":
      if (facts.expected === undefined) return end("nothing-on-trial");
      return end(health.uname === facts.expected ? "promoted" : "ended-elsewhere");
    case "armed":
      if (facts.rebootedForMs !== undefined) {
        return facts.rebootedForMs < LEAVING_MS ? { kind: "wait", until: "leaves" } : end("stayed");
      }
      if (facts.consent === undefined) return { kind: "ask-reboot" };
      return facts.consent ? { kind: "reboot" } : end("declined");
    case "running":
      // Also where a way back was agreed to: it has become well meanwhile.
      if (isGood(health) && facts.backReboot !== "done") return { kind: "promote" };
      return onSick(facts, health, forMs);
    case "fell-back":
      return end(facts.backReboot === "agreed" || facts.backReboot === "done" ? "went-back" : "fell-back");
  }
}

function onSick({ backReboot, rebootedForMs = 0 }: TrialFacts, health: Health, forMs: number): TrialDecision {
  switch (backReboot) {
    case "unasked":
      if (forMs < SETTLING_MS) return { kind: "wait", until: "is-healthy" };
      // Where the trial is the default, no reboot leads back.
      return health.default === health.expected ? end("unhealthy") : { kind: "offer-back" };
    case "agreed":
      return { kind: "reboot-back" };
    case "done":
      return rebootedForMs < LEAVING_MS ? { kind: "wait", until: "leaves" } : end("stayed");
    case "declined":
      return end("unhealthy");
  }
}

function onSilence(facts: TrialFacts, { final, forMs }: Extract<Heard, { kind: "silent" }>): TrialDecision {
  if (facts.instance === "off" || facts.instance === "missing") return end("machine-off");
  if (final && forMs >= STUBBORN_MS) return end("unreachable");
  // What was agreed to is done only where the machine is silent still.
  if (facts.ec2Reboot === "agreed") return { kind: "ec2-reboot" };
  if (forMs < ANSWER_MS) return { kind: "wait", until: "answers" };
  return facts.ec2Reboot === "unasked" && facts.instance === "running"
    ? { kind: "offer-ec2-reboot" }
    : end("no-answer");
}

/** Every finding by itself, and not only the script's sum of them. */
function isGood(health: Health): boolean {
  return (
    health.trial === "running" &&
    health.expected !== "" &&
    health.uname === health.expected &&
    health.matches &&
    health.healthy &&
    lacks(health).length === 0
  );
}

/** What a kernel that runs lacks, a phrase each. */
export function lacks({ root, network, nvme, kvm }: Health): string[] {
  return [
    ...(root ? [] : ["its root is not mounted for writing"]),
    ...(network ? [] : ["it has no default route"]),
    ...(nvme > 0 ? [] : ["it sees no NVMe disk"]),
    ...(kvm ? [] : ["/dev/kvm is missing"]),
  ];
}

const end = (ending: TrialEnding): TrialDecision => ({ kind: "end", ending });
