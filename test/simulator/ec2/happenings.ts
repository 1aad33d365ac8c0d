/** What the world does to the account without any call of ours: capacity comes and goes, EC2 takes machines. Pure. */

import { type Account, expect, type Pending, patch, type Reason, spotRequestOf } from "./account.ts";
import { BY_EC2, BY_EXPERIMENT, beginStop, FAILED_STARTS, takeBackStart, withStatus } from "./transitions.ts";

export type Happening =
  /** EC2 wants the machine back: two minutes' notice, then it stops (or terminates) it. */
  | { readonly name: "notice-interruption"; readonly instanceId: string }
  /** EC2 stops a spot machine at once, without the notice (it is best effort). */
  | { readonly name: "stop-by-ec2"; readonly instanceId: string }
  /** An experiment of AWS FIS stops a spot machine: EC2 does not start it again. */
  | { readonly name: "stop-by-experiment"; readonly instanceId: string }
  /** What was accepted and is under way, a start, a stop, an attach or a detach, is undone. */
  | { readonly name: "take-back"; readonly pendingId: string; readonly reason?: Reason }
  /** From now on every start of this instance, or from this root volume, is taken back; without a reason none is. */
  | { readonly name: "doom"; readonly id: string; readonly reason: Reason | undefined }
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
      const action = request.type === "persistent" ? request.interruptionBehavior : "terminate";
      const noticed = patch(account, "instances", instance.id, { interruption: { action, noticedAt: now } });
      // aws.md: hibernation begins at once; a termination is told as done while the machine has two minutes left.
      if (action === "hibernate") return beginStop(noticed, noticed.instances[instance.id] ?? instance, BY_EC2, now);
      const [state, code] =
        action === "stop"
          ? (["active", "marked-for-stop"] as const)
          : (["closed", "instance-terminated-no-capacity"] as const);
      const marked = request.state === "active" ? withStatus(noticed, request.id, state, code, now) : noticed;
      return expect(marked, "interrupt", instance.id, now);
    }
    case "stop-by-ec2": {
      const instance = account.instances[happening.instanceId];
      if (instance?.state !== "running" || !instance.spotRequestId) return account;
      return beginStop(account, instance, BY_EC2, now);
    }
    case "stop-by-experiment": {
      const instance = account.instances[happening.instanceId];
      if (instance?.state !== "running" || !instance.spotRequestId) return account;
      return beginStop(account, instance, BY_EXPERIMENT, now, "marked-for-stop-by-experiment");
    }
    case "take-back": {
      const pending = account.pending[happening.pendingId];
      if (!pending) return account;
      return takenBack(account, pending, happening.reason ?? FAILED_STARTS.server, now);
    }
    case "doom": {
      const { [happening.id]: _former, ...others } = account.doomed ?? {};
      const doomed = happening.reason ? { ...others, [happening.id]: happening.reason } : others;
      return { ...account, doomed };
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

/** What was under way, as it was before; the same account where it cannot be undone. */
function takenBack(account: Account, { id, kind, subject }: Pending, reason: Reason, now: number): Account {
  const { [id]: _undone, ...pending } = account.pending;
  const idle = { ...account, pending };
  switch (kind) {
    case "run":
    case "fulfil": {
      const instance = account.instances[kind === "run" ? subject : (account.spotRequests[subject]?.instanceId ?? "")];
      return instance?.state === "pending" ? takeBackStart(idle, instance, reason, now) : account;
    }
    case "stop": {
      const instance = account.instances[subject];
      const request = instance && spotRequestOf(account, instance);
      if (!instance) return account;
      const running = patch(idle, "instances", subject, { state: "running", stateReason: undefined });
      return request?.state === "active" ? withStatus(running, request.id, "active", "fulfilled", now) : running;
    }
    case "attach":
      return patch(idle, "volumes", subject, { state: "available", attachment: undefined });
    case "detach": {
      const attachment = account.volumes[subject]?.attachment;
      const holder = attachment && account.instances[attachment.instanceId];
      // A machine that has ended lets go for good.
      if (!attachment || !holder || holder.state === "terminated") return account;
      return patch(idle, "volumes", subject, { attachment: { ...attachment, state: "attached" } });
    }
    default:
      return account;
  }
}
