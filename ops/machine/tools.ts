/** What the reconciler sees and acts with, as functions: the real ones here, others in tests. */

import { explain } from "../aws/errors.ts";
import type { Clock } from "../clock.ts";
import { type Failure, FailureError, isTransient } from "../failure.ts";
import type { Subject } from "../fleet/glance.ts";
import type { MachineName } from "../fleet/machines.ts";
import type { Fleet, Instance, Volume } from "../fleet/model.ts";
import type { Table } from "../fleet/parts.ts";
import { spotPrices } from "../fleet/spot-prices.ts";
import type { Ops } from "../ops.ts";
import { sayTrust } from "../ssh/introduction.ts";
import { parseRunningBuild, parseWritten, RUNNING_BUILD, WRITTEN, type Written } from "../ssh/probe-script.ts";
import type { Probe } from "../ssh/types.ts";
import { doAct } from "./act.ts";
import type { Act } from "./acts.ts";
import type { Origins } from "./origin.ts";
import { readOrigins } from "./read-origins.ts";
import { readSnapshots } from "./read-snapshots.ts";
import type { SshFact } from "./world.ts";

export interface MachineTools {
  readonly clock: Clock;
  /**
   * One look at the account that begins after the call, with the snapshots of the volumes that are named; with `tables`, at
   * these parts alone, and the rest is as it was seen last. Throws where the person could not be signed in again.
   */
  readonly look: (signal: AbortSignal, snapshotsOf?: readonly string[], tables?: readonly Table[]) => Promise<Fleet>;
  /** Asks about one thing alone, in one call; gives the fleet with that as it is now. Throws whatever went wrong. */
  readonly glance: (subject: Subject, signal: AbortSignal) => Promise<Fleet>;
  /** Where these volumes come from; what cannot be learned is `unknown`. Throws only for the signal's reason. */
  readonly origins: (instance: Instance, volumes: readonly Volume[], signal: AbortSignal) => Promise<Origins>;
  /** Makes the one call of an act, once, and gives AWS's answer in words. */
  readonly act: (act: Act) => Promise<string>;
  readonly explain: (error: unknown) => Failure;
  /** What keeps this computer from any connection over SSH, whatever the machine does. */
  readonly amissHere: () => Failure | undefined;
  /** Whether SSH answers now; never throws but for the signal's reason. */
  readonly askSsh: (machine: MachineName, address: string, signal: AbortSignal) => Promise<SshFact>;
  /** The kernel build that runs there, if one is heard of within seconds; never throws but for the signal's reason. */
  readonly buildThere: (machine: MachineName, address: string, signal: AbortSignal) => Promise<Probe["build"]>;
  /** What was written on its disk since that came with it, if it says so within seconds; never throws but for the signal's reason. */
  readonly writtenThere: (machine: MachineName, address: string, signal: AbortSignal) => Promise<Written | undefined>;
  /** Drops the keys by which the address was known while it was on another root. */
  readonly forgetHostKeys: (
    machine: MachineName,
    address: string,
    replacedVolumeId: string | undefined,
  ) => Promise<void>;
  /** The spot price now, US dollars an hour, where it can be learned within seconds; never throws but for the signal's reason. */
  readonly spotPerHour: (machine: MachineName, fleet: Fleet, signal: AbortSignal) => Promise<number | undefined>;
}

/** Seconds to connect: a machine that boots drops packets, and is asked again soon. */
const CONNECT_SECONDS = 5;

/** A question waits for it: a machine that does not answer by then is not asked again. */
const BUILD_MS = 3000;

/** A question with the price of on-demand in it is better than one that comes late. */
const PRICE_MS = 3000;

/** Counting ends by itself after three seconds; connecting comes on top. */
const WRITTEN_MS = 6000;

/** On a machine's first boot the key is put in place some seconds after sshd is up. */
const REFUSED_MS = 45_000;

/** The tools of the real thing. */
export function machineTools(ops: Pick<Ops, "access" | "clock" | "metrics">): MachineTools {
  const { access, clock, metrics } = ops;
  let refusedAt: number | undefined;
  return {
    clock,
    look: (signal, snapshotsOf = [], tables) =>
      access.gate(async () => {
        const [fleet, snapshots] = await Promise.all([
          access.look(signal, tables),
          snapshotsOf.length > 0 ? readSnapshots(await access.aws.ec2(), snapshotsOf, signal) : undefined,
        ]);
        return snapshots ? { ...fleet, observation: { ...fleet.observation, snapshots } } : fleet;
      }, signal),
    origins: async (instance, volumes, signal) => readOrigins(await access.aws.ec2(), instance, volumes, signal),
    glance: access.glance,
    act: (act) => doAct(access.aws.acting, act),
    explain,
    amissHere: access.channel.amiss,
    askSsh: async (machine, address, signal) => {
      try {
        const { stdout } = await access.channel.run(machine, address, "hostname; uptime", {
          signal,
          connectTimeout: CONNECT_SECONDS,
        });
        const lines = stdout
          .split("\n")
          .map((line) => line.trim())
          .filter(Boolean);
        const trust = access.channel.trust(machine, address);
        return {
          status: "answered",
          hostname: lines[0] ?? machine,
          lines,
          ...(trust ? { hostKey: { sentence: sayTrust(trust, machine), verified: trust !== "unverified" } } : {}),
        };
      } catch (error) {
        if (signal.aborted || !(error instanceof FailureError)) throw error;
        const { sentence, action, code } = error.failure;
        refusedAt = code === "KEY_REFUSED" ? (refusedAt ?? clock.monotonic()) : undefined;
        const mayPass =
          refusedAt === undefined ? isTransient(error.failure) : clock.monotonic() - refusedAt < REFUSED_MS;
        return { status: "silent", sentence, action, final: !mayPass };
      }
    },
    buildThere: (machine, address, signal) =>
      within(BUILD_MS, signal, async (limit) =>
        parseRunningBuild(
          (await access.channel.run(machine, address, "sh -s", { signal: limit, input: RUNNING_BUILD })).stdout,
        ),
      ),
    writtenThere: (machine, address, signal) =>
      within(WRITTEN_MS, signal, async (limit) =>
        parseWritten((await access.channel.run(machine, address, "sh -s", { signal: limit, input: WRITTEN })).stdout),
      ),
    forgetHostKeys: (machine, address, volumeId) =>
      access.hostKeys.forget(address, volumeId === undefined ? undefined : { machine, volumeId }),
    // The screen's price where there is a screen: one thing has one price.
    spotPerHour: async (machine, fleet, signal) => {
      const known = metrics.get().spotPerHour[machine];
      if (known !== undefined || fleet.machines[machine].spec.market !== "spot") return known;
      return within(PRICE_MS, signal, async (limit) => {
        const prices = await spotPrices(await access.aws.ec2(), fleet, access.aws.time.now(), limit);
        return prices[machine];
      });
    },
  };
}

/** What is worth waiting for so long (milliseconds) and no more; undefined where it fails. Throws only for the signal's reason. */
async function within<T>(
  ms: number,
  signal: AbortSignal,
  ask: (limit: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await ask(AbortSignal.any([signal, AbortSignal.timeout(ms)]));
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
