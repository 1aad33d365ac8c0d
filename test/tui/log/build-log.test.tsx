import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Box, useWindowSize } from "ink";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../ops/clock.ts";
import { type BuildLog, createBuildLog } from "../../../ops/kernel/build-log.ts";
import { BuildLogView } from "../../../tui/log/build-log-view.tsx";
import type { LogJump } from "../../../tui/log/log-view.tsx";
import { renderScreen, type Screen } from "../../harness/screen.tsx";

let screen: Screen | undefined;
let log: BuildLog | undefined;
let home = "";
afterEach(async () => {
  await screen?.unmount();
  log?.close();
  rmSync(home, { recursive: true, force: true });
});

function Stage({ log, jump }: { log: BuildLog; jump?: LogJump }) {
  const { columns, rows } = useWindowSize();
  return (
    <Box width={columns} height={rows} overflow="hidden">
      <BuildLogView
        log={log}
        findings={[]}
        jump={jump}
        context="run"
        name="a build"
        environment={{ env: {}, home, stateDir: join(home, "state") }}
        columns={columns}
        rows={rows}
        clock={systemClock}
        active
      />
    </Box>
  );
}

/** A log of so many lines, one of a thousand an error, in a view. */
async function shown(lines: number, over: (log: BuildLog) => BuildLog = (log) => log) {
  home = mkdtempSync(join(tmpdir(), "build-log-view-"));
  log = await createBuildLog(join(home, "logs"), "job");
  let text = "";
  for (let line = 0; line < lines; line += 1)
    text += line % 1000 === 500 ? `Error at ${line}\n` : `  CC      ${line}.o\n`;
  log.append(Buffer.from(text));
  const drawn = over(log);
  screen = await renderScreen(<Stage log={drawn} />, { columns: 80, rows: 12 });
  return { screen, log, drawn };
}

async function search(screen: Screen, text: string) {
  await screen.press("/");
  await screen.type(text);
  await screen.press("enter");
}

describe("the log of a build", () => {
  it("is followed by the view alone while it comes in, also within its last line", async () => {
    const { screen, log } = await shown(3000);
    await screen.waitFor("following, 3000 lines");
    log.append(Buffer.from("  0 %\r 50 %"));
    await screen.waitFor(" 50 %");
    log.append(Buffer.from("\r100 %\ndone\n"));
    await screen.waitFor((text) => text.includes("100 %") && text.includes("done") && !text.includes(" 50 %"));
    expect(screen.text()).toContain("following, 3002 lines");
  });

  it("is searched from end to end, and counted on while it grows", async () => {
    const { screen, log } = await shown(20_000);
    await search(screen, "error");
    await screen.waitFor("match 1 of 20");
    expect(screen.text()).toContain("› Error at 500");
    await screen.press("N");
    await screen.waitFor("match 20 of 20");
    expect(screen.text()).toContain("› Error at 19500");
    log.append(Buffer.from("the last Error\n"));
    await screen.waitFor("match 20 of 21");
    await screen.press("n");
    await screen.waitFor("match 21 of 21");
    // What was found stays where it is, though it is at the end.
    log.append(Buffer.from("more\n".repeat(30)));
    await screen.waitFor("of 20031");
    expect(screen.text()).toContain("› the last Error");
  });

  it("shows a search under way, which another one replaces", async () => {
    const asked: (AbortSignal | undefined)[] = [];
    const { screen } = await shown(3000, (log) => ({
      ...log,
      find: (query, from, direction, signal) => {
        if (query !== "slow") return log.find(query, from, direction, signal);
        asked.push(signal);
        return new Promise(() => {});
      },
    }));
    await search(screen, "slow");
    await screen.waitFor("searching…");
    await search(screen, "Error");
    await screen.waitFor("match 1 of 3");
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every((signal) => signal?.aborted)).toBe(true);
  });

  it("goes to the line that it is told, each time", async () => {
    const { screen, drawn } = await shown(3000);
    screen.rerender(<Stage log={drawn} jump={{ line: 1500 }} />);
    await screen.waitFor("› Error at 1500");
    await screen.press("G");
    await screen.waitFor("following");
    screen.rerender(<Stage log={drawn} jump={{ line: 1500 }} />);
    await screen.waitFor("› Error at 1500");
  });

  it("is saved whole", async () => {
    const { screen, log } = await shown(30_000);
    await screen.press("s");
    await screen.waitFor("Saved as ~/state/logs/a-build.log.");
    expect(readFileSync(join(home, "state/logs/a-build.log"), "utf8")).toBe(readFileSync(log.path, "utf8"));
  });
});
