/** This folder: EC2, as pure rules and one service on the wire. Not here: clocks, randomness, servers. */
/**
 * The EC2 core of the simulator: the whole account as plain immutable data (this file), and the rules by which API
 * calls, time and the world change it. No clock, no randomness and no I/O in here: a model check can walk through it.
 */

export type InstanceState = "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";
export type Tags = Readonly<Record<string, string>>;

export interface SimInstance {
  readonly id: string;
  readonly imageId: string;
  readonly type: string;
  readonly architecture: "arm64" | "x86_64";
  readonly zone: string;
  readonly keyName: string | undefined;
  readonly rootDeviceName: string;
  readonly state: InstanceState;
  /** Who stopped or ended it; its code decides what becomes of the spot request. */
  readonly stateReason: Reason | undefined;
  readonly launchedAt: number;
  /** When it stopped or ended; absent while it runs. */
  readonly endedAt: number | undefined;
  readonly rebootedAt: number | undefined;
  readonly spotRequestId: string | undefined;
  readonly privateIp: string;
  /** Has a public address of its own while it runs without an Elastic IP. */
  readonly autoPublicIp: boolean;
  /** Two minutes' notice, as instance metadata shows it. */
  readonly interruption:
    | { readonly action: "stop" | "terminate" | "hibernate"; readonly noticedAt: number }
    | undefined;
  readonly terminationProtected: boolean;
  /** RunInstances with the token of an instance that is there launches nothing more. */
  readonly clientToken: string | undefined;
  readonly tags: Tags;
  /** What its console has shown since it was started, where somebody stands behind it who tells. */
  readonly console?: string;
  /** Just launched: EC2's answers on it do not show its devices yet. */
  readonly unmapped?: true | undefined;
  /** Was started out of a stop: a start that fails then ends there, a launch that fails ends it. */
  readonly restarted?: true;
  /** Its user_data has cloud-init keep the host keys of a root that it has not seen. */
  readonly keepsHostKeys?: true;
}

/** Why an instance is in its state, as EC2's StateReason says it. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}

export interface LaunchSpec {
  readonly imageId: string;
  readonly type: string;
  readonly zone: string;
  readonly keyName: string | undefined;
  readonly autoPublicIp: boolean;
  readonly devices: readonly LaunchDevice[];
  readonly tags?: Tags;
  readonly keepsHostKeys?: true;
}

export interface LaunchDevice {
  readonly device: string;
  readonly sizeGiB: number;
  readonly type: string;
  readonly deleteOnTermination: boolean;
  readonly encrypted: boolean;
}

export interface SimSpotRequest {
  readonly id: string;
  readonly state: "open" | "active" | "closed" | "cancelled" | "failed" | "disabled";
  readonly statusCode: string;
  readonly statusAt: number;
  readonly instanceId: string | undefined;
  readonly type: "persistent" | "one-time";
  readonly interruptionBehavior: "stop" | "terminate" | "hibernate";
  readonly maxPrice: string;
  readonly createdAt: number;
  /** What a persistent request launches again when its instance was terminated without it. */
  readonly launch: LaunchSpec;
  readonly tags: Tags;
}

interface SimAttachment {
  readonly instanceId: string;
  readonly device: string;
  readonly state: "attaching" | "attached" | "detaching" | "busy";
  readonly attachedAt: number;
  readonly deleteOnTermination: boolean;
  /** In use inside the machine: while that runs, detaching gets no further than `busy`. */
  readonly mounted: boolean;
}

export interface SimVolume {
  readonly id: string;
  readonly state: "creating" | "available" | "in-use" | "deleting" | "error";
  readonly sizeGiB: number;
  readonly type: string;
  readonly zone: string;
  readonly createdAt: number;
  readonly snapshotId: string | undefined;
  readonly encrypted: boolean;
  readonly attachment: SimAttachment | undefined;
  readonly tags: Tags;
}

export interface SimAddress {
  readonly allocationId: string;
  readonly publicIp: string;
  readonly instanceId: string | undefined;
  readonly tags: Tags;
}

export interface SimSnapshot {
  readonly id: string;
  readonly volumeId: string;
  readonly state: "pending" | "completed";
  readonly sizeGiB: number;
  readonly description: string;
  readonly startedAt: number;
  readonly tags: Tags;
}

/**
 * What will happen by itself, some time after `since`: how long after is latencies.ts's business, not the core's.
 * The subject is the instance, spot request, volume or snapshot that it happens to.
 */
export interface Pending {
  readonly id: string;
  readonly kind: PendingKind;
  readonly subject: string;
  readonly since: number;
}

export type PendingKind =
  /** The devices of a new instance show in what is said of it. */
  | "map"
  | "run"
  | "stop"
  | "terminate"
  | "forget-instance"
  /** EC2 finds a place for a request that is to start its stopped instance. */
  | "fulfil"
  /** The request notices that its instance has stopped and becomes `disabled`. */
  | "release"
  /** EC2 starts what it had stopped itself, or had no room for. */
  | "restart"
  /** A persistent request whose instance was terminated launches another. */
  | "relaunch"
  /** The two minutes' notice ends. */
  | "interrupt"
  | "forget-request"
  | "attach"
  | "detach"
  | "delete-volume"
  | "snapshot";

