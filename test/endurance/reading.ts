/** What is asked of the program under test, and what it answers. */

import type { SessionSummary } from "../../ops/ssh/types.ts";

/** Sets the program's clock, and asks. */
export interface Ask {
  readonly want: "figures" | "standing";
  readonly now: number;
  readonly speed: number;
}

/** What must not grow, after a forced collection of garbage. */
export interface Figures {
  readonly megabytes: { readonly rss: number; readonly heap: number; readonly external: number };
  /** Open files by what they lead to, numbers left out. */
  readonly descriptors: Readonly<Record<string, number>>;
  /** What keeps Node's event loop alive, by kind. */
  readonly resources: Readonly<Record<string, number>>;
  readonly listeners: Readonly<Record<"stores" | "process" | "stdin" | "stdout", number>>;
  readonly warnings: readonly string[];
}

/** How things stand, in the program's own eyes. */
export interface Standing {
  readonly now: number;
  readonly signIn: string;
  readonly source: string;
  readonly failure: string | undefined;
  readonly machines: Readonly<Record<string, string>>;
  readonly sessions: readonly SessionSummary[];
  readonly runs: readonly {
    readonly id: string;
    readonly title: string;
    readonly asks: string | undefined;
    readonly outcome: string | undefined;
  }[];
}
