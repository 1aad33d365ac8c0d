/** Machines that ssh can reach, and everything of ops/ssh on top of them, in a directory of its own. */

import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../ops/clock.ts";
import { type Environment, environmentFrom } from "../../../ops/environment.ts";
import { MACHINE_NAMES, type MachineName } from "../../../ops/fleet/machines.ts";
import type { FleetState } from "../../../ops/fleet/state.ts";
import type { FleetCore } from "../../../ops/ops.ts";
import { type Channel, createChannel } from "../../../ops/ssh/channel.ts";
import { createHostKeys, type HostKeys } from "../../../ops/ssh/host-keys.ts";
import { createSessions } from "../../../ops/ssh/sessions.ts";
import type { Sessions } from "../../../ops/ssh/types.ts";
import { type Cell, cell } from "../../../ops/store.ts";
import { aFleet, live, type MachineStory } from "../../harness/fleets.ts";
import { type Hosts, startHosts } from "../../simulator/hosts/hosts.ts";
import type { HostSource } from "../../simulator/hosts/view.ts";

type Stories = Partial<Record<MachineName, MachineStory>>;

export interface Rig {
  readonly environment: Environment;
  readonly fleet: FleetCore & Cell<FleetState>;
  readonly hosts: Hosts;
  readonly hostKeys: HostKeys;
  readonly channel: Channel;
  readonly sessions: Sessions;
  /** Puts the machines into these states, for AWS and for SSH; `told: false` leaves AWS's answers as they were. */
  readonly story: (stories: Stories, told?: boolean) => Promise<void>;
  /** Another cockpit, of another computer: a home of its own, with the key. */
  readonly another: (env?: Readonly<Record<string, string>>) => {
    readonly sessions: Sessions;
    readonly channel: Channel;
  };
  readonly addressOf: (machine: MachineName) => string;
  readonly stop: () => Promise<void>;
}

export async function startRig(stories: Stories = {}, patience?: Parameters<typeof createSessions>[4]): Promise<Rig> {
  const directory = mkdtempSync(join(tmpdir(), "snowglobe-ssh-"));
  const home = join(directory, "home");
  mkdirSync(home);
  let fact = aFleet(stories);
  let changed = () => {};
  const state = cell<FleetState>(live(fact));
  const fleet = { ...state, start: async () => {}, stop: () => {}, refresh: async () => state.set(live(fact)) };
  const source: HostSource = {
    now: Date.now,
    at: (at, callback) => {
      const timer = setTimeout(callback, at - Date.now());
      return () => clearTimeout(timer);
    },
    onChange: (listener) => {
      changed = listener;
      return () => {};
    },
    list: () =>
      MACHINE_NAMES.map((machine) => {
        const { instance, root, rootKind } = fact.machines[machine];
        return {
          machine,
          running: instance?.state === "running",
          instanceId: instance?.id ?? "",
          keepsHostKeys: false,
          rootVolumeId: root?.id,
          hasData: rootKind === "persistent",
          publicIp: instance?.publicIp,
          startedAt: instance?.launchedAt ?? 0,
          bootedAt: 0,
          interruption: undefined,
        };
      }),
  };
  const hosts = await startHosts({ source, directory: join(directory, "machines"), home });
  const environment = environmentFrom({
    PATH: process.env.PATH,
    HOME: home,
    TERM: "xterm-256color",
    XDG_STATE_HOME: join(directory, "state"),
    SNOWGLOBE_SSH_CONFIG: hosts.sshConfigPath,
  });
  const hostKeys = createHostKeys(environment);
  const channel = createChannel(environment, systemClock, fleet, hostKeys);
  const sessions = createSessions(environment, systemClock, fleet, channel, patience);
  const others: Sessions[] = [];
  const another: Rig["another"] = (env = {}) => {
    const elsewhere = mkdtempSync(join(directory, "elsewhere-"));
    cpSync(join(home, ".ssh"), join(elsewhere, ".ssh"), { recursive: true });
    const itsEnvironment = environmentFrom({ ...environment.env, HOME: elsewhere, XDG_STATE_HOME: elsewhere, ...env });
    const itsChannel = createChannel(itsEnvironment, systemClock, fleet, createHostKeys(itsEnvironment));
    const itsSessions = createSessions(itsEnvironment, systemClock, fleet, itsChannel);
    others.push(itsSessions);
    return { sessions: itsSessions, channel: itsChannel };
  };
  return {
    another,
    environment,
    fleet,
    hosts,
    hostKeys,
    channel,
    sessions,
    addressOf: (machine) => fact.machines[machine].address?.publicIp ?? "192.0.2.1",
    story: async (next, told = true) => {
      fact = aFleet(next);
      changed();
      await hosts.settled();
      if (told) state.set(live(fact));
    },
    stop: async () => {
      await Promise.all([sessions, ...others].map((one) => one.stop()));
      await hosts.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
