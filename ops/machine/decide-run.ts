/** The lesser goals, stopped, running and reachable, which the swap is made of too. Pure. */

import type { Instance } from "../fleet/model.ts";
import { act, blocked, type Decision, type Goal, PATIENCE, type StepId, wait } from "./decision.ts";
import { isBeingTaken, standingOf, stopBar } from "./spot.ts";
import { addressOf, seatOf, type World } from "./world.ts";

/** Where the machine is not there to be acted upon: why. */
export function absence(world: World): Decision | undefined {
  const { instance, spec } = world;
  if (!instance) {
    return blocked(
      `There is no machine named ${spec.name} in the account.`,
      "Run make apply to have Terraform make it.",
    );
  }
  if (instance.state === "shutting-down" || instance.state === "terminated") {
    return blocked(
      `${instance.id} (${spec.name}) is ${instance.state}: it does not come back.`,
      "Run make apply to have Terraform make a new one; its persistent volume stays.",
    );
  }
  return undefined;
}

/** Where the name is another instance's by now: what was agreed to was not about that one. */
export function anotherMachine({ instance, spec }: World, goal: Goal): Decision | undefined {
  if (!instance || instance.id === goal.instanceId) return undefined;
  return blocked(
    `${spec.name} is another machine by now, ${instance.id}; this was agreed for ${goal.instanceId}, so nothing is done to it.`,
    "Look at the fleet and begin again: the question then names what that machine has.",
  );
}

/** Brings the machine to a stop that is over: stopped, and its spot request released. */
export function decideStopped(world: World): Decision {
  const gone = absence(world);
  if (gone) return gone;
  const instance = world.instance as Instance;
  return (
    toStopped(world, instance) ??
    toReleased(world, instance) ?? { kind: "done", sentence: `${world.spec.name} is stopped.` }
  );
}

/** The way to the instance state `stopped`; undefined once there. */
export function toStopped(world: World, instance: Instance): Decision | undefined {
  switch (instance.state) {
    case "running": {
      const bar = stopBar(world);
      if (bar) {
        return blocked(
          `${world.spec.name} is left running: ${bar}; a stop would be its end.`,
          "Go on with it as it is, or run make apply after terminating it to have a new one; its persistent volume stays.",
        );
      }
      if (isBeingTaken(world)) {
        return wait(
          "stop",
          `the spot request ${world.spotRequest?.id} is marked-for-stop: a stop of ${instance.id} is under way`,
          `${instance.id} has stopped`,
          PATIENCE.stop,
        );
      }
      return act("stop", { kind: "StopInstance", instanceId: instance.id }, `${instance.id} is running`);
    }
    case "pending":
      return wait(
        "stop",
        `${instance.id} is pending, and can be stopped only once it runs`,
        `${instance.id} is running`,
        PATIENCE.start,
      );
    case "stopping":
      return wait("stop", `${instance.id} is stopping`, `${instance.id} has stopped`, PATIENCE.stop);
    default:
      return undefined;
  }
}

/** After the stop of a spot machine: its request is released some time later. Undefined once nothing of ours holds it. */
function toReleased(world: World, instance: Instance): Decision | undefined {
  const { kind } = standingOf(world);
  if (kind === "stopped-by-aws" || kind === "by-experiment") return undefined;
  return toFree(world, instance, "release", "a start is under way, and it can be stopped only once it runs");
}

/**
 * What the spot request of the stopped machine has to come to before the machine may be opened or started; undefined once
 * nothing holds it. Where AWS is about to start it, `meanwhile` says why that is waited for, in the step `step`.
 */
export function toFree(world: World, instance: Instance, step: StepId, meanwhile: string): Decision | undefined {
  const standing = standingOf(world);
  switch (standing.kind) {
    case "released":
      return undefined;
    case "by-experiment":
      return step === "start"
        ? undefined
        : act(
            "start",
            { kind: "StartInstance", instanceId: instance.id },
            `an experiment stopped ${instance.id}, and only after a stop by us its disk may be taken off`,
          );
    case "held":
      return wait(
        "release",
        `${instance.id} has stopped, and ${standing.reason}; AWS releases it some time after the stop`,
        "the spot request is disabled",
        PATIENCE.release,
      );
    case "starting":
      return wait(step, `${standing.reason}: ${meanwhile}`, `${instance.id} is running`, PATIENCE.start);
    case "unseen":
      return wait(
        "release",
        `EC2 does not show the spot request of ${instance.id}`,
        `the spot request of ${instance.id} is seen`,
        PATIENCE.settle,
      );
    case "stopped-by-aws":
      return blocked(
        `AWS itself stopped ${instance.id} (${world.spec.name}), and only AWS can start it again: ${standing.reason}. Its disk stays on, for without it AWS would terminate the machine.`,
        "Wait until AWS has room and starts it; then try again.",
      );
    case "ended":
      return blocked(
        `${instance.id} (${world.spec.name}) cannot be started: ${standing.reason}.`,
        "Terminate it and run make apply to have Terraform make a new one; its persistent volume stays.",
      );
  }
}

