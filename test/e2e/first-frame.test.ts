import xterm from "@xterm/headless";
import { expect, it } from "vitest";
import { gridRows } from "../harness/grid.ts";
import { scene } from "./stage.ts";

const FRAME_BEGINS = "\u001b[?2026h";
const FRAME_ENDS = "\u001b[?2026l";
const ALTERNATE_SCREEN = "\u001b[?1049h";

/** What a terminal of that size shows after these bytes. */
async function shown(bytes: string, size: { columns: number; rows: number }): Promise<readonly string[]> {
  const terminal = new xterm.Terminal({ cols: size.columns, rows: size.rows, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(bytes, resolve));
  return gridRows(terminal);
}

/** The three machines, each in two rows at least: above them, who is signed in may be known by now. */
function machines(rows: readonly string[]): readonly string[] {
  const top = rows.findIndex((row) => row.includes("running"));
  return rows.slice(top, top + 6);
}

it.each([
  { columns: 80, rows: 24 },
  { columns: 200, rows: 50 },
])("the first frame is there before Ink, which takes it over as it stands, at %j", async (size) => {
  const stage = await scene();
  const cockpit = stage.cockpit(size);
  await cockpit.waitFor(() => cockpit.written().includes(ALTERNATE_SCREEN));
  // Nothing that draws is loaded yet, and the key is heard all the same.
  cockpit.write("?");
  await cockpit.waitFor("The chosen machine");
  const written = cockpit.written();
  const [own = ""] = written.split(FRAME_BEGINS);
  const handedOver = written.slice(0, written.indexOf(FRAME_ENDS));
  const first = await shown(own, size);
  for (const name of ["jumpbox", "fcvm-metal-arm", "fcvm-metal-x86", "stored 9 h ago"]) {
    expect(first.join("\n")).toContain(name);
  }
  expect(machines(await shown(handedOver, size))).toEqual(machines(first));
  // A terminal that is sent there twice may keep the wrong cursor for the shell.
  expect(written.split(ALTERNATE_SCREEN)).toHaveLength(2);
  await cockpit.press("escape");
  await cockpit.waitFor((text) => !text.includes("The chosen machine"));
  await cockpit.press("q");
  expect((await cockpit.exited).exitCode).toBe(0);
  expect(cockpit.restored()).toBe(true);
});

it("what ends it before Ink is there gives the terminal back", async () => {
  const stage = await scene();
  const cockpit = stage.cockpit();
  await cockpit.waitFor(() => cockpit.written().includes(ALTERNATE_SCREEN));
  cockpit.kill("SIGTERM");
  expect((await cockpit.exited).exitCode).toBe(143);
  expect(cockpit.restored()).toBe(true);
});
