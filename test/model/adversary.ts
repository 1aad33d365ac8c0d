/**
 * Windows of the real program on one simulated account, opened, answered and killed at random, while other hands do what
 * they like; all from one seed. What was agreed to is read off the questions, as a person reads them.
 */

import { explain } from "../../ops/aws/errors.ts";
import { FailureError } from "../../ops/failure.ts";
import type { Observation } from "../../ops/fleet/model.ts";
import { PERSISTENT_TAG } from "../../ops/fleet/tags.ts";
import type { Act } from "../../ops/machine/acts.ts";
import { keepsOf } from "../../ops/machine/mark.ts";
import { startMachine, stopMachine, swapMachine } from "../../ops/machine/operations.ts";
import type { Origin } from "../../ops/machine/origin.ts";
import { deleteOrphan } from "../../ops/machine/orphans.ts";
import { connectMachine } from "../../ops/machine/prerequisites.ts";
import type { MachineTools } from "../../ops/machine/tools.ts";
import type { Operation, OperationContext, Outcome, Question } from "../../ops/operation/types.ts";
import type { Account } from "../simulator/ec2/account.ts";
import { IMAGES } from "../simulator/ec2/images.ts";
import { apply } from "../simulator/ec2/rules.ts";
import { settle } from "../simulator/ec2/settle.ts";
import { dueOf } from "../simulator/latencies.ts";
import { STORY_IDS } from "../simulator/story.ts";
import { starts } from "./accounts.ts";
import { eyes } from "./eyes.ts";
import { meddle, type Pick } from "./hands.ts";
import { NOW, OWNER, viewOf } from "./look.ts";
import { callOf, MACHINE } from "./player.ts";
import { randomFrom } from "./random-run.ts";
import { timeline } from "./timeline.ts";

export interface Attack {
  /** What was lost though nobody had agreed to that; empty where all is well. */
  readonly broken: readonly string[];
  readonly story: readonly string[];
  readonly outcomes: readonly Outcome["status"][];
  readonly deleted: number;
  readonly kills: number;
  readonly meddled: number;
}

/** What makes the program worse than it is, to see that it is caught. */
export interface Sabotage {
  readonly hear?: (question: Question, answer: string | undefined) => string | undefined;
  readonly see?: (observation: Observation) => Observation;
}

/** What a person has read and said yes to in one window. */
interface Agreed {
  /** By the volumes that may go: the words to keep each that stood on it when that was asked. */
  readonly deletions: Map<string, readonly string[]>;
  readonly snapshots: Set<string>;
}

const MINUTE = 60_000;
const LATE_MS = 2000;
/** A word that was written so long before a call has been seen: the program looks twice before what cannot be undone. */
const SEEN_MS = 15_000;
const TOO_LONG_MS = 24 * 60 * MINUTE;
const STARTS = starts();
const VOLUME = /vol-[0-9a-f]+/g;

