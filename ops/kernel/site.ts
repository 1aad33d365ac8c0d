/** A machine that answers, as the place of a build: made once, and handed to whoever has to do with it. */

import { FailureError } from "../failure.ts";
import type { MachineName } from "../fleet/machines.ts";
import type { Channel } from "../ssh/channel.ts";

/** Runs a line of shell on the machine; `input` is its standard input. */
export type RunThere = (command: string, input?: string) => Promise<{ readonly code: number; readonly output: string }>;

export interface Site {
  readonly machine: MachineName;
  readonly address: string;
  /** Where kernel/ lies there, as a word of shell. */
  readonly place: string;
  readonly run: RunThere;
  /** The same site, for as long as this signal instead. */
  readonly until: (signal: AbortSignal) => Site;
}

/** An answer is small; what is longer is cut. */
const OUTPUT_LIMIT = 1024 * 1024;
export const CONNECT_SECONDS = 5;
/** As long as `job.sh` takes, which waits for the start of its unit. What does not end has met a machine in trouble. */
const COMMAND_LIMIT_MS = 120_000;

/** Where a machine at this address is worked on, until `signal`. */
export function siteOf(channel: Channel, at: Pick<Site, "machine" | "address" | "place">, signal: AbortSignal): Site {
  const { address, machine } = at;
  return {
    ...at,
    until: (other) => siteOf(channel, at, other),
    run: async (command, input) => {
      const chunks: Uint8Array[] = [];
      let length = 0;
      const limit = AbortSignal.timeout(COMMAND_LIMIT_MS);
      try {
        const { code } = await channel.stream(machine, address, command, {
          signal: AbortSignal.any([signal, limit]),
          connectTimeout: CONNECT_SECONDS,
          ...(input === undefined ? {} : { input }),
          onData: (bytes) => {
            if (length < OUTPUT_LIMIT) chunks.push(bytes);
            length += bytes.length;
          },
        });
        return { code, output: Buffer.concat(chunks).toString("utf8") };
      } catch (error) {
        if (signal.aborted || !limit.aborted) throw error;
        throw new FailureError({
          kind: "offline",
          code: "ETIMEDOUT",
          sentence: `${machine} has not finished a command for two minutes.`,
          action: "Look at what holds it up there, or try again.",
        });
      }
    },
  };
}
