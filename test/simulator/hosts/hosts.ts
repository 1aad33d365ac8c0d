/** This folder: SSH servers that stand for the machines. Not here: what EC2 says of them. */
/** The simulated machines as real SSH servers on loopback, in step with the simulated account. */

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ssh2 from "ssh2";
import { MACHINE_NAMES, MACHINES, type MachineName } from "../../../ops/fleet/machines.ts";
import { createHost, type Host, type HostFaults } from "./host.ts";
import { makeKey, openRoot } from "./root-volume.ts";
import { writeStandIns } from "./stand-ins.ts";
import type { HostSource, HostView } from "./view.ts";

export interface Hosts {
  /** Maps the simulated public addresses to loopback; what SNOWGLOBE_SSH_CONFIG is to name. */
  readonly sshConfigPath: string;
  /** The person's private key, `.ssh/fcvm-ec2` under the given home. */
  readonly keyPath: string;
  readonly faults: (machine: MachineName) => HostFaults;
  /** The directory that stands for a root volume, there from its first boot on. */
  readonly volumePath: (volumeId: string) => string;
  /** Resolves when the servers stand as the account said when this was called. */
  readonly settled: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts them. Everything is written below `directory`, except the person's key, below `home`: all keys are made for
 * this run. The caller removes both.
 */
export async function startHosts(options: {
  readonly source: HostSource;
  readonly directory: string;
  readonly home: string;
}): Promise<Hosts> {
  const { source, directory, home } = options;
  const bin = join(directory, "bin");
  const sshConfigPath = join(directory, "ssh_config");
  const keyPath = join(home, ".ssh", "fcvm-ec2");
  makeKey(keyPath, "fcvm-ec2");
  writeStandIns(bin);
  const publicKey = ssh2.utils.parseKey(readFileSync(`${keyPath}.pub`));
  if (publicKey instanceof Error) throw publicKey;

  const hosts = new Map<MachineName, { host: Host; boot: string | undefined }>(
    MACHINE_NAMES.map((machine) => [machine, { host: createHost(publicKey), boot: undefined }]),
  );
  /** Every address that a machine ever had here, so that one without a machine is refused and not looked for in the world. */
  const addresses = new Map<string, MachineName>();
  const volumePath = (volumeId: string) => join(directory, "volumes", volumeId);

  const follow = async (now: number) => {
    for (const view of source.list()) {
      const entry = hosts.get(view.machine);
      if (!entry) continue;
      if (view.publicIp) addresses.set(view.publicIp, view.machine);
      writeNotice(directory, view);
      const answers = view.running && view.rootVolumeId !== undefined && now >= view.bootedAt;
      const boot = answers ? `${view.rootVolumeId} ${view.startedAt}` : undefined;
      if (boot === entry.boot) continue;
      entry.boot = boot;
      if (!boot || !view.rootVolumeId) {
        await entry.host.down();
        continue;
      }
      const root = openRoot(volumePath(view.rootVolumeId), view.machine, view.hasData);
      const env = environmentOf(view, root.home, root.kernel, bin, directory, now);
      await entry.host.up({ hostKey: root.hostKey, place: { home: root.home, env } });
    }
    writeConfig(sshConfigPath, addresses, (machine) => hosts.get(machine)?.host.port() ?? 0);
  };

  let cancelAlarm = () => {};
  let stopped = false;
  let following = Promise.resolve();
  const update = () => {
    following = following.then(async () => {
      // One instant for both: what is not up yet by it is waited for, also if it is up by the time that this is done.
      const now = source.now();
      await follow(now);
      cancelAlarm();
      const next = source.list().filter((view) => view.running && view.bootedAt > now);
      if (stopped || next.length === 0) return;
      cancelAlarm = source.at(Math.min(...next.map((view) => view.bootedAt)), update);
    });
    return following;
  };
  const unsubscribe = source.onChange(() => void update());
  await update();

  return {
    sshConfigPath,
    keyPath,
    volumePath,
    faults: (machine) => {
      const entry = hosts.get(machine);
      if (!entry) throw new Error(`there is no host ${machine}`);
      return entry.host.faults;
    },
    settled: update,
    stop: async () => {
      stopped = true;
      unsubscribe();
      await following;
      cancelAlarm();
      await Promise.all([...hosts.values()].map(({ host }) => host.down()));
    },
  };
}

function environmentOf(
  view: HostView,
  home: string,
  kernel: string,
  bin: string,
  directory: string,
  now: number,
): Record<string, string> {
  const spec = MACHINES[view.machine];
  const path = process.env.PATH ?? "/usr/bin:/bin";
  return {
    HOME: home,
    USER: "ubuntu",
    LOGNAME: "ubuntu",
    SHELL: "/bin/bash",
    LANG: "C.UTF-8",
    PATH: `${bin}:${path}`,
    SIM_PATH: path,
    SIM_HOSTNAME: view.machine,
    SIM_KERNEL: kernel,
    SIM_ARCHITECTURE: spec.architecture === "arm64" ? "aarch64" : "x86_64",
    SIM_VCPUS: String(spec.vcpus),
    SIM_STARTED: String(Math.floor((Date.now() - (now - view.startedAt)) / 1000)),
    SIM_SCRATCH: view.machine === "fcvm-metal-arm" ? "/dev/nvme1n1" : "",
    SIM_NOTICE: noticePath(directory, view.machine),
  };
}

function noticePath(directory: string, machine: MachineName): string {
  return join(directory, "metadata", `${machine}-instance-action.json`);
}

/** What instance metadata answers for `spot/instance-action`; no file, no notice. */
function writeNotice(directory: string, { machine, interruption }: HostView): void {
  const path = noticePath(directory, machine);
  mkdirSync(dirname(path), { recursive: true });
  if (!interruption) {
    rmSync(path, { force: true });
    return;
  }
  const time = new Date(interruption.at).toISOString().replace(/\.\d+Z$/, "Z");
  writeFileSync(path, JSON.stringify({ action: interruption.action, time }));
}

/** Whole or not at all: ssh may read it at any moment. An address of no machine here leads to a port that refuses. */
function writeConfig(
  path: string,
  addresses: ReadonlyMap<string, MachineName>,
  portOf: (machine: MachineName) => number,
): void {
  const blocks = [...addresses].map(([address, machine]) => `Host ${address}\n  Port ${portOf(machine) || 1}\n`);
  writeFileSync(`${path}.new`, `${blocks.join("")}Host *\n  HostName 127.0.0.1\n  Port 1\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
