/** The three machines and what each is (mission.md, "The machines"). */

export const MACHINE_NAMES = ["jumpbox", "fcvm-metal-arm", "fcvm-metal-x86"] as const;
export type MachineName = (typeof MACHINE_NAMES)[number];

/** The login of every one of them. */
export const LOGIN = "ubuntu";

export interface MachineSpec {
  readonly name: MachineName;
  /** What Make targets and narrow columns call it. */
  readonly short: "jumpbox" | "arm" | "x86";
  readonly instanceType: string;
  readonly architecture: "arm64" | "x86_64";
  readonly vcpus: number;
  readonly memoryGiB: number;
  readonly purpose: string;
  readonly market: "on-demand" | "spot";
  /** Whether the auto-stop Lambda watches it: dev servers only, never the jumpbox. */
  readonly autoStop: boolean;
  readonly buildsKernels: boolean;
  /** Whether it has disks of its own, which a stop empties: only then is a scratch disk to be missed. */
  readonly instanceStore: boolean;
  /** US dollars an hour on demand, Linux, us-west-1; see prices.ts for date and source. */
  readonly onDemandPerHour: number;
}

export const MACHINES: Readonly<Record<MachineName, MachineSpec>> = {
  jumpbox: {
    name: "jumpbox",
    short: "jumpbox",
    instanceType: "t4g.large",
    architecture: "arm64",
    vcpus: 2,
    memoryGiB: 8,
    purpose: "remote management, admin access",
    market: "on-demand",
    autoStop: false,
    buildsKernels: false,
    instanceStore: false,
    onDemandPerHour: 0.08,
  },
  "fcvm-metal-arm": {
    name: "fcvm-metal-arm",
    short: "arm",
    instanceType: "c7gd.metal",
    architecture: "arm64",
    vcpus: 64,
    memoryGiB: 128,
    purpose: "Firecracker and KVM, nested virtualisation",
    market: "spot",
    autoStop: true,
    buildsKernels: true,
    instanceStore: true,
    onDemandPerHour: 3.6288,
  },
  "fcvm-metal-x86": {
    name: "fcvm-metal-x86",
    short: "x86",
    instanceType: "c5.metal",
    architecture: "x86_64",
    vcpus: 96,
    memoryGiB: 192,
    purpose: "Firecracker and KVM on x86",
    market: "spot",
    autoStop: true,
    buildsKernels: true,
    instanceStore: false,
    onDemandPerHour: 5.088,
  },
};

export function isMachineName(name: string | undefined): name is MachineName {
  return (MACHINE_NAMES as readonly (string | undefined)[]).includes(name);
}
