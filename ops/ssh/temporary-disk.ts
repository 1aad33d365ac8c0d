/** How a shell says that it is not on its machine's own disk. */

import type { RootFacts } from "./diagnose.ts";

/** The terminal's title, until the shell sets another one: bytes for the terminal, none on any other disk. */
export function titleOf(root: RootFacts | undefined, title: string): Buffer {
  return Buffer.from(root?.kind === "temporary" ? `\u001b]2;temporary disk: ${title || "shell"}\u0007` : "");
}

/** The line above its first prompt; undefined on any other disk. */
export function noticeOf(root: RootFacts | undefined): string | undefined {
  return root?.kind === "temporary"
    ? `snowglobe: this is a temporary disk, ${root.volumeId}. What is written here does not come along when s swaps the machine's own disk back.`
    : undefined;
}
