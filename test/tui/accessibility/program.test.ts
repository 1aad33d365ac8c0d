import { expect, it } from "vitest";
import { forConsole } from "../../../tui/terminal/console.ts";
import { scene, signIn } from "../../e2e/stage.ts";
import type { Program } from "../../harness/program.ts";
import { BEYOND_SIXTEEN, COLOURS, MOUSE } from "./sequences.ts";

const SIZE = { columns: 100, rows: 30 };

/** Through what a person sees in a day: the sign-in, the machines, a question, the keys. */
async function walk(cockpit: Program, stage: Parameters<typeof signIn>[1]): Promise<string> {
  await signIn(cockpit, stage);
  await cockpit.waitFor("running on a temporary disk");
  await cockpit.press("s");
  await cockpit.waitFor(/\[ Cancel \]|button Cancel, focused/);
  await home(cockpit);
  await cockpit.press("?");
  await cockpit.waitFor("The chosen machine");
  await home(cockpit);
  await cockpit.press("q");
  await cockpit.exited;
  return cockpit.written();
}

/** Back to the fleet screen, and seen to be there: in the list of keys q is back, and does not quit. */
async function home(cockpit: Program): Promise<void> {
  await cockpit.press("escape");
  // The list of keys has that word too.
  await cockpit.waitFor((text) => text.includes("d database") && !/The chosen machine|Cancel/.test(text));
}

it.each([
  ["a console of sixteen colours", { TERM: "linux" }],
  ["a terminal of sixteen colours", { TERM: "xterm" }],
])("%s gets its own colours and no others, and no mouse mode is ever set", async (_, env) => {
  const stage = await scene();
  const written = await walk(stage.cockpit(SIZE, env), stage);
  expect(written).toContain("\u001b[36m");
  expect(written).not.toMatch(BEYOND_SIXTEEN);
  expect(written).not.toMatch(MOUSE);
  if (env.TERM === "linux") expect(written).toBe(forConsole(written));
});

it("NO_COLOR: not one colour in the whole program", async () => {
  const stage = await scene();
  const written = await walk(stage.cockpit(SIZE, { NO_COLOR: "1", TERM: "xterm-256color" }), stage);
  expect(written).not.toMatch(COLOURS);
});

it("a screen reader gets words on the normal screen, from the sign-in to the end", async () => {
  const stage = await scene();
  const cockpit = stage.cockpit({ columns: 200, rows: 60 }, { INK_SCREEN_READER: "true" });
  const written = await walk(cockpit, stage);
  expect(written).not.toContain("\u001b[?1049h");
  expect(written).toContain("Code: ");
  expect(written).toContain("option: (selected) fcvm-metal-arm: ");
  expect(written).toMatch(/button Cancel, focused|chosen: /);
  expect(written).not.toMatch(/[\u2500-\u25ff\u2800-\u28ff]/u);
  expect(cockpit.restored()).toBe(true);
});