export async function attack(seed: number, { hear = (_, answer) => answer, see = (seen) => seen }: Sabotage = {}) {
  const random = randomFrom(seed);
  const pick: Pick = (list) => list[Math.floor(random() * list.length)] as (typeof list)[number];
  const chance = (share: number) => random() < share;
  const time = timeline(NOW);
  const start = pick(STARTS);
  const owner = chance(0.8) ? OWNER : {};
  const story: string[] = [`seed ${seed}: ${start.name}, ${owner === OWNER ? "recorded" : "by its tags alone"}`];
  const broken: string[] = [];
  const outcomes: Outcome["status"][] = [];
  let account: Account = start.account;
  let before = account;
  let changedAt = 0;
  let deleted = 0;
  let kills = 0;
  let meddled = 0;
  /** The windows that are still to end. */
  let under = 1 + Math.floor(random() * 4);
  /** When each volume got the tag, by both. */
  const taggedAt = new Map<string, number>();

  const tell = (what: string) => {
    story.push(`${((time.now() - NOW) / 1000).toFixed(1)} s ${what}`);
  };
  const lost = (what: string) => {
    broken.push(what);
    tell(`BROKEN: ${what}`);
  };
  const become = (next: Account, how: string, mayGo?: string) => {
    if (next === account) return;
    before = account;
    changedAt = time.now();
    account = next;
    tell(how);
    for (const { id, tags, state, attachment } of Object.values(before.volumes)) {
      const now = account.volumes[id];
      const goes = state !== "deleting" && (now === undefined || now.state === "deleting");
      // Who ends a machine whose disk was never ours to keep from that ends the disk too.
      if (goes && id !== mayGo && !attachment?.deleteOnTermination) lost(`${id} is lost`);
      for (const tag of Object.keys(now?.tags ?? {})) {
        if (!(tag in tags)) taggedAt.set(`${id} ${tag}`, time.now());
      }
    }
    expectNext();
  };
  let expected = 0;
  /** What AWS does next by itself is planned anew after each change. */
  const expectNext = () => {
    expected += 1;
    const mine = expected;
    const [due] = Object.values(account.pending)
      .filter(({ kind }) => !kind.startsWith("forget"))
      .map((one) => ({ one, at: dueOf(account, one, 1) }))
      .sort((one, other) => one.at - other.at);
    if (!due) return;
    time.plan(due.at - time.now(), () => {
      if (mine === expected) become(settle(account, due.one.id, time.now()), `AWS: ${due.one.id}`);
    });
  };
  const someoneElse = () => {
    const done = meddle(account, pick, time.now());
    if (!done) return;
    meddled += 1;
    become(done.after, `somebody: ${done.how}`);
  };
  const fault = (code: string, status: number, words = code) =>
    Object.assign(new Error(words), { name: code, $fault: "client", $metadata: { httpStatusCode: status } });

  /** Whether this call may take the volume, by what the window's person has read and by what stands on the volume. */
  const judgeDeletion = (volumeId: string, agreed: Agreed) => {
    const volume = account.volumes[volumeId];
    const over = agreed.deletions.get(volumeId);
    if (!over) return lost(`${volumeId} is deleted, and no question had named it`);
    const settled = (tag: string) => time.now() - (taggedAt.get(`${volumeId} ${tag}`) ?? 0) > SEEN_MS;
    const keeps = keepsOf({ tags: volume?.tags ?? {} }).filter((tag) => !over.includes(tag) && settled(tag));
    if (keeps.length > 0) lost(`${volumeId} is deleted, though ${keeps.join(", ")} keeps it`);
    const recorded = Object.values(owner).some((root) => root?.volumeId === volumeId);
    if (recorded) lost(`${volumeId} is deleted, which the owner's file names`);
    if (volume && PERSISTENT_TAG in volume.tags && settled(PERSISTENT_TAG)) lost(`${volumeId} is persistent`);
    const saved = Object.values(account.snapshots).some(
      (one) => one.volumeId === volumeId && one.state === "completed",
    );
    if (agreed.snapshots.has(volumeId) && !saved) lost(`${volumeId} is deleted before its snapshot`);
  };

  const window = (name: string, operate: (tools: MachineTools) => Operation) => {
    const person = new AbortController();
    const { signal } = person;
    const agreed: Agreed = { deletions: new Map(), snapshots: new Set() };
    let isDead = false;
    let isDone = false;
    /** A killed window comes back from no call. */
    const pass = async (ms: number, until?: AbortSignal) => {
      await time.sleep(ms, until);
      if (isDead) await new Promise(() => {});
    };
    const view = async (): Promise<Observation> => {
      await pass(40);
      if (chance(0.03)) throw pick([fault("RequestLimitExceeded", 503), fault("InternalError", 500)]);
      const late = time.now() - changedAt < LATE_MS && chance(0.4);
      const part = () => (late && chance(0.5) ? before : account);
      return see(
        viewOf(
          { instances: part(), spotRequests: part(), volumes: part(), addresses: part(), snapshots: part() },
          time.now(),
        ),
      );
    };
    const perform = async (act: Act): Promise<string> => {
      await pass(60);
      if (chance(0.05)) throw pick([fault("RequestLimitExceeded", 503), fault("InternalError", 500)]);
      const outcome = apply(account, callOf(act), time.now());
      if (outcome.error) throw fault(outcome.error.code, 400, outcome.error.message);
      if (act.kind === "DeleteVolume") {
        deleted += 1;
        judgeDeletion(act.volumeId, agreed);
      }
      become(outcome.account, `${name}: ${act.kind} ${"volumeId" in act ? act.volumeId : ""}`, volumeOf(act));
      if (chance(0.1)) time.plan(random() * 4000, someoneElse);
      await pass(20);
      if (chance(0.05)) throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
      return "yes";
    };
    const tools: MachineTools = {
      clock: { ...time, sleep: pass },
      ...eyes(view, owner),
      origins: async (_instance, volumes) =>
        Object.fromEntries(volumes.map(({ id }) => [id, originIn(account, id)] as const)),
      act: perform,
      explain,
      askSsh: async () => {
        await pass(300);
        const runs = Object.values(account.instances).some(
          ({ state, tags }) => tags.Name === MACHINE && state === "running",
        );
        return runs && chance(0.4)
          ? { status: "answered", hostname: MACHINE, lines: [] }
          : { status: "silent", sentence: "Nothing answers yet.", final: false };
      },
      buildThere: async () => undefined,
      writtenThere: async () => undefined,
      forgetHostKeys: async () => {},
      spotPerHour: async () => 1,
      amissHere: () => undefined,
    };
    const ask: OperationContext["ask"] = async (question) => {
      const words = new Map(Object.entries(account.volumes).map(([id, { tags }]) => [id, keepsOf({ tags })] as const));
      // A person may leave it on the screen for a while.
      await pass(chance(0.8) ? random() * MINUTE : random() * 30 * MINUTE);
      const answer = answerTo(question, pick, chance);
      for (const id of namedIn(question, answer, agreed)) agreed.deletions.set(id, words.get(id) ?? []);
      tell(`${name}: "${question.title}": ${answer}, which lets go of ${[...agreed.deletions.keys()].join(" ")}`);
      return hear(question, answer);
    };
    const context: OperationContext = {
      signal,
      step: () => {},
      log: () => {},
      progress: () => {},
      ask,
      deviceCode: () => {},
      harmless: () => {},
      expects: () => {},
    };
    if (chance(0.3)) {
      time.plan(random() * 12 * MINUTE, () => {
        if (isDone) return;
        kills += 1;
        under -= 1;
        isDead = true;
        tell(`${name} is killed`);
      });
    } else if (chance(0.15)) {
      time.plan(random() * 12 * MINUTE, () => person.abort(new FailureError(CANCELLED)));
    }
    const operation = operate(tools);
    tell(`${name}: ${operation.title}`);
    const end = (status: Outcome["status"], how: string) => {
      isDone = true;
      under -= 1;
      outcomes.push(status);
      tell(`${name} ends: ${how}`);
    };
    operation.run(context).then(
      (outcome) => end(outcome.status, JSON.stringify(outcome)),
      (error: unknown) => end("failed", explain(error).sentence),
    );
  };

  const open = (name: string) => {
    const jumpboxHome = new Set<string>([STORY_IDS.jumpboxHome]);
    const anyDisk = () => pick(Object.keys(account.volumes));
    window(
      name,
      pick<(tools: MachineTools) => Operation>([
        ...Array.from({ length: 5 }, () => (tools: MachineTools) => swapMachine(MACHINE, tools)),
        (tools) => connectMachine(MACHINE, tools),
        (tools) => startMachine(MACHINE, tools),
        (tools) => stopMachine(MACHINE, tools),
        ...Array.from({ length: 3 }, () => (tools: MachineTools) => {
          return deleteOrphan(anyDisk(), tools, async () => jumpboxHome);
        }),
      ]),
    );
  };
  expectNext();
  open("window 1");
  for (let one = 2; one <= under; one += 1) time.plan(random() * 25 * MINUTE, () => open(`window ${one}`));
  for (let hands = Math.floor(random() * 8); hands > 0; hands -= 1) time.plan(random() * 25 * MINUTE, someoneElse);
  while (under > 0 && broken.length === 0 && (await time.step())) {
    if (time.now() - NOW > TOO_LONG_MS) lost("it goes on for ever");
  }
  return { broken, story, outcomes, deleted, kills, meddled } satisfies Attack;
}

