import type { Terminal } from "@xterm/headless";

/** The visible rows of an emulated terminal, right-trimmed. */
export function gridRows(terminal: Terminal): string[] {
  const buffer = terminal.buffer.active;
  return Array.from(
    { length: terminal.rows },
    (_, row) => buffer.getLine(buffer.baseY + row)?.translateToString(true) ?? "",
  );
}

/** The last resort of whoever waits for a condition: a machine that others load is slow, and slow is no fault. */
export const PATIENCE_MS = 120_000;

/** Resolves when `test` holds, looking every few milliseconds; rejects with `explain()` after `ms`. */
export async function waitUntil(
  test: () => boolean | Promise<boolean>,
  ms: number = PATIENCE_MS,
  explain: () => string = () => "the condition never held",
): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await test())) {
    if (Date.now() > deadline) throw new Error(`after ${ms} ms ${explain()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
