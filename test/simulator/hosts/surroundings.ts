/** What stands around a simulated machine: its environment, its instance metadata, and how ssh finds it. */

import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MACHINES, type MachineName } from "../../../ops/fleet/machines.ts";
import type { HostView } from "./view.ts";

/** What every program of one boot of a machine finds in its environment. */
export function environmentOf(options: {
  readonly view: HostView;
  readonly home: string;
  /** As `uname -r` says it. */
  readonly kernel: string;
  /** Where the stand-ins are. */
  readonly bin: string;
  readonly directory: string;
  /** When this boot ended, in real milliseconds. */
  readonly upSince: number;
}): Record<string, string> {
  const { view, home, kernel, bin, directory, upSince } = options;
  const spec = MACHINES[view.machine];
  const path = process.env.PATH ?? "/usr/bin:/bin";
  return {
    HOME: home,
    USER: "ubuntu",
    LOGNAME: "ubuntu",
    SHELL: "/bin/bash",
    LANG: "C.UTF-8",
    PATH: `${bin}:${path}`,
    SIM_BIN: bin,
    SIM_PATH: path,
    SIM_HOSTNAME: view.machine,
    SIM_KERNEL: kernel,
    SIM_ARCHITECTURE: spec.architecture === "arm64" ? "aarch64" : "x86_64",
    SIM_VCPUS: String(spec.vcpus),
    SIM_STARTED: String(Math.floor(upSince / 1000)),
    SIM_SCRATCH: view.machine === "fcvm-metal-arm" ? "/dev/nvme1n1" : "",
    SIM_NOTICE: noticePath(directory, view.machine),
  };
}

function noticePath(directory: string, machine: MachineName): string {
  return join(directory, "metadata", `${machine}-instance-action.json`);
}

/** What instance metadata answers for `spot/instance-action`; no file, no notice. */
export function writeNotice(directory: string, { machine, interruption }: HostView): void {
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
export function writeConfig(
  path: string,
  addresses: ReadonlyMap<string, MachineName>,
  portOf: (machine: MachineName) => number,
): void {
  const blocks = [...addresses].map(([address, machine]) => `Host ${address}\n  Port ${portOf(machine) || 1}\n`);
  writeFileSync(`${path}.new`, `${blocks.join("")}Host *\n  HostName 127.0.0.1\n  Port 1\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