const CANCELLED = { kind: "cancelled", sentence: "Cancelled." } as const;

function volumeOf(act: Act): string | undefined {
  return act.kind === "DeleteVolume" ? act.volumeId : undefined;
}

function originIn(account: Account, id: string): Origin {
  const snapshot = account.volumes[id]?.snapshotId;
  return snapshot === IMAGES.arm64.snapshotId
    ? { kind: "image" }
    : snapshot
      ? { kind: "snapshot", id: snapshot, snapshot: undefined }
      : { kind: "unknown" };
}

/** A person who mostly goes on. */
function answerTo(question: Question, pick: Pick, chance: (share: number) => boolean): string | undefined {
  switch (question.kind) {
    case "confirm":
      return chance(0.9) ? "yes" : undefined;
    case "choose":
      return pick(question.choices.slice(chance(0.9) ? 1 : 0)).id;
    case "text":
      return undefined;
  }
}

/** The volumes of which this answer to this question says that they may be deleted, by what stands on the screen. */
function namedIn(question: Question, answer: string | undefined, agreed: Agreed): readonly string[] {
  const ids = (text: string) => text.match(VOLUME) ?? [];
  const deeds = ("deeds" in question ? (question.deeds ?? []) : [])
    .filter(({ act }) => act === "Delete")
    .map(({ object }) => object);
  if (question.kind === "confirm") {
    if (answer !== "yes") return [];
    return question.typed ? ids(question.typed) : deeds;
  }
  if (question.kind !== "choose") return [];
  const choice = question.choices.find(({ id }) => id === answer);
  if (answer === "swap") {
    const first = ("deeds" in question ? (question.deeds ?? []) : []).filter(({ act }) => act === "Snapshot");
    for (const { object } of first) agreed.snapshots.add(object);
    return deeds;
  }
  if (answer !== "delete" && answer !== "snapshot") return [];
  // An unattached volume's fate is asked for alone; only its ID, typed, is a yes.
  const named = ids(choice?.detail ?? "");
  if (answer === "snapshot") for (const id of named.length > 0 ? named : ids(question.title)) agreed.snapshots.add(id);
  return named;
}
