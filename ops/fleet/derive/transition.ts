/** Whether anything is on its way from one state to another, so that looking often is worth it. */

import type { Fleet, Instance, Machine, Volume } from "../model.ts";
import { TABLES, type Table } from "../parts.ts";
import { hasNotice } from "./stopped-by.ts";

/**
 * The parts of a look in which something is on its way: they are asked for every second. What may stay as it is for ever
 * (`busy`, no capacity) does not count. What a spot request announces happens to its instance.
 */
export function movingParts(fleet: Fleet): readonly Table[] {
  const { instances, volumes } = fleet.observation;
  const requestMoves = Object.values(fleet.machines).some(spotRequestMoves);
  const moves: Readonly<Record<Table, boolean>> = {
    instances: requestMoves || instances.some(instanceMoves),
    spotRequests: requestMoves,
    volumes: volumes.some(volumeMoves),
    addresses: false,
  };
  return TABLES.filter((table) => moves[table]);
}

/** Whether this machine, its root or its spot request is on the move. */
export function machineInTransition(machine: Machine): boolean {
  const volumes = [machine.root, machine.persistent?.volume, ...machine.dataVolumes];
  return (
    (machine.instance !== undefined && instanceMoves(machine.instance)) ||
    volumes.some((volume) => volume !== undefined && volumeMoves(volume)) ||
    spotRequestMoves(machine)
  );
}

function instanceMoves({ state }: Instance): boolean {
  return state === "pending" || state === "stopping" || state === "shutting-down";
}

function volumeMoves({ state, attachments }: Volume): boolean {
  return (
    state === "creating" ||
    state === "deleting" ||
    attachments.some((attachment) => attachment.state === "attaching" || attachment.state === "detaching")
  );
}

function spotRequestMoves({ instance, spotRequest }: Machine): boolean {
  if (!instance || !spotRequest) return false;
  if (hasNotice(spotRequest)) return true;
  if (instance.state !== "stopped") return false;
  return (
    spotRequest.state === "active" || (spotRequest.state === "open" && spotRequest.statusCode.startsWith("pending-"))
  );
}
