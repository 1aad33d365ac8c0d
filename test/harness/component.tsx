/** A small component by itself, drawn by ink-testing-library: no window, no resize, no terminal. Screens are screen.tsx's. */

import { stripVTControlCharacters } from "node:util";
import { Box } from "ink";
import { render } from "ink-testing-library";
import type { ReactNode } from "react";
import { waitUntil } from "./grid.ts";
import { keyBytes } from "./keys.ts";

interface Drawn {
  /** What is drawn now, without colours; rows end where their text does. */
  readonly text: () => string;
  /** The same with colours. */
  readonly painted: () => string;
  /** Sends keys by name, once the component hears any. */
  readonly press: (...keys: string[]) => Promise<void>;
  readonly waitFor: (test: string | (() => boolean)) => Promise<void>;
  readonly rerender: (node: ReactNode) => void;
  readonly unmount: () => void;
}

/** The library's terminal is 100 columns wide. What floats is placed in a box of this size. */
export function drawn(node: ReactNode, { columns, rows }: { columns: number; rows: number }): Drawn {
  const sized = (inner: ReactNode) => (
    <Box width={columns} height={rows} overflow="hidden" flexDirection="column">
      {inner}
    </Box>
  );
  const { lastFrame, stdin, rerender, unmount } = render(sized(node));
  const painted = () => lastFrame() ?? "";
  const text = () =>
    stripVTControlCharacters(painted())
      .split("\n")
      .map((row) => row.trimEnd())
      .join("\n");
  return {
    text,
    painted,
    press: async (...keys) => {
      await waitUntil(() => stdin.listenerCount("readable") > 0);
      for (const key of keys) stdin.write(keyBytes(key));
    },
    waitFor: (test) =>
      waitUntil(
        () => (typeof test === "string" ? text().includes(test) : test()),
        undefined,
        () => `it shows:\n${text()}`,
      ),
    rerender: (next) => rerender(sized(next)),
    unmount,
  };
}
