/** The one place that ends the program, and that always gives the terminal back. */

import { constants } from "node:os";

type Ending = () => void | Promise<void>;

export interface Lifecycle {
  /** Runs before the process ends, newest first; each has `patienceMs` at most, ENDING_PATIENCE_MS where that is not said. */
  readonly onEnd: (ending: Ending, patienceMs?: number) => void;
  /** Gives the terminal back, runs the endings, and leaves with `code`; the first call counts. */
  readonly end: (code: number, lastWords?: string) => void;
  /** What gives the terminal back; called first, and again where the endings wrote over it. */
  readonly setRestore: (restore: () => void) => void;
}

const ENDING_PATIENCE_MS = 2000;

/**
 * Takes the signals and the uncaught errors of `target` (the process). SIGTERM, SIGHUP and SIGINT end with 128 + the
 * signal's number, as a shell expects; an error ends with 70 (sysexits.h, EX_SOFTWARE) and one sentence.
 */
export function takeLifecycle(target: NodeJS.Process, sentence: (error: unknown) => string): Lifecycle {
  const endings: (readonly [Ending, number])[] = [];
  let restore = () => {};
  let ended = false;
  const end = (code: number, lastWords?: string) => {
    if (ended) return;
    ended = true;
    quietly(restore);
    const leave = () => {
      if (lastWords) quietly(() => target.stderr.write(`${lastWords}\n`));
      target.exit(code);
    };
    void Promise.all(endings.reverse().map(([ending, patience]) => within(patience, ending))).then(leave, leave);
  };
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) {
    target.on(signal, () => end(128 + constants.signals[signal]));
  }
  const fault = (error: unknown) => end(70, sentence(error));
  target.on("uncaughtException", fault);
  target.on("unhandledRejection", fault);
  // A terminal that went away makes every write fail: there is nobody left to tell.
  const gone = (error: NodeJS.ErrnoException) => {
    if (error.code === "EIO" || error.code === "EPIPE") end(128 + constants.signals.SIGHUP);
    else fault(error);
  };
  target.stdout.on("error", gone);
  target.stdin.on("error", gone);
  // A hangup is told to the session's leader alone. Where that is Make, which then waits for us, this end is all we hear.
  target.stdin.on("end", () => end(128 + constants.signals.SIGHUP));
  return {
    onEnd: (ending, patienceMs = ENDING_PATIENCE_MS) => {
      endings.push([ending, patienceMs]);
    },
    end,
    setRestore: (give) => {
      restore = give;
    },
  };
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // On the way out nothing may stand in the way of the next step.
  }
}

async function within(ms: number, ending: Ending): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([Promise.resolve().then(ending), patience]);
  } catch {
    // Said nowhere: the terminal is the shell's again.
  } finally {
    clearTimeout(timer);
  }
}
