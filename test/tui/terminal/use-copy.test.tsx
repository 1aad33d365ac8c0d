/** Copying inside a real tmux, which by default takes the terminal's own sequence from no program. */

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Text, useInput } from "ink";
import { useState } from "react";
import { expect, it } from "vitest";
import { useCopy } from "../../../tui/terminal/use-copy.ts";
import { drawn } from "../../harness/component.tsx";

const SIZE = { columns: 80, rows: 2 };
const TEXT = "one\ntwo ü; $(no) 'shell'\n";

function Copier({ env }: { env: Readonly<Record<string, string | undefined>> }) {
  const [said, tell] = useState("nothing yet");
  const copy = useCopy({ env }, tell);
  useInput(() => copy(TEXT, "two lines"));
  return <Text>{said}</Text>;
}

it.skipIf(spawnSync("tmux", ["-V"]).status !== 0)(
  "tmux holds what was copied, and that is said (needs tmux)",
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "copy-"));
    const socket = join(directory, "tmux");
    const tmux = (...args: string[]) =>
      execFileSync("tmux", ["-S", socket, "-f", "/dev/null", ...args], { encoding: "utf8" });
    tmux("new-session", "-d", "cat");
    try {
      const screen = drawn(<Copier env={{ ...process.env, TMUX: `${socket},1,0` }} />, SIZE);
      await screen.press("c");
      await screen.waitFor("Copied two lines.");
      expect(tmux("show-buffer")).toBe(TEXT);
      screen.unmount();
    } finally {
      tmux("kill-server");
      rmSync(directory, { recursive: true, force: true });
    }
  },
);

it("elsewhere it is not said that a terminal took it: no terminal says so", async () => {
  const screen = drawn(<Copier env={{}} />, SIZE);
  await screen.press("c");
  await screen.waitFor("Sent to the clipboard: two lines.");
  screen.unmount();
});
