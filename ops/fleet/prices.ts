/**
 * What things cost in us-west-1, in US dollars. Spot prices come live from EC2; these hardly ever change.
 * Source: the AWS price list (aws.amazon.com/ebs/pricing, /vpc/pricing and /ec2/pricing/on-demand), as of 2025-11.
 * The on-demand prices of the machines stand beside their other facts in machines.ts.
 */

import type { Volume } from "./model.ts";

/** Hours that AWS counts for a month. */
export const HOURS_A_MONTH = 730;

/** A public IPv4 address, attached or idle, an hour: about $3.60 a month. */
export const ADDRESS_PER_HOUR = 0.005;

/** By GiB and month. */
const STORAGE: Readonly<Record<string, number>> = {
  gp3: 0.096,
  gp2: 0.12,
  io1: 0.138,
  io2: 0.138,
  st1: 0.054,
  sc1: 0.018,
  standard: 0.08,
};

/** EBS snapshots, standard tier, by GiB of what differs from earlier ones and month. */
const SNAPSHOT_PER_GIB = 0.055;

const GP3_FREE_IOPS = 3000;
const GP3_PER_IOPS = 0.006;
const GP3_FREE_THROUGHPUT = 125;
const GP3_PER_MIBPS = 0.048;
const IO_PER_IOPS = 0.072;

/** US dollars a month for a snapshot of the whole volume, at most: blocks that were never written cost nothing. */
export function snapshotPerMonth({ sizeGiB }: Pick<Volume, "sizeGiB">): number {
  return sizeGiB * SNAPSHOT_PER_GIB;
}

/** US dollars a month for a volume, attached or not; an unknown type counts as gp3. */
export function volumePerMonth(volume: Pick<Volume, "type" | "sizeGiB" | "iops" | "throughput">): number {
  const perGiB = Object.hasOwn(STORAGE, volume.type) ? STORAGE[volume.type] : STORAGE.gp3;
  const storage = volume.sizeGiB * (perGiB ?? 0);
  if (volume.type === "gp3") {
    const iops = Math.max(0, (volume.iops ?? 0) - GP3_FREE_IOPS) * GP3_PER_IOPS;
    const throughput = Math.max(0, (volume.throughput ?? 0) - GP3_FREE_THROUGHPUT) * GP3_PER_MIBPS;
    return storage + iops + throughput;
  }
  if (volume.type === "io1" || volume.type === "io2") return storage + (volume.iops ?? 0) * IO_PER_IOPS;
  return storage;
}