/** The way to `running`; undefined once there. */
export function toRunning(world: World): Decision | undefined {
  const gone = absence(world);
  if (gone) return gone;
  const instance = world.instance as Instance;
  switch (instance.state) {
    case "running":
      return undefined;
    case "pending":
      return wait("start", `${instance.id} is pending`, `${instance.id} is running`, PATIENCE.start);
    case "stopping":
      return wait(
        "stop",
        `${instance.id} is stopping, and can be started only after that`,
        `${instance.id} has stopped`,
        PATIENCE.stop,
      );
    default:
      return startFromStopped(world, instance);
  }
}

function startFromStopped(world: World, instance: Instance): Decision {
  const { name } = world.spec;
  const seat = seatOf(world);
  if (seat.kind === "empty") {
    return blocked(
      `${instance.id} (${name}) has no root volume, so it cannot be started.`,
      "Press s (or run make swap) to put its persistent volume on.",
    );
  }
  if (seat.kind !== "held") return waitForSeat(instance, seat);
  return (
    toFree(world, instance, "start", "AWS is looking for a place for it") ??
    act(
      "start",
      { kind: "StartInstance", instanceId: instance.id },
      `${instance.id} is stopped with ${seat.volumeId} at ${instance.rootDeviceName}`,
    )
  );
}

/** A root device that is on its way, or on which EC2's answers do not agree yet. */
export function waitForSeat(
  instance: Instance,
  seat: { kind: "changing"; volumeId: string; state: string } | { kind: "unclear" },
): Decision {
  if (seat.kind === "unclear") {
    return wait(
      "look",
      `EC2's answers on the root device of ${instance.id} do not agree yet`,
      `EC2's answers on ${instance.id} agree`,
      PATIENCE.settle,
    );
  }
  const off = seat.state === "detaching";
  return wait(
    off ? "detach" : "attach",
    `${seat.volumeId} is ${seat.state} at ${instance.rootDeviceName} of ${instance.id}`,
    off ? `${seat.volumeId} is off` : `${seat.volumeId} is attached`,
    PATIENCE.volume,
  );
}

/** Running, its address on it, SSH answers; undefined once all is so. */
export function toReachable(world: World): Decision | undefined {
  return toRunning(world) ?? toAddress(world, world.instance as Instance) ?? toSsh(world, world.instance as Instance);
}

/** The machine's own address on the running machine. A recorded one that EC2 does not show is no reason to stop. */
export function toAddress(world: World, instance: Instance): Decision | undefined {
  const { address } = world;
  if (!address || address.instanceId === instance.id) return undefined;
  return act(
    "address",
    { kind: "AssociateAddress", allocationId: address.allocationId, instanceId: instance.id },
    address.instanceId ? `${address.publicIp} is on ${address.instanceId}` : `${address.publicIp} is on no machine`,
  );
}

export function toSsh(world: World, instance: Instance): Decision | undefined {
  const { ssh, spec } = world;
  if (ssh.status === "answered") return undefined;
  if (addressOf(world) === undefined) {
    return wait("ssh", `${instance.id} has no public address`, `${instance.id} has an address`, PATIENCE.settle);
  }
  if (ssh.status === "silent" && ssh.final) {
    return blocked(
      `${spec.name} runs, but SSH does not let us in: ${ssh.sentence}`,
      ssh.action ?? "Fix that, then run it again.",
    );
  }
  return wait(
    "ssh",
    ssh.status === "silent" ? ssh.sentence : `${instance.id} runs; sshd comes up some time after`,
    `SSH answers on ${spec.name}`,
    PATIENCE.ssh,
    { ask: "ssh" },
  );
}
