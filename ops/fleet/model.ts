/** This folder: the three machines, from AWS's answers to one Fleet value. Not here: anything that changes the world. */
/** What EC2 says, as typed immutable facts, and the Fleet that follows from them. Times are milliseconds since the epoch. */

import type { MachineName, MachineSpec } from "./machines.ts";

export type InstanceState = "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";

export interface Attachment {
  readonly volumeId: string;
  readonly instanceId: string;
  readonly device: string;
  readonly state: "attaching" | "attached" | "detaching" | "detached" | "busy";
  readonly attachedAt: number | undefined;
  readonly deleteOnTermination: boolean;
}

export interface Instance {
  readonly id: string;
  /** The Name tag. */
  readonly name: string | undefined;
  readonly state: InstanceState;
  readonly stateReason: string | undefined;
  /** The same in AWS's words: "Client.InternalError: Client error on launch". */
  readonly stateReasonText?: string | undefined;
  readonly type: string;
  readonly architecture: string;
  readonly imageId: string;
  readonly availabilityZone: string;
  readonly launchedAt: number;
  readonly publicIp: string | undefined;
  readonly privateIp: string | undefined;
  /** Where this instance wants its root: `/dev/sda1` or whatever its AMI said. */
  readonly rootDeviceName: string;
  /** From the instance's block device mapping; the volume's own attachments are in `Volume`. */
  readonly blockDevices: readonly Attachment[];
  readonly market: "spot" | "on-demand";
  readonly spotRequestId: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export interface SpotRequest {
  readonly id: string;
  readonly state: "open" | "active" | "closed" | "cancelled" | "failed" | "disabled";
  /** `fulfilled`, `marked-for-stop`, `instance-stopped-by-user`, … (aws.md, "Spot requests"). */
  readonly statusCode: string;
  readonly statusAt: number | undefined;
  readonly instanceId: string | undefined;
  readonly type: "persistent" | "one-time";
  readonly interruptionBehavior: string | undefined;
  readonly createdAt: number | undefined;
  /** What it launches, from its launch specification. */
  readonly instanceType?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export interface Volume {
  readonly id: string;
  readonly name: string | undefined;
  readonly state: "creating" | "available" | "in-use" | "deleting" | "deleted" | "error";
  readonly sizeGiB: number;
  readonly type: string;
  readonly iops: number | undefined;
  readonly throughput: number | undefined;
  readonly availabilityZone: string;
  readonly createdAt: number;
  readonly snapshotId: string | undefined;
  readonly encrypted: boolean;
  readonly attachments: readonly Attachment[];
  readonly tags: Readonly<Record<string, string>>;
}

export interface Snapshot {
  readonly id: string;
  readonly state: "pending" | "completed" | "error" | "recoverable" | "recovering";
  /** What it was taken of; EC2 names a volume that is nobody's where it was copied. */
  readonly volumeId: string | undefined;
  readonly startedAt: number | undefined;
  readonly sizeGiB: number;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface Address {
  readonly allocationId: string;
  readonly associationId: string | undefined;
  readonly publicIp: string;
  readonly instanceId: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** One look at the account: four calls, made at once. */
export interface Observation {
  /** When the answers were in, by AWS's clock (our own, corrected by the answers' Date header). */
  readonly at: number;
  readonly instances: readonly Instance[];
  readonly spotRequests: readonly SpotRequest[];
  readonly volumes: readonly Volume[];
  readonly addresses: readonly Address[];
  /** Of some volumes only, and only where the look was asked for them. */
  readonly snapshots?: readonly Snapshot[];
}

/** The owner's values: which volume and address belong to a machine for ever. From terraform.tfvars, see owner.ts. */
export interface PersistentRoot {
  readonly volumeId: string;
  readonly allocationId: string | undefined;
}
export type OwnerValues = Readonly<Partial<Record<MachineName, PersistentRoot>>>;

/** One of the three, as everything we saw says it is. */
export interface Machine {
  readonly spec: MachineSpec;
  /** The living instance of this name (of several the one with its own volume or address, else the newest); a terminated one only where none lives. */
  readonly instance: Instance | undefined;
  /** Further instances that carry the name: predecessors still visible, or strays. */
  readonly others: readonly Instance[];
  readonly spotRequest: SpotRequest | undefined;
  /** The volume at the root device now, in whatever attachment state. */
  readonly root: Volume | undefined;
  readonly persistent: { readonly volumeId: string; readonly volume: Volume | undefined } | undefined;
  /** `temporary`: it has a persistent volume and something else is its root. `unrecorded`: no persistent volume is known for it. */
  readonly rootKind: "persistent" | "temporary" | "unrecorded" | "none";
  readonly address: Address | undefined;
  readonly addressPlace: "here" | "elsewhere" | "nowhere" | "unrecorded";
  /** Attached volumes other than the root. */
  readonly dataVolumes: readonly Volume[];
}

export interface Fleet {
  readonly observation: Observation;
  readonly machines: Readonly<Record<MachineName, Machine>>;
  /** Volumes that are attached to nothing, persistent for nobody, and claimed by no name and no tag. */
  readonly orphans: readonly Volume[];
  /** Live spot requests whose instance is gone or is none of ours: they cost, or will launch a stranger. */
  readonly straySpotRequests: readonly SpotRequest[];
  /** Live instances that carry one of our names beside the machine itself. */
  readonly strayInstances: readonly Instance[];
  /** Volumes that no path may ever delete: every persistent one, recorded or tagged. */
  readonly protectedVolumeIds: ReadonlySet<string>;
}