export interface Account {
  readonly id: string;
  readonly region: string;
  /** Next number for a new ID. */
  readonly counter: number;
  readonly instances: Readonly<Record<string, SimInstance>>;
  readonly spotRequests: Readonly<Record<string, SimSpotRequest>>;
  readonly volumes: Readonly<Record<string, SimVolume>>;
  readonly addresses: Readonly<Record<string, SimAddress>>;
  readonly snapshots: Readonly<Record<string, SimSnapshot>>;
  /** Instance types that have no spot capacity now. */
  readonly noSpotCapacity: readonly string[];
  /** US dollars an hour by instance type. */
  readonly spotPrices: Readonly<Record<string, number>>;
  readonly pending: Readonly<Record<string, Pending>>;
  /** Why starts are taken back, by the ID of the instance or of its root volume; others succeed. */
  readonly doomed?: Readonly<Record<string, Reason>>;
  /** Where it is not publicly known what AWS does, either can be played; false where absent. */
  readonly habits?: {
    /** A start that was taken back is tried again by EC2. */
    readonly retriesStarts?: boolean;
    /** What a persistent request launches again has the tags of the first. */
    readonly tagsRelaunched?: boolean;
  };
}

export const EMPTY_ACCOUNT: Account = {
  id: "123456789012",
  region: "us-west-1",
  counter: 1,
  instances: {},
  spotRequests: {},
  volumes: {},
  addresses: {},
  snapshots: {},
  noSpotCapacity: [],
  spotPrices: {},
  pending: {},
};

/** A number with the bits of `text` well mixed, for IDs, addresses and latencies that look random and never change (FNV-1a). */
export function mix(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return (hash ^ (hash >>> 15)) >>> 0;
}

const hex = (text: string) => mix(text).toString(16).padStart(8, "0");

/** An ID in EC2's long form, the same for the same seed. */
export function idFrom(prefix: string, seed: string): string {
  if (prefix === "sir") return `sir-${mix(seed).toString(36).padStart(8, "a").slice(0, 8)}`;
  return `${prefix}-0${hex(`${seed}/a`)}${hex(`${seed}/b`)}`;
}

/** Takes the next number of the account for a new ID. */
export function newId(account: Account, prefix: string): readonly [Account, string] {
  return [{ ...account, counter: account.counter + 1 }, idFrom(prefix, `${prefix}${account.counter}`)];
}

type Table = "instances" | "spotRequests" | "volumes" | "addresses" | "snapshots";

/** The account with some fields of one row changed; the account itself where there is no such row. */
export function patch<T extends Table>(
  account: Account,
  table: T,
  id: string,
  change: Partial<Account[T][string]>,
): Account {
  const row = account[table][id];
  return row ? { ...account, [table]: { ...account[table], [id]: { ...row, ...change } } } : account;
}

export function without(account: Account, table: Table, id: string): Account {
  const { [id]: _gone, ...rest } = account[table] as Record<string, unknown>;
  return { ...account, [table]: rest };
}

/** Adds what will happen to `subject`; the same kind for the same subject replaces the older one. */
export function expect(account: Account, kind: PendingKind, subject: string, now: number): Account {
  const id = `${kind}:${subject}`;
  return { ...account, pending: { ...account.pending, [id]: { id, kind, subject, since: now } } };
}

/** Drops what was to happen to `subject`. */
export function forestall(account: Account, subject: string, ...kinds: readonly PendingKind[]): Account {
  const pending = Object.fromEntries(
    Object.entries(account.pending).filter(([, entry]) => entry.subject !== subject || !kinds.includes(entry.kind)),
  );
  return { ...account, pending };
}

export function volumesOf(
  account: Account,
  instanceId: string,
): readonly (SimVolume & { attachment: SimAttachment })[] {
  return Object.values(account.volumes).filter(
    (volume): volume is SimVolume & { attachment: SimAttachment } => volume.attachment?.instanceId === instanceId,
  );
}

/** What sits at the instance's root device, in whatever attachment state. */
export function rootOf(account: Account, instance: SimInstance): SimVolume | undefined {
  return volumesOf(account, instance.id).find((volume) => volume.attachment.device === instance.rootDeviceName);
}

/** The public address of an instance now: its Elastic IP, or its own one while it runs. Nobody has it (RFC 2544). */
export function publicIpOf(account: Account, instance: SimInstance): string | undefined {
  const elastic = Object.values(account.addresses).find((address) => address.instanceId === instance.id);
  if (elastic) return elastic.publicIp;
  if (!instance.autoPublicIp || (instance.state !== "running" && instance.state !== "pending")) return undefined;
  const bits = mix(`${instance.id}@${instance.launchedAt}`);
  return `198.${18 + (bits & 1)}.${(bits >>> 8) & 255}.${1 + ((bits >>> 16) % 254)}`;
}

/** An association is one address on one instance: that is all that its ID depends on. */
export function associationIdOf(address: SimAddress): string | undefined {
  return address.instanceId && idFrom("eipassoc", `${address.allocationId}/${address.instanceId}`);
}

export function spotRequestOf(account: Account, instance: SimInstance): SimSpotRequest | undefined {
  return instance.spotRequestId === undefined ? undefined : account.spotRequests[instance.spotRequestId];
}
