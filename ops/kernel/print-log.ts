/** A build's log as plain lines, for the command line: each once, as it comes, a few at a time. */

import type { Store } from "../store.ts";
import type { KernelView } from "./view.ts";

/** Of what was here before: for whoever comes to a build that has run for a while. */
const EARLIER_SHOWN = 20;
const AT_ONCE = 500;

interface LogPrinter {
  /** Prints what is left, the unfinished last line too, and ends. */
  readonly end: () => void;
}

/** Prints from now on. Lines of ours (`==> `) are left out: steps, notes and the outcome say the same. */
export function printLog(kernel: Store<KernelView>, out: (line: string) => void): LogPrinter {
  let printed: number | undefined;
  let unfollow = () => {};
  const print = (whole: boolean) => {
    const { log } = kernel.get();
    if (!log || printed === undefined) return;
    // The last line may still grow.
    const end = log.get().lines - (whole ? 0 : 1);
    while (printed < end) {
      const lines = log.slice(printed, Math.min(end, printed + AT_ONCE));
      for (const line of lines) if (!line.startsWith("==> ")) out(line);
      printed = Math.min(end, printed + AT_ONCE);
    }
  };
  const begin = () => {
    const { log } = kernel.get();
    if (!log || printed !== undefined) return;
    const { lines } = log.get();
    printed = Math.max(0, lines - EARLIER_SHOWN);
    if (printed > 0) out(`(${printed} earlier lines are in ${log.path})`);
    unfollow = log.subscribe(() => print(false));
    print(false);
  };
  const unsubscribe = kernel.subscribe(begin);
  begin();
  return {
    end: () => {
      unsubscribe();
      unfollow();
      print(true);
    },
  };
}
