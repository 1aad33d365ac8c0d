/** What the world does to the account without any call of ours: capacity comes and goes, EC2 takes machines. Pure. */

import { type Account, expect, patch, spotRequestOf } from "./account.ts";
import { BY_EC2, beginStop, withStatus } from "./transitions.ts";

export type Happening =
  /** EC2 wants the machine back: two minutes' notice, then it stops (or terminates) it. */
  | { readonly name: "notice-interruption"; readonly instanceId: string }
  /** EC2 stops a spot machine at once, without the notice (it is best effort). */
  | { readonly name: "stop-by-ec2"; readonly instanceId: string }
  | { readonly name: "lose-spot-capacity"; readonly type: string }
  | { readonly name: "regain-spot-capacity"; readonly type: string }
  /** Something on the machine uses the volume, or lets it go. */
  | { readonly name: "mount"; readonly volumeId: string; readonly mounted: boolean };

/** The account after the happening; the same account where it cannot happen. */
export function happens(account: Account, happening: Happening, now: number): Account {
  switch (happening.name) {
    case "notice-interruption": {
      const instance = account.instances[happening.instanceId];
      const request = instance && spotRequestOf(account, instance);
      if (instance?.state !== "running" || !request) return account;
      const action = request.type === "persistent" && request.interruptionBehavior === "stop" ? "stop" : "terminate";
      const code = action === "stop" ? "marked-for-stop" : "marked-for-termination";
      const noticed = patch(account, "instances", instance.id, { interruption: { action, noticedAt: now } });
      const marked = request.state === "active" ? withStatus(noticed, request.id, "active", code, now) : noticed;
      return expect(marked, "interrupt", instance.id, now);
    }
    case "stop-by-ec2": {
      const instance = account.instances[happening.instanceId];
      if (instance?.state !== "running" || !instance.spotRequestId) return account;
      return beginStop(account, instance, BY_EC2, now);
    }
    case "lose-spot-capacity":
      if (account.noSpotCapacity.includes(happening.type)) return account;
      return { ...account, noSpotCapacity: [...account.noSpotCapacity, happening.type].sort() };
    case "regain-spot-capacity":
      return { ...account, noSpotCapacity: account.noSpotCapacity.filter((type) => type !== happening.type) };
    case "mount": {
      const attachment = account.volumes[happening.volumeId]?.attachment;
      if (!attachment) return account;
      // A busy detach goes through as soon as nothing holds the volume any more.
      if (!happening.mounted && attachment.state === "busy") {
        const freed = { ...attachment, mounted: false, state: "detaching" } as const;
        return expect(
          patch(account, "volumes", happening.volumeId, { attachment: freed }),
          "detach",
          happening.volumeId,
          now,
        );
      }
      const changed = patch(account, "volumes", happening.volumeId, {
        attachment: { ...attachment, mounted: happening.mounted },
      });
      return changed;
    }
  }
}
