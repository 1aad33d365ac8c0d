/** Builders for Fleet values: machines in every state, put together by the same `assemble` that the product uses. */

import { assemble } from "../../ops/fleet/assemble.ts";
import { MACHINE_NAMES, MACHINES, type MachineName } from "../../ops/fleet/machines.ts";
import type {
  Address,
  Attachment,
  Fleet,
  Instance,
  Observation,
  OwnerValues,
  SpotRequest,
  Volume,
} from "../../ops/fleet/model.ts";
import type { CpuHour, FleetState, MetricsState } from "../../ops/fleet/state.ts";
import type { Probe, SessionSummary } from "../../ops/ssh/types.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The instant at which the tests' world stands: 2026-01-15 17:40:00 UTC. */
export const NOW = Date.UTC(2026, 0, 15, 17, 40);

const OWNER: OwnerValues = {
  "fcvm-metal-arm": { volumeId: "vol-09e5c3cee32bb67dc", allocationId: "eipalloc-034a515771765d101" },
  "fcvm-metal-x86": { volumeId: "vol-071f114b67441e776", allocationId: "eipalloc-0173c9b5e3d294cc5" },
};

/** Every state a machine is ever seen in; `releasing` is stopped with its spot request not yet released. */
export const PHASES = [
  "running",
  "pending",
  "marked",
  "stopping",
  "releasing",
  "stopped",
  "stopped-by-aws",
  "restarting",
  "cancelled",
  "shutting-down",
  "terminated",
  "absent",
] as const;
export type Phase = (typeof PHASES)[number];

export interface MachineStory {
  readonly phase: Phase;
  /** Which volume is at the root device. Default: persistent where one is recorded. */
  readonly root?: "persistent" | "temporary" | "none";
  /** Default: here. */
  readonly address?: "here" | "elsewhere" | "nowhere" | "none";
  /** Milliseconds since its launch. */
  readonly upFor?: number;
}

type Part = Pick<Observation, "instances" | "spotRequests" | "volumes" | "addresses">;

const FACTS: Readonly<Record<MachineName, { suffix: string; ip: string; zone: string; image: string }>> = {
  jumpbox: { suffix: "0a1b2c3d4e5f60718", ip: "54.183.22.107", zone: "us-west-1a", image: "ami-0aa1bb2cc3dd4ee5f" },
  "fcvm-metal-arm": {
    suffix: "0c4d5e6f708192a3b",
    ip: "184.72.40.255",
    zone: "us-west-1a",
    image: "ami-0aa1bb2cc3dd4ee5f",
  },
  "fcvm-metal-x86": {
    suffix: "0d5e6f708192a3b4c",
    ip: "50.18.109.164",
    zone: "us-west-1c",
    image: "ami-0ff6ee5dd4cc3bb2a",
  },
};

const INSTANCE_STATE: Readonly<Record<Exclude<Phase, "absent">, Instance["state"]>> = {
  running: "running",
  pending: "pending",
  marked: "running",
  stopping: "stopping",
  releasing: "stopped",
  stopped: "stopped",
  "stopped-by-aws": "stopped",
  restarting: "stopped",
  cancelled: "running",
  "shutting-down": "shutting-down",
  terminated: "terminated",
};

const SPOT: Readonly<Record<Exclude<Phase, "absent">, readonly [SpotRequest["state"], string]>> = {
  running: ["active", "fulfilled"],
  pending: ["active", "fulfilled"],
  marked: ["active", "marked-for-stop"],
  stopping: ["active", "marked-for-stop"],
  releasing: ["active", "marked-for-stop"],
  stopped: ["disabled", "instance-stopped-by-user"],
  "stopped-by-aws": ["disabled", "instance-stopped-no-capacity"],
  restarting: ["open", "pending-evaluation"],
  cancelled: ["cancelled", "request-canceled-and-instance-running"],
  "shutting-down": ["closed", "instance-terminated-by-user"],
  terminated: ["closed", "instance-terminated-no-capacity"],
};

export function aVolume(id: string, over: Partial<Volume> = {}): Volume {
  return {
    id,
    name: undefined,
    state: over.attachments?.length ? "in-use" : "available",
    sizeGiB: 300,
    type: "gp3",
    iops: 3000,
    throughput: 125,
    availabilityZone: "us-west-1a",
    createdAt: NOW - 210 * DAY,
    snapshotId: "snap-0123456789abcdef0",
    encrypted: true,
    attachments: [],
    tags: {},
    ...over,
  };
}

function attached(volumeId: string, instanceId: string, device: string, deleteOnTermination = false): Attachment {
  return { volumeId, instanceId, device, state: "attached", attachedAt: NOW - 3 * HOUR, deleteOnTermination };
}

