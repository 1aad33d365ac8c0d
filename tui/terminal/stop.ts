/** Being stopped and going on, as a shell's job: by Ctrl-Z or by SIGTSTP. */

import { restoreTitle, saveTitle } from "./modes.ts";

/** Where nothing can be stopped (a process group without a shell), the kernel ignores the signal: then we go on. */
const NOT_STOPPED_MS = 100;

/**
 * Stops this process and all that was started with it, Make too, until a shell lets them go on. The terminal is the
 * shell's by then; on the way back its size may be another.
 */
export async function stopUntilContinued(stdout: Pick<NodeJS.WriteStream, "write">, title: string): Promise<void> {
  stdout.write(restoreTitle());
  const listeners = process.listeners("SIGTSTP");
  process.removeAllListeners("SIGTSTP");
  await new Promise<void>((resolve) => {
    const goOn = () => {
      clearTimeout(timer);
      process.off("SIGCONT", goOn);
      resolve();
    };
    const timer = setTimeout(goOn, NOT_STOPPED_MS);
    process.on("SIGCONT", goOn);
    process.kill(0, "SIGTSTP");
  });
  for (const listener of listeners) process.on("SIGTSTP", listener);
  process.kill(process.pid, "SIGWINCH");
  stdout.write(saveTitle(title));
}
