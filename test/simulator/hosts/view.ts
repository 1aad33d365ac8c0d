/** What the SSH hosts need to know of the simulated account: which machine runs where, on which root, since when. */

import { MACHINE_NAMES, type MachineName } from "../../../ops/fleet/machines.ts";
import { type Account, patch, publicIpOf, rootOf } from "../ec2/account.ts";
import { PERSISTENT, STORY_IDS } from "../story.ts";
import type { World } from "../world.ts";

export interface HostView {
  readonly machine: MachineName;
  readonly instanceId: string;
  /** Whether its user_data has cloud-init keep the host keys of a root that it has not seen. */
  readonly keepsHostKeys: boolean;
  readonly running: boolean;
  readonly rootVolumeId: string | undefined;
  /** Whether the owner's data are on that root; otherwise it is as its image made it. */
  readonly hasData: boolean;
  readonly publicIp: string | undefined;
  /** When this boot began, and when its SSH server answers; simulated milliseconds. */
  readonly startedAt: number;
  readonly bootedAt: number;
  /** When AWS will take it, where it has given notice. */
  readonly interruption: { readonly action: string; readonly at: number } | undefined;
}

/** Where the hosts learn of the account; a world gives one, tests make their own. */
export interface HostSource {
  readonly list: () => readonly HostView[];
  readonly onChange: (listener: () => void) => () => void;
  readonly now: () => number;
  /** Calls back at a simulated time; returns the function that cancels it. */
  readonly at: (at: number, callback: () => void) => () => void;
  /** Hears what the machine's console has shown since its last stop, where host keys were printed or it was rebooted. */
  readonly tellConsole?: (machine: MachineName, text: string) => void;
}

const NOTICE_MS = 120_000;

export function hostsOfWorld(world: Pick<World, "account" | "onChange" | "clock" | "bootedAt" | "update">): HostSource {
  const owned = new Set<string>([...Object.values(PERSISTENT).map((root) => root.volumeId), STORY_IDS.jumpboxRoot]);
  const instanceOf = (account: Account, machine: MachineName) => {
    const named = Object.values(account.instances).filter((one) => one.tags.Name === machine);
    return named.find((one) => one.state === "running") ?? named.at(-1);
  };
  const view = (machine: MachineName): HostView => {
    const account = world.account();
    const instance = instanceOf(account, machine);
    const startedAt = Math.max(instance?.launchedAt ?? 0, instance?.rebootedAt ?? 0);
    const root = instance && rootOf(account, instance);
    return {
      machine,
      instanceId: instance?.id ?? "",
      keepsHostKeys: instance?.keepsHostKeys === true,
      running: instance?.state === "running",
      rootVolumeId: root?.id,
      hasData: root !== undefined && owned.has(root.id),
      publicIp: instance && publicIpOf(account, instance),
      startedAt,
      bootedAt: instance ? world.bootedAt(instance.id, startedAt) : 0,
      interruption: instance?.interruption && {
        action: instance.interruption.action,
        at: instance.interruption.noticedAt + NOTICE_MS,
      },
    };
  };
  return {
    list: () => MACHINE_NAMES.map(view),
    onChange: (listener) => world.onChange(() => listener()),
    now: world.clock.now,
    at: world.clock.at,
    tellConsole: (machine, console) =>
      world.update((account) => {
        const instance = instanceOf(account, machine);
        return instance ? patch(account, "instances", instance.id, { console }) : account;
      }),
  };
}