/** Everything of one machine, in one state. */
function part(name: MachineName, story: MachineStory): Part {
  const spec = MACHINES[name];
  const { suffix, ip, zone, image } = FACTS[name];
  const own = OWNER[name];
  const instanceId = `i-${suffix}`;
  const here = story.phase !== "absent" && story.phase !== "terminated";
  const rootId = story.root === "temporary" || !own ? `vol-0f${suffix.slice(2)}` : own.volumeId;
  const hasRoot = here && story.root !== "none";
  const root = hasRoot ? [attached(rootId, instanceId, "/dev/sda1", !own)] : [];
  const volumes: Volume[] = [];
  const fresh = story.root === "temporary";
  if (hasRoot) {
    const sizeGiB = name === "jumpbox" ? 8 : 300;
    const createdAt = fresh ? NOW - 3 * HOUR : NOW - 210 * DAY;
    volumes.push(
      aVolume(rootId, { name: `${name}-root`, availabilityZone: zone, sizeGiB, createdAt, attachments: root }),
    );
  }
  if (own && !volumes.some((volume) => volume.id === own.volumeId)) {
    volumes.push(aVolume(own.volumeId, { name: `${name}-root`, availabilityZone: zone }));
  }
  if (name === "jumpbox" && here) {
    const home = "vol-0b7e3c1d9a8f40526";
    const attachments = [attached(home, instanceId, "/dev/sdf")];
    volumes.push(aVolume(home, { name: "jumpbox-home", sizeGiB: 20, availabilityZone: zone, attachments }));
  }
  const place = story.address ?? (here ? "here" : "nowhere");
  const holder = { here: instanceId, elsewhere: "i-0999888777666555a", nowhere: undefined, none: undefined }[place];
  const address: Address = {
    allocationId: own?.allocationId ?? "eipalloc-0b2c3d4e5f6071829",
    associationId: holder && `eipassoc-${suffix}`,
    publicIp: ip,
    instanceId: holder,
    tags: { Name: name },
  };
  const addresses = place === "none" ? [] : [address];
  if (story.phase === "absent") return { instances: [], spotRequests: [], volumes, addresses };
  const requestId = spec.market === "spot" ? `sir-${suffix.slice(-8)}` : undefined;
  const [state, statusCode] = SPOT[story.phase];
  const instance: Instance = {
    id: instanceId,
    name,
    state: INSTANCE_STATE[story.phase],
    stateReason: undefined,
    type: spec.instanceType,
    architecture: spec.architecture,
    imageId: image,
    availabilityZone: zone,
    launchedAt: NOW - (story.upFor ?? 3 * HOUR + 12 * 60_000),
    publicIp: INSTANCE_STATE[story.phase] === "running" ? ip : undefined,
    privateIp: "10.0.1.17",
    rootDeviceName: "/dev/sda1",
    blockDevices: root,
    market: spec.market,
    spotRequestId: requestId,
    tags: { Name: name },
  };
  const spotRequests: SpotRequest[] = requestId
    ? [
        {
          id: requestId,
          state,
          statusCode,
          statusAt: NOW - 42_000,
          instanceId,
          type: "persistent",
          interruptionBehavior: "stop",
          createdAt: NOW - 40 * DAY,
          tags: {},
        },
      ]
    : [];
  return { instances: [instance], spotRequests, volumes, addresses };
}

/** A fleet of the three machines in these states, with further things in the account. */
export function aFleet(
  stories: Partial<Record<MachineName, MachineStory>> = {},
  more: Partial<Observation> = {},
): Fleet {
  const parts = MACHINE_NAMES.map((name) => part(name, stories[name] ?? { phase: "running" }));
  return assemble(
    {
      at: more.at ?? NOW - 2000,
      instances: [...parts.flatMap((one) => one.instances), ...(more.instances ?? [])],
      spotRequests: [...parts.flatMap((one) => one.spotRequests), ...(more.spotRequests ?? [])],
      volumes: [...parts.flatMap((one) => one.volumes), ...(more.volumes ?? [])],
      addresses: [...parts.flatMap((one) => one.addresses), ...(more.addresses ?? [])],
    },
    OWNER,
  );
}

/** The story that the product is for (issue 2, "Simulator"). */
export function storyFleet(): Fleet {
  return aFleet(
    {
      jumpbox: { phase: "running", upFor: 40 * DAY },
      "fcvm-metal-arm": { phase: "running", root: "temporary", address: "nowhere" },
      "fcvm-metal-x86": { phase: "stopped" },
    },
    { volumes: [aVolume("vol-0dead00000000beef", { sizeGiB: 250, createdAt: NOW - 62 * DAY })] },
  );
}

export function live(fleet: Fleet, over: Partial<FleetState> = {}): FleetState {
  return { fleet, source: "live", refreshing: false, failure: undefined, nextAt: NOW + 3000, ...over };
}

/** Twelve whole hours up to NOW, oldest first; `undefined` is an hour without figures. */
export function hours(maxima: readonly (number | undefined)[]): readonly CpuHour[] {
  const end = Math.floor(NOW / HOUR) * HOUR;
  return maxima.map((maximum, index) => ({ start: end - (maxima.length - index) * HOUR, maximum }));
}

export const STORY_METRICS: MetricsState = {
  cpu: {
    jumpbox: hours([2, 3, 2, 4, 12, 30, 8, 3, 2, 2, 3, 2]),
    "fcvm-metal-arm": hours([undefined, undefined, undefined, undefined, undefined, 71, 98, 100, 64, 22, 3, 2]),
    "fcvm-metal-x86": hours([88, 40, 3, 2, 2, ...Array<undefined>(7)]),
  },
  spotPerHour: { "fcvm-metal-arm": 1.0432, "fcvm-metal-x86": 1.4871 },
  at: NOW - 90_000,
  failure: undefined,
};

export function aProbe(over: Partial<Probe> = {}): Probe {
  return {
    at: NOW - 130_000,
    kernel: "6.18.3-nested-dsb",
    nestedDsb: true,
    scratch: { mounted: true, device: "/dev/nvme1n1", model: "Amazon EC2 NVMe Instance Storage" },
    load: [0.42, 0.31, 0.2],
    uptimeSeconds: 11_400,
    interruption: undefined,
    kept: [],
    ...over,
  };
}

export function aSession(id: string, machine: MachineName, over: Partial<SessionSummary> = {}): SessionSummary {
  return {
    id,
    machine,
    startedAt: NOW - 2 * HOUR,
    attached: false,
    title: "shell",
    activity: false,
    lastLines: [],
    end: undefined,
    stays: false,
    reconnecting: false,
    ...over,
  };
}
