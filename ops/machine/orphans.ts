/** Deletes one volume that belongs to nothing, after its ID was typed. */

import { randomUUID } from "node:crypto";
import { type Failure, isTransient } from "../failure.ts";
import { duration } from "../fleet/derive/ages.ts";
import { dollars } from "../fleet/derive/cost.ts";
import type { Fleet, Snapshot, Volume } from "../fleet/model.ts";
import { snapshotPerMonth, volumePerMonth } from "../fleet/prices.ts";
import { claimOf } from "../fleet/tags.ts";
import type { Deed, Operation, OperationContext, Outcome } from "../operation/types.ts";
import { type Act, sayAct } from "./acts.ts";
import { PATIENCE } from "./decision.ts";
import { hasHeldData, keepsOf, markOf, mustKeep } from "./mark.ts";
import { lookThroughWeather } from "./operations.ts";
import { FAILING_MS, GRACE_MS, pollAfter, retryAfter } from "./pace.ts";
import { takenFor } from "./snapshots.ts";
import type { MachineTools } from "./tools.ts";
import { takeTurns, tally } from "./turns.ts";

/** The volumes that Terraform names as its own; throws a FailureError where that cannot be learned. */
type Named = (context: OperationContext) => Promise<ReadonlySet<string>>;

/** What a person has agreed to, by the volume's ID. */
interface Agreed {
  readonly volumeId: string;
  readonly agreement: string;
  /** The name of the snapshot that comes first; undefined for none. */
  readonly snapshot: string | undefined;
  /** The words to keep it that the person was told of. */
  readonly over: readonly string[];
}

/** Why this volume must not be deleted; undefined where it is an orphan that nobody needs. */
function orphanBar(fleet: Fleet, volumeId: string): string | undefined {
  if (fleet.protectedVolumeIds.has(volumeId)) return `${volumeId} is a persistent volume and is never deleted`;
  const volume = volumeIn(fleet, volumeId);
  if (!volume) return `${volumeId} is not in the account`;
  if (volume.attachments.some((one) => one.state !== "detached")) return `${volumeId} is attached`;
  if (volume.state !== "available" && volume.state !== "error") return `${volumeId} is ${volume.state}`;
  const claim = claimOf(volume);
  if (claim) return `${volumeId} is claimed: ${claim}. Where it is of no use, take that away in the EC2 console first`;
  if (fleet.protectedVolumeIds.size === 0) return "no volume is recorded as persistent, so none is known not to be";
  return fleet.orphans.some((one) => one.id === volumeId) ? undefined : `${volumeId} belongs to a machine`;
}

/** The operation `delete-orphan`. */
export function deleteOrphan(volumeId: string, tools: MachineTools, named: Named): Operation {
  return {
    name: "delete-orphan",
    title: `Delete ${volumeId}`,
    harmlessToDrop: false,
    run: async (context) => {
      const before = await lookThroughWeather(tools, context);
      const bar = orphanBar(before, volumeId) ?? (await terraformBar(volumeId, named, context));
      const volume = volumeIn(before, volumeId);
      if (bar || !volume) return barred(bar ?? `${volumeId} is not in the account`);
      const agreed = await ask(before, volume, context);
      if (!agreed) return { status: "cancelled", sentence: `${volumeId} is kept.` };
      return deleteNow(agreed, tools, named, context);
    },
  };
}

async function terraformBar(volumeId: string, named: Named, context: OperationContext): Promise<string | undefined> {
  return (await named(context)).has(volumeId)
    ? `${volumeId} is in Terraform's state: it is Terraform's own`
    : undefined;
}

/** First what becomes of its data, where there is any; then the ID, typed. Undefined is no. */
async function ask(fleet: Fleet, volume: Volume, context: OperationContext): Promise<Agreed | undefined> {
  const { at } = fleet.observation;
  const price = dollars(snapshotPerMonth(volume), "month");
  const name = `${markOf(volume)?.machine ?? "unattached"}: ${volume.id} before its deletion`;
  let snapshot: string | undefined;
  if (hasHeldData(volume, at)) {
    const answer = await context.ask({
      kind: "choose",
      title: `Delete ${volume.id}?`,
      deeds: [deletion(volume, at)],
      lines: [...pastLines(volume), `A snapshot of it, "${name}", costs at most ${price} until you delete it.`],
      choices: [
        { id: "cancel", label: "Cancel" },
        { id: "snapshot", label: "Snapshot, then delete", detail: `at most ${price}` },
        { id: "delete", label: "Delete", detail: "what is on it is lost" },
      ],
    });
    if (answer !== "snapshot" && answer !== "delete") return undefined;
    if (answer === "snapshot") snapshot = name;
  }
  const answer = await context.ask({
    kind: "confirm",
    title: `Delete ${volume.id} for ever?`,
    deeds: [
      ...(snapshot
        ? [{ act: "Snapshot", object: volume.id, consequence: `"${snapshot}", at most ${price} until you delete it` }]
        : []),
      deletion(volume, at),
    ],
    lines: [...pastLines(volume), ...(snapshot ? [] : ["What is on it is lost; no snapshot is taken."])],
    yes: "Delete it",
    no: "Cancel",
    typed: volume.id,
  });
  if (answer !== "yes") return undefined;
  return { volumeId: volume.id, agreement: randomUUID().slice(0, 13), snapshot, over: keepsOf(volume) };
}

