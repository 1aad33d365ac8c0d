/** `decide` and `guard`, broken in the ways in which a tired person would break them: each must be caught. */

import type { Instance } from "../../ops/fleet/model.ts";
import { type Decision, type Goal, STEPS, type SwapGoal } from "../../ops/machine/decision.ts";
import { keepsOf } from "../../ops/machine/mark.ts";
import { seatOf, type World } from "../../ops/machine/world.ts";
import { STORY_IDS } from "../simulator/story.ts";
import { MACHINE, type Mind, OWN_VOLUME, SOUND } from "./player.ts";

interface Mutant {
  readonly name: string;
  /** Where it shows, if not everywhere. */
  readonly start?: string;
  /** Deceives `decide` about the world. */
  readonly see?: (world: World) => World;
  /** Reads more, or less, out of what was agreed. */
  readonly agree?: (goal: SwapGoal, world: World) => SwapGoal;
  /** Puts something else in the place of what was decided. */
  readonly change?: (decision: Decision, world: World, goal: Goal) => Decision;
}

export function mindOf(mutant: Mutant, guarded: boolean): Mind {
  return {
    decide: (world, goal) => {
      const seen = mutant.see?.(world) ?? world;
      const taken = mutant.agree && goal.kind === "swapped" ? mutant.agree(goal, world) : goal;
      const decision = SOUND.decide(seen, taken);
      return mutant.change?.(decision, world, goal) ?? decision;
    },
    guard: guarded ? SOUND.guard : () => undefined,
  };
}

function onRequest(from: (world: World) => boolean): (world: World) => World {
  return (world) =>
    world.spotRequest && world.instance?.state === "stopped" && from(world)
      ? {
          ...world,
          spotRequest: { ...world.spotRequest, state: "disabled", statusCode: "instance-stopped-by-user" },
        }
      : world;
}

function giveBack({ id, rootDeviceName }: Instance): Decision {
  const act = { kind: "DetachVolume", volumeId: OWN_VOLUME, instanceId: id, device: rootDeviceName } as const;
  return { kind: "act", step: "putBack", act, why: "" };
}

const isOnItsOwn = (world: World) => world.roots.some(({ id }) => id === OWN_VOLUME);

const swapping = (goal: Goal) => goal.kind === "swapped";

/** Where there is more to lose than the persistent volume. */
const DATA = "recreated, with data to lose";

