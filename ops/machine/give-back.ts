/** EC2 does not start the machine on its own disk: the root that it had goes back, and the machine is not left dark. Pure. */

import type { Instance, Volume } from "../fleet/model.ts";
import { toFree } from "./decide-run.ts";
import { act, blocked, type Decision } from "./decision.ts";
import { standingOf } from "./spot.ts";
import type { World } from "./world.ts";

/** @param oldRoots the roots that this machine had before, the one to be put back first */
export function giveBack(
  world: World,
  instance: Instance,
  persistentId: string,
  oldRoots: readonly Volume[],
): Decision {
  const { name } = world.spec;
  const old = oldRoots.find(
    (volume) =>
      volume.state === "available" &&
      volume.availabilityZone === instance.availabilityZone &&
      volume.attachments.every((one) => one.state === "detached"),
  );
  // What an experiment stopped would have to be started first, and it does not start.
  if (!old || standingOf(world).kind === "by-experiment") {
    return blocked(
      `${name} does not start on its persistent volume ${persistentId}, which is left on: ${world.startRefused}`,
      "Fix that, then start it (p).",
    );
  }
  const meanwhile = "EC2 tries to start it again, and only then its disk may be taken off";
  return (
    toFree(world, instance, "release", meanwhile) ??
    act(
      "putBack",
      { kind: "DetachVolume", volumeId: persistentId, instanceId: instance.id, device: instance.rootDeviceName },
      `EC2 does not start ${instance.id} on it, and ${old.id} takes its place again`,
    )
  );
}
