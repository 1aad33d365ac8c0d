/** This folder: tests of the log view. Not here: where the lines come from. */
import { mkdtemp, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { OperationContext } from "../../../ops/operation/types.ts";
import type { Screen } from "../../harness/screen.tsx";
import { ENVIRONMENT, FOREVER, scripted, show } from "../run/scripted.tsx";

let screen: Screen | undefined;
afterEach(async () => {
  await screen?.unmount();
  screen = undefined;
});

/** A run that has logged `count` lines, and the function that logs more. */
async function logged(count: number, environment = ENVIRONMENT) {
  let speak: OperationContext["log"] = () => {};
  const run = scripted(async ({ log }) => {
    speak = log;
    for (let line = 0; line < count; line += 1) log(`line ${line} ${line % 10 === 0 ? "needle" : "straw"}`);
    return FOREVER;
  });
  const shown = await show(run, { environment });
  screen = shown.screen;
  return { ...shown, log: speak };
}

/** What the terminal was asked to copy last. */
function copied(from: Screen): string | undefined {
  const sequences = from.written().split("\u001b]52;c;");
  const last = sequences.length > 1 ? sequences.at(-1) : undefined;
  return last && Buffer.from(last.split("\u0007")[0] ?? "", "base64").toString();
}

describe("the log of a run", () => {
  it("follows its end until one goes up, and again from the bottom", async () => {
    const { screen, log } = await logged(100);
    expect(screen.text()).toContain("following, 100 lines");
    expect(screen.text()).toContain("line 99 ");
    log("something new");
    await screen.waitFor("something new");
    await screen.press("up");
    await screen.waitFor("of 101");
    log("not in sight");
    await screen.waitFor("of 102");
    expect(screen.text()).not.toContain("not in sight");
    await screen.press("G");
    await screen.waitFor("not in sight");
    expect(screen.text()).toContain("following");
  });

  it("goes to the top, by pages and back to the end", async () => {
    const { screen } = await logged(100);
    await screen.press("g");
    await screen.waitFor("line 1 of 100");
    expect(screen.text()).toContain("line 0 needle");
    await screen.press("pagedown", "space", "b");
    await screen.waitFor((text) => /line 1\d of 100|line 2\d of 100/.test(text));
    for (let page = 0; page < 10; page += 1) await screen.press("pagedown");
    await screen.waitFor("following");
  });

  it("stays where one reads while old lines fall out at the front", async () => {
    const { screen, log } = await logged(2000);
    await screen.press("g");
    for (let page = 0; page < 30; page += 1) await screen.press("pagedown");
    const top = /line (\d+) of/.exec(screen.text())?.[1];
    for (let line = 0; line < 300; line += 1) log(`more ${line}`);
    await screen.waitFor("of 2300");
    expect(screen.text()).toContain(`line ${top} of 2300`);
    expect(screen.text()).toContain(`line ${Number(top) - 1} `);
  });

  it("searches, goes through the matches both ways and round, and forgets it at Escape", async () => {
    const { screen, left } = await logged(100);
    await screen.press("g", "/");
    await screen.waitFor("Enter find");
    await screen.type("needle");
    await screen.press("enter");
    await screen.waitFor("match 1 of 10");
    await screen.press("n", "n");
    await screen.waitFor("match 3 of 10");
    expect(screen.text()).toContain("› line 20 needle");
    await screen.press("N", "N", "N");
    await screen.waitFor("match 10 of 10");
    await screen.press("/", "escape");
    await screen.waitFor((text) => !text.includes("match"));
    expect(left()).toBe(0);
  });

  it("says that nothing matches, and that nothing is searched for", async () => {
    const { screen } = await logged(10);
    await screen.press("n");
    await screen.waitFor("Nothing is searched for");
    await screen.press("/");
    await screen.type("nowhere");
    await screen.press("enter");
    await screen.waitFor("no match");
  });

  // Dots in them: a hundred letters on end might be a secret, and would not be shown.
  it("wraps long lines or cuts them", async () => {
    const { screen, log } = await logged(3);
    log(`begin ${"x.".repeat(100)} end`);
    await screen.waitFor(" end");
    await screen.press("w");
    await screen.waitFor((text) => text.includes("cut ·") && /[x.]…/.test(text) && !text.includes(" end"));
    await screen.press("w");
    await screen.waitFor(" end");
  });

  it("tells by a mark what came from where", async () => {
    const { screen, log } = await logged(1);
    log("an error", "err");
    log("a note", "note");
    await screen.waitFor("a note");
    expect(screen.text()).toContain("! an error");
    expect(screen.text()).toContain("· a note");
  });

  it("copies as plain text, and says when a terminal takes no more", async () => {
    const { screen, log } = await logged(3);
    log("\u001b[31mred\u001b[0m");
    await screen.waitFor("red");
    await screen.press("c");
    await screen.waitFor("Sent to the clipboard: 4 lines.");
    expect(copied(screen)).toBe("line 0 needle\nline 1 straw\nline 2 straw\nred\n");
    for (let line = 0; line < 200; line += 1) log(`${line} ${"y.".repeat(500)}`);
    await screen.waitFor("199 y.y");
    await screen.press("c");
    await screen.waitFor("Sent to the clipboard: the newest 74 lines");
    expect(Buffer.byteLength(copied(screen) ?? "")).toBeLessThanOrEqual(74_994);
    expect(copied(screen)?.endsWith(`199 ${"y.".repeat(500)}\n`)).toBe(true);
  });

  it("saves a file that only its owner reads, and says where", async () => {
    const home = await mkdtemp(join(tmpdir(), "log-"));
    const { screen } = await logged(3, { ...ENVIRONMENT, home, stateDir: join(home, "state") });
    await screen.press("s");
    await screen.waitFor("Saved as ~/state/logs/run-1.log.");
    const file = join(home, "state", "logs", "run-1.log");
    expect(await readFile(file, "utf8")).toBe("line 0 needle\nline 1 straw\nline 2 straw\n");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("says in words why it cannot save", async () => {
    const { screen } = await logged(3, { ...ENVIRONMENT, stateDir: "/dev/null/state" });
    await screen.press("s");
    await screen.waitFor("Not saved: ENOTDIR.");
  });
});
