/** This folder: SSH servers that stand for the machines. Not here: what EC2 says of them. */
/** The simulated machines as real SSH servers on loopback, in step with the simulated account. */

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ssh2 from "ssh2";
import { MACHINE_NAMES, type MachineName } from "../../../ops/fleet/machines.ts";
import { bootText, type Ending } from "./console.ts";
import { chooseKernel } from "./grub.ts";
import { createHost, type Host, type HostFaults, type TrialFault } from "./host.ts";
import { type KernelWorks, startKernelWorks } from "./kernel-works.ts";
import { beginBoot, bootRoot, makeKey } from "./root-volume.ts";
import { writeStandIns } from "./stand-ins.ts";
import { environmentOf, writeConfig, writeNotice } from "./surroundings.ts";
import type { HostSource, HostView } from "./view.ts";

export interface Hosts {
  /** Maps the simulated public addresses to loopback; what SNOWGLOBE_SSH_CONFIG is to name. */
  readonly sshConfigPath: string;
  /** The person's private key, `.ssh/fcvm-ec2` under the given home. */
  readonly keyPath: string;
  readonly faults: (machine: MachineName) => HostFaults;
  /** The directory that stands for a root volume, there from its first boot on; SNOWGLOBE_ROOT of its machine. */
  readonly volumePath: (volumeId: string) => string;
  /** The source of the kernels, and what can go wrong with it. */
  readonly kernels: Pick<KernelWorks, "mirror" | "publish" | "hold">;
  /** What becomes of the kernels that GRUB boots once, from now on; undefined: nothing bad. */
  readonly trialFault: (machine: MachineName, fault: TrialFault | undefined) => void;
  /** What the console will show of the host keys that cloud-init prints: other ones, or none at all. */
  readonly keysOnConsole: (machine: MachineName, shown: (printed: readonly string[]) => readonly string[]) => void;
  /** Loses power for a moment: every program dies at once, and the machine boots again. AWS hears nothing of it. */
  readonly powerCycle: (machine: MachineName) => Promise<void>;
  /** Resolves when the servers stand as the account said when this was called. */
  readonly settled: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

interface Entry {
  readonly host: Host;
  /** Which root has had power since when; undefined while it is off. */
  power: string | undefined;
  /** A way down that was asked for from within: it boots again afterwards. */
  leaving: "shutdown" | "power-off" | undefined;
  /** When the boot under way is over, simulated milliseconds; Infinity for one that hangs. */
  upAt: number;
  up: boolean;
  trialFault: TrialFault | undefined;
  /** What the console has shown since the last stop; kept from the first reboot on. */
  console: string;
  /** What the console shows of the keys that are printed. */
  keysOnConsole: (printed: readonly string[]) => readonly string[];
}

/** AWS keeps the last 64 KB. */
const CONSOLE_LENGTH = 65_536;
/** Real milliseconds until a machine that was told to reboot cuts its connections: the command returns before. */
const LEAVING_MS = 30;

/**
 * Starts them. Everything is written below `directory`, except the person's key, below `home`: all keys are made for
 * this run. The caller removes both. `kernelSize`: how much there is to compile in the kernel that they build.
 */
export async function startHosts(options: {
  readonly source: HostSource;
  readonly directory: string;
  readonly home: string;
  readonly kernelSize?: "small" | "large";
}): Promise<Hosts> {
  const { source, directory, home, kernelSize = "small" } = options;
  const bin = join(directory, "bin");
  const sshConfigPath = join(directory, "ssh_config");
  const keyPath = join(home, ".ssh", "fcvm-ec2");
  makeKey(keyPath, "fcvm-ec2");
  const publicKey = ssh2.utils.parseKey(readFileSync(`${keyPath}.pub`));
  if (publicKey instanceof Error) throw publicKey;

  const hosts = new Map<string, Entry>(
    MACHINE_NAMES.map((machine) => [
      machine,
      {
        host: createHost(publicKey),
        power: undefined,
        leaving: undefined,
        upAt: Number.POSITIVE_INFINITY,
        up: false,
        trialFault: undefined,
        console: "",
        keysOnConsole: (printed) => printed,
      },
    ]),
  );
  /** Every address that a machine ever had here, so that one without a machine is refused and not looked for in the world. */
  const addresses = new Map<string, MachineName>();
  const volumePath = (volumeId: string) => join(directory, "volumes", volumeId);
  const works = await startKernelWorks({
    directory,
    bin,
    size: kernelSize,
    reboot: (machine) => {
      const entry = hosts.get(machine);
      if (!entry?.up) return;
      entry.leaving = "shutdown";
      setTimeout(() => void update(), LEAVING_MS);
    },
  });
  writeStandIns(bin);

  /** Lets one boot end: with an SSH server, in a panic and another boot, or never. */
  const finishBoot = async (view: HostView, entry: Entry, rootVolumeId: string, now: number) => {
    const volume = volumePath(rootVolumeId);
    const root = bootRoot(volume, view.machine, view.hasData, {
      id: view.instanceId,
      keepsHostKeys: view.keepsHostKeys,
    });
    const kernel = chooseKernel(volume);
    const fault = kernel.once ? entry.trialFault : undefined;
    const ending: Ending = fault === "panic" || fault === "hang" ? fault : "up";
    // A plain boot in which nothing is printed is told by the account itself.
    if (kernel.once || entry.console !== "" || root.printed.length > 0) {
      const text = bootText(view.machine, kernel, ending, entry.keysOnConsole(root.printed));
      entry.console = (entry.console + text).slice(-CONSOLE_LENGTH);
      source.tellConsole?.(view.machine, entry.console);
    }
    if (ending !== "up") {
      entry.upAt = ending === "panic" && kernel.rebootsOnPanic ? now + bootMs(view) : Number.POSITIVE_INFINITY;
      return;
    }
    beginBoot(volume, view.machine, fault !== "no-kvm");
    const id = `${view.machine}-${randomUUID()}`;
    const env = {
      ...environmentOf({
        view,
        home: root.home,
        kernel: kernel.release,
        bin,
        directory,
        upSince: Date.now() - Math.max(0, now - Math.max(view.startedAt, entry.upAt - bootMs(view))),
      }),
      ...works.environment(volume),
      SIM_BOOT: id,
    };
    await entry.host.up({ hostKey: root.hostKey, place: { home: root.home, env }, mark: `SIM_BOOT=${id}` });
    entry.up = true;
  };

  const follow = async (now: number) => {
    for (const view of source.list()) {
      const entry = hosts.get(view.machine);
      if (!entry) continue;
      if (view.publicIp) addresses.set(view.publicIp, view.machine);
      writeNotice(directory, view);
      const power = view.running && view.rootVolumeId ? `${view.rootVolumeId} ${view.startedAt}` : undefined;
      if (power !== entry.power || entry.leaving) {
        const leaving = power === entry.power ? entry.leaving : undefined;
        await entry.host.down(leaving ?? "shutdown");
        if (!power) entry.console = "";
        entry.upAt = leaving ? now + bootMs(view) : view.bootedAt;
        Object.assign(entry, { power, leaving: undefined, up: false });
      }
      while (power && view.rootVolumeId && !entry.up && now >= entry.upAt) {
        await finishBoot(view, entry, view.rootVolumeId, now);
      }
    }
    writeConfig(sshConfigPath, addresses, (machine) => hosts.get(machine)?.host.port() ?? 0);
  };

  let cancelAlarm = () => {};
  let stopped = false;
  let following = Promise.resolve();
  const update = () => {
    following = following.then(async () => {
      if (stopped) return;
      // One instant for both: what is not up yet by it is waited for, also if it is up by the time that this is done.
      const now = source.now();
      await follow(now);
      cancelAlarm();
      const next = Math.min(...[...hosts.values()].filter(({ power, up }) => power && !up).map(({ upAt }) => upAt));
      if (stopped || !Number.isFinite(next)) return;
      cancelAlarm = source.at(next, update);
    });
    return following;
  };
  const unsubscribe = source.onChange(() => void update());
  await update();
  const entryOf = (machine: MachineName): Entry => {
    const entry = hosts.get(machine);
    if (!entry) throw new Error(`there is no host ${machine}`);
    return entry;
  };

  return {
    sshConfigPath,
    keyPath,
    volumePath,
    kernels: works,
    faults: (machine) => entryOf(machine).host.faults,
    trialFault: (machine, fault) => {
      entryOf(machine).trialFault = fault;
    },
    keysOnConsole: (machine, shown) => {
      entryOf(machine).keysOnConsole = shown;
    },
    powerCycle: (machine) => {
      entryOf(machine).leaving = "power-off";
      return update();
    },
    settled: update,
    stop: async () => {
      stopped = true;
      unsubscribe();
      await following;
      cancelAlarm();
      await Promise.all([...hosts.values()].map(({ host }) => host.down("power-off")));
      await works.stop();
    },
  };
}

/** How long this machine boots, in simulated milliseconds. */
const bootMs = (view: HostView): number => Math.max(0, view.bootedAt - view.startedAt);