export const MUTANTS: readonly Mutant[] = [
  {
    name: "takes the root off as soon as the machine has stopped",
    see: onRequest((world) => world.spotRequest?.state === "active"),
  },
  {
    name: "opens a machine that AWS itself stopped",
    see: onRequest((world) => world.spotRequest?.statusCode === "instance-stopped-no-capacity"),
  },
  {
    name: "does not mark the temporary disk",
    change: (decision, world) =>
      decision.kind === "act" && decision.act.kind === "TagVolume" && world.instance?.state === "stopped"
        ? {
            ...decision,
            act: {
              kind: "DetachVolume",
              volumeId: decision.act.volumeId,
              instanceId: world.instance.id,
              device: world.instance.rootDeviceName,
            },
          }
        : decision,
  },
  {
    name: "deletes before SSH has answered",
    see: (world) => ({ ...world, ssh: { status: "answered", hostname: MACHINE, lines: [] } }),
  },
  {
    name: "deletes the persistent volume when done",
    change: (decision, world, goal) =>
      decision.kind === "done" && swapping(goal) && world.persistent?.state === "available"
        ? decision
        : decision.kind === "blocked" && swapping(goal) && world.persistent?.state === "available"
          ? { kind: "act", step: "cleanUp", act: { kind: "DeleteVolume", volumeId: OWN_VOLUME }, why: "" }
          : decision,
  },
  {
    name: "deletes whatever hangs loose",
    change: (decision, _world, goal) =>
      decision.kind === "done" && swapping(goal)
        ? { kind: "act", step: "cleanUp", act: { kind: "DeleteVolume", volumeId: STORY_IDS.orphan }, why: "" }
        : decision,
  },
  {
    name: "forgets DeleteOnTermination",
    change: (decision, _world, goal) =>
      decision.kind === "act" && decision.act.kind === "ClearDeleteOnTermination"
        ? SOUND.decide(
            {
              ..._world,
              instance: _world.instance && {
                ..._world.instance,
                blockDevices: _world.instance.blockDevices.map((one) => ({ ...one, deleteOnTermination: false })),
              },
              roots: _world.roots.map((root) => ({
                ...root,
                attachments: root.attachments.map((one) => ({ ...one, deleteOnTermination: false })),
              })),
            },
            goal,
          )
        : decision,
  },
  {
    name: "puts the old root beside the new one",
    change: (decision, world) => {
      const [old] = world.marked;
      return decision.kind === "act" && decision.act.kind === "StartInstance" && old?.state === "available"
        ? {
            ...decision,
            act: {
              kind: "AttachVolume",
              volumeId: old.id,
              instanceId: decision.act.instanceId,
              device: "/dev/sdf",
            },
          }
        : decision;
    },
  },
  {
    name: "cancels the machine's own spot request",
    change: (decision, world) =>
      decision.kind === "act" && decision.act.kind === "CancelSpotRequest" && world.instance?.spotRequestId
        ? { ...decision, act: { kind: "CancelSpotRequest", requestId: world.instance.spotRequestId } }
        : decision,
  },
  {
    name: "forgets the address",
    change: (decision) =>
      decision.kind === "act" && decision.act.kind === "AssociateAddress"
        ? { kind: "done", sentence: STEPS.address }
        : decision,
  },
  {
    name: "does not put the old root back",
    change: (decision) =>
      decision.kind === "act" && decision.step === "putBack"
        ? { kind: "wait", step: "putBack", reason: "", until: "for ever", patienceMs: 1 }
        : decision,
  },
  {
    name: "starts while the volume is still attaching",
    change: (decision, world) =>
      decision.kind === "wait" && decision.step === "attach" && world.instance?.state === "stopped"
        ? {
            kind: "act",
            step: "start",
            act: { kind: "StartInstance", instanceId: world.instance.id },
            why: "",
          }
        : decision,
  },
  {
    name: "deletes what an earlier run has marked",
    start: DATA,
    agree: (goal, world) => ({
      ...goal,
      deletions: world.marked.map(({ id }) => ({ volumeId: id, snapshot: false, over: [] })),
    }),
  },
  {
    name: "takes off whatever root is there",
    start: DATA,
    agree: (goal, world) => {
      const seat = seatOf(world);
      return seat.kind === "held" ? { ...goal, takeOff: seat.volumeId } : goal;
    },
  },
  {
    name: "goes on with another machine of the name",
    start: "recreated",
    agree: (goal, world) => ({
      ...goal,
      instanceId: world.instance?.id ?? goal.instanceId,
      takeOff: world.roots[0]?.id ?? goal.takeOff,
    }),
  },
  {
    name: "does not heed that somebody keeps the volume",
    start: DATA,
    agree: (goal, world) => ({
      ...goal,
      deletions: goal.deletions.map((one) => ({ ...one, over: world.marked.flatMap(keepsOf) })),
    }),
  },
  {
    name: "does not write down that it keeps the volume",
    start: DATA,
    agree: (goal) => ({ ...goal, keep: [] }),
  },
  {
    name: "deletes without the snapshot that was agreed",
    start: DATA,
    agree: (goal) => ({ ...goal, deletions: goal.deletions.map((one) => ({ ...one, snapshot: false })) }),
  },
  {
    name: "does not wait until the snapshot is whole",
    start: DATA,
    see: (world) => ({ ...world, snapshots: world.snapshots.map((one) => ({ ...one, state: "completed" })) }),
  },
  {
    name: "opens a machine that an experiment stopped",
    see: onRequest((world) => world.spotRequest?.statusCode === "instance-stopped-by-experiment"),
  },
  {
    name: "opens a machine whose start waits for room",
    see: onRequest((world) => world.spotRequest?.statusCode === "capacity-not-available"),
  },
  {
    name: "repeats a start that EC2 takes back each time",
    see: (world) => ({ ...world, startRefused: undefined }),
  },
  {
    name: "gives the persistent volume back while EC2 tries to start on it",
    change: (decision, world) =>
      decision.kind === "wait" && decision.step === "release" && world.startRefused && world.instance
        ? giveBack(world.instance)
        : decision,
  },
  {
    name: "gives the persistent volume back though nothing was refused",
    change: (decision, world, goal) =>
      decision.kind === "act" && decision.act.kind === "StartInstance" && swapping(goal) && isOnItsOwn(world)
        ? giveBack(world.instance as Instance)
        : decision,
  },
  {
    name: "trusts a changed host key",
    see: (world) =>
      world.ssh.status === "silent" && world.ssh.final
        ? { ...world, ssh: { status: "answered", hostname: MACHINE, lines: [] } }
        : world,
  },
  {
    name: "stops a machine that can never be started again",
    see: (world) =>
      world.spotRequest && world.instance?.state === "running"
        ? { ...world, spotRequest: { ...world.spotRequest, state: "active", statusCode: "fulfilled" } }
        : world,
  },
];
