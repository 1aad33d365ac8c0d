/** What time it is at AWS: the local clock, corrected by the Date header of AWS's answers. */

import type { Clock } from "../clock.ts";

export interface AwsTime {
  /** Milliseconds since the epoch as AWS sees it; the local time until an answer has told otherwise. */
  readonly now: () => number;
  /** How far AWS's clock is ahead of the local one, in milliseconds; 0 while the difference is within a minute. */
  readonly offset: () => number;
  /** A moment of AWS's in terms of the local clock, for whoever counts down to it. */
  readonly toLocal: (awsTime: number) => number;
  readonly learn: (dateHeader: string | undefined) => void;
}

/** Below this, the difference is the network's and the header's whole seconds; SigV4 tolerates five minutes. */
const TOLERATED = 60_000;

export function awsTime(clock: Clock): AwsTime {
  let offset = 0;
  return {
    now: () => clock.now() + offset,
    offset: () => offset,
    toLocal: (awsTime) => awsTime - offset,
    learn: (dateHeader) => {
      const difference = Date.parse(dateHeader ?? "") - clock.now();
      if (Number.isFinite(difference)) offset = Math.abs(difference) > TOLERATED ? difference : 0;
    },
  };
}