async function deleteNow(
  agreed: Agreed,
  tools: MachineTools,
  named: Named,
  context: OperationContext,
): Promise<Outcome> {
  const { volumeId, agreement, over } = agreed;
  const { clock } = tools;
  const title = `Delete ${volumeId}`;
  const show = (state: "running" | "waiting" | "done" | "failed", detail?: string) =>
    context.step("delete", title, state, detail);
  const ended = (bar: string): Outcome => {
    show("failed", bar);
    return barred(bar);
  };
  const trouble = (failure: Failure) => show("waiting", `${failure.sentence} Trying again`);
  show("running");
  // The person took a while to type: what Terraform said before may no longer be so.
  const claimed = await terraformBar(volumeId, named, context);
  if (claimed) return ended(claimed);
  const refusals = tally(clock.monotonic);
  const waits = tally(clock.monotonic);
  let acted: { readonly kind: Act["kind"]; readonly at: number } | undefined;

  const perform = async (act: Act): Promise<void> => {
    // Noted before its answer: one that is lost says nothing, and a second snapshot would cost as much again.
    acted = { kind: act.kind, at: clock.monotonic() };
    show("running", sayAct(act));
    try {
      context.log(await tools.act(act), "note");
    } catch (error) {
      context.signal.throwIfAborted();
      const failure = tools.explain(error);
      const { times, forMs } = refusals.count(act.kind);
      // A call that is refused for how things are by now is no end either: the next look tells how they are.
      const mayPass = isTransient(failure) || failure.kind === "missing" || failure.kind === "conflict";
      if (!mayPass || forMs > FAILING_MS) throw error;
      trouble(failure);
      await clock.sleep(retryAfter(times, "other"), context.signal);
    }
  };

  return takeTurns<Fleet>(
    {
      clock,
      explain: tools.explain,
      look: (signal) => tools.look(signal, agreed.snapshot ? [volumeId] : []),
      trouble,
      cancelled: () => ({
        status: "cancelled",
        sentence: `Given up after the call that was under way; ${
          acted?.kind === "DeleteVolume" ? `${volumeId} is being deleted` : `${volumeId} is still there`
        }.`,
        next: "Look at the fleet again.",
      }),
      turn: async (fleet) => {
        const snapshots = takenFor(fleet.observation.snapshots ?? [], volumeId, agreement);
        const seen = volumeIn(fleet, volumeId);
        if (acted?.kind === "DeleteVolume" && !seen) {
          show("done");
          return { status: "done", sentence: `${volumeId} is deleted${left(snapshots)}.` };
        }
        const settling = acted !== undefined && clock.monotonic() - acted.at < GRACE_MS;
        if (!settling) {
          const bar =
            orphanBar(fleet, volumeId) ??
            (seen && mustKeep(seen, over) ? `somebody has marked ${volumeId} to be kept meanwhile` : undefined);
          if (bar) return ended(bar);
          const next = nextAct(agreed, snapshots);
          if (typeof next === "string") return ended(next);
          if (next) {
            await perform(next);
            return undefined;
          }
        }
        const pending = snapshots.find(({ state }) => state === "pending");
        const until = pending ? `${pending.id}, its snapshot, is completed` : "it is gone";
        show("waiting", `waiting until ${until}`);
        const { forMs } = waits.count(until);
        if (forMs > (pending ? PATIENCE.snapshot : FAILING_MS)) {
          return ended(`after ${duration(forMs)} it was still being waited until ${until}`);
        }
        await clock.sleep(pollAfter(forMs), context.signal);
        return undefined;
      },
    },
    context,
  );
}

/** What is to be done now: nothing while the snapshot is written; a sentence where it came to nothing. */
function nextAct({ volumeId, agreement, snapshot }: Agreed, taken: readonly Snapshot[]): Act | string | undefined {
  if (snapshot === undefined || taken.some(({ state }) => state === "completed")) {
    return { kind: "DeleteVolume", volumeId };
  }
  if (taken.some(({ state }) => state === "pending")) return undefined;
  if (taken.length > 0) return `the snapshot of ${volumeId} came to nothing (${taken[0]?.id})`;
  return { kind: "SnapshotVolume", volumeId, agreement, name: snapshot };
}

function left(snapshots: readonly Snapshot[]): string {
  return snapshots.map(({ id }) => `; ${id} is the snapshot of it`).join("");
}

function volumeIn(fleet: Fleet, volumeId: string): Volume | undefined {
  const volume = fleet.observation.volumes.find((one) => one.id === volumeId);
  return volume && volume.state !== "deleting" && volume.state !== "deleted" ? volume : undefined;
}

function barred(bar: string): Outcome {
  return { status: "blocked", sentence: `Not deleted: ${bar}.`, next: "Look at the fleet again." };
}

function deletion(volume: Volume, at: number): Deed {
  const { id, name, sizeGiB, createdAt } = volume;
  const facts = [name, `${sizeGiB} GiB`, `${duration(at - createdAt)} old`, dollars(volumePerMonth(volume), "month")];
  return { act: "Delete", object: id, consequence: facts.filter(Boolean).join(", "), irreversible: true };
}

/** Whose it was, as far as its tags and its name say. */
function pastLines(volume: Volume): readonly string[] {
  const mark = markOf(volume);
  if (mark) return [`It was the root of ${mark.instanceId} (${mark.machine}) until ${mark.replacedBy} took its place.`];
  return [
    volume.name
      ? `Its name says ${volume.name}; nothing else tells which machine it was on.`
      : "Nothing tells which machine it was on.",
  ];
}
