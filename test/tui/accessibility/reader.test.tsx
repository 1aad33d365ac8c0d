/** This folder: tests of the cockpit for those who hear it, or see it without colours. Not here: what is right for all. */

import { afterEach, describe, expect, it, vi } from "vitest";
import type { Question } from "../../../ops/operation/types.ts";
import { when } from "../../../ops/store.ts";
import { fakeClock, fakeOps } from "../../harness/fakes.ts";
import { aProbe, aSession, live, STORY_METRICS, storyFleet } from "../../harness/fleets.ts";
import { renderScreen, type Screen } from "../../harness/screen.tsx";
import { ARM_VOLUME, change, machine, planJson, REPLACE } from "../../ops/plan/plans.ts";
import { rig } from "../../ops/plan/rig.ts";
import { InWindow } from "../fleet/on-screen.tsx";
import { aView, COMPILING, memoryLog, scriptedBuild } from "../kernel/scripted-build.ts";
import { FOREVER, scripted, show } from "../run/scripted.tsx";

const screens: Screen[] = [];
const kept = <T extends Screen>(screen: T): T => {
  screens.push(screen);
  return screen;
};
afterEach(async () => {
  vi.restoreAllMocks();
  for (const screen of screens.splice(0)) await screen.unmount();
});

/** What a screen shows is words, digits and the marks of ordinary text. */
const DRAWN = /[\u2190-\u21ff\u2500-\u25ff\u2800-\u28ff✓✗✕±│┃]/u;

const storyOps = () =>
  fakeOps({
    fleet: live(storyFleet()),
    metrics: STORY_METRICS,
    probes: { "fcvm-metal-arm": aProbe() },
    sessions: [aSession("s1", "fcvm-metal-arm")],
  });

async function fleet(ops = storyOps()): Promise<Screen> {
  return kept(await renderScreen(<InWindow ops={ops} />, { columns: 200, rows: 60, reader: true }));
}

describe("the fleet screen, heard", () => {
  it("says what must be known, each machine in a sentence, the chosen one's facts, and the keys", async () => {
    const rows = (await fleet()).screen();
    expect(rows[1]).toMatch(/^alarm: fcvm-metal-arm is running on a temporary disk .* Put your disk back/);
    expect(rows).toContain("listbox: option: jumpbox: running, address 54.183.22.107 attached, $0.089 an hour.");
    expect(rows).toContain(
      "option: (selected) fcvm-metal-arm: running, on a temporary disk, address 184.72.40.255 not attached, $1.13 an hour, 1 shell.",
    );
    expect(rows).toContain(
      "option: fcvm-metal-x86: stopped, on your disk, address 50.18.109.164 attached, $32.45 a month.",
    );
    expect(rows.find((row) => row.startsWith("root: "))).toMatch(
      /^root: TEMPORARY DISK, vol-0f4d5e6f708192a3b, 300 GiB gp3/,
    );
    expect(rows.find((row) => row.startsWith("keys: "))).toMatch(/^keys: Enter ssh, s swap, p stop/);
    expect(rows.join("\n")).not.toMatch(DRAWN);
  });

  it("is silent while nothing but the time goes on, and speaks when something happens", async () => {
    const timers = vi.spyOn(globalThis, "setInterval");
    const ops = storyOps();
    const screen = await fleet(ops);
    // Whatever the first frame's effects write is written by then.
    await screen.press("z");
    const before = screen.written();
    for (let look = 0; look < 20; look += 1) {
      ops.clock.advance(5 * 60_000);
      const { fleet: seen } = ops.cells.fleet.get();
      if (!seen) throw new Error("there is a fleet");
      const observation = { ...seen.observation, at: ops.clock.now() };
      ops.cells.fleet.set(live({ ...seen, observation }));
      ops.cells.probes.set({ "fcvm-metal-arm": aProbe({ at: ops.clock.now(), load: [look, look, look] }) });
    }
    await screen.press("z");
    expect(screen.written()).toBe(before);
    expect(timers).not.toHaveBeenCalled();
    ops.cells.sessions.set([]);
    await screen.waitFor((text) => !text.includes("1 shell"));
  });
});

describe("questions, heard", () => {
  it.each<readonly [Question, readonly string[], readonly string[]]>([
    [
      { kind: "confirm", title: "Swap it?", lines: ["vol-1 comes off."], yes: "Swap", no: "Cancel" },
      [],
      ["Swap it?", "vol-1 comes off.", "button Cancel, focused; button Swap;", "y Swap, n Esc Cancel, Enter Cancel"],
    ],
    [
      { kind: "confirm", title: "Swap it?", lines: [], yes: "Swap", no: "Cancel" },
      ["right"],
      ["Swap it?", "button Cancel; button Swap, focused;", "y Swap, n Esc Cancel, Enter Swap"],
    ],
    [
      { kind: "confirm", title: "Delete it?", lines: ["vol-1 goes."], yes: "Delete", no: "Cancel", typed: "vol-1" },
      ["v"],
      [
        "Delete it?",
        "vol-1 goes.",
        "Type vol-1 and press Enter:",
        "Typed: v",
        "Right so far: 4 more characters.",
        "Esc Cancel, Enter Delete, when it matches",
      ],
    ],
    [
      {
        kind: "choose",
        title: "Which account?",
        lines: [],
        choices: [
          { id: "a", label: "one" },
          { id: "b", label: "two", detail: "222" },
        ],
      },
      ["down"],
      ["Which account?", "1 one", "chosen: 2 two, 222", "up, down, 2 of 2, Enter choose, Esc cancel"],
    ],
    [
      { kind: "text", title: "Start URL?", lines: [], placeholder: "https://x", check: () => undefined },
      [],
      ["Start URL?", "Typed: nothing yet, for example https://x", "Enter go on, Esc cancel"],
    ],
  ])("$0.kind: what is asked, what is chosen, and nothing of what is beneath", async (question, keys, expected) => {
    const run = scripted(async ({ ask, step }) => {
      step("a", "Look at it", "done");
      await ask(question);
      return FOREVER;
    });
    const { screen } = await show(run, { reader: true });
    kept(screen);
    await screen.waitFor(question.title);
    await screen.press(...keys);
    expect(screen.screen().filter(Boolean)).toEqual(expected);
  });
});

describe("runs, heard", () => {
  it("says each step with its state, and does not say the log line by line", async () => {
    const timers = vi.spyOn(globalThis, "setInterval");
    const clock = fakeClock();
    let goOn = () => {};
    const run = scripted(
      async ({ step, log }) => {
        step("a", "Stop the instance", "done");
        step("b", "Wait for the spot request", "waiting", "sir-1 is active");
        for (let line = 0; line < 300; line += 1) {
          log(`line ${line}`);
          await new Promise((resolve) => setImmediate(resolve));
        }
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        step("b", "Wait for the spot request", "done");
        step("c", "Start the instance", "running");
        return FOREVER;
      },
      { clock },
    );
    const { screen } = await show(run, { reader: true, clock, rows: 60 });
    kept(screen);
    await when(run, ({ log }) => log.length === 300);
    await screen.press("z");
    const quiet = screen.written().split("Swap fcvm-metal-arm, running").length - 1;
    expect(quiet).toBeLessThan(4);
    goOn();
    await screen.waitFor("running, Start the instance");
    const rows = screen.screen();
    expect(rows).toContain("done, Stop the instance, 0 s");
    expect(rows.some((row) => row.startsWith("done, Wait for the spot request"))).toBe(true);
    expect(rows).toContain("line 299");
    expect(rows.join("\n")).not.toMatch(DRAWN);
    expect(timers).not.toHaveBeenCalled();
  });

  it("says the phases of a build, and not its log as it grows", async () => {
    const clock = fakeClock();
    const log = memoryLog(["  CC      init/main.o"]);
    const { run, kernel } = scriptedBuild(aView({ ...COMPILING, log }), clock);
    const { screen } = await show(run, { reader: true, clock, columns: 200, rows: 60 });
    kept(screen);
    await screen.waitFor("done check, done fetch");
    expect(screen.text()).toContain("now compile");
    expect(screen.text()).toContain("to come link");
    expect(screen.text()).not.toMatch(DRAWN);
    const before = screen.written();
    for (let file = 0; file < 50; file += 1) {
      log.say(`  CC      drivers/net/file-${file}.o`);
      kernel.update((view) => ({ ...view, progress: { ...view.progress, compiled: view.progress.compiled + 1 } }));
      await screen.press("z");
    }
    expect(screen.written()).toBe(before);
    kernel.update((view) => ({ ...view, progress: { ...view.progress, phase: "link" } }));
    await screen.waitFor("now link");
    expect(screen.text()).toContain("file-49.o");
  });

  it("spells the device code, once, and draws no picture of it", async () => {
    const clock = fakeClock();
    const run = scripted(
      async ({ deviceCode }) => {
        deviceCode({
          userCode: "WDJB-MJHT",
          url: "https://device.example/",
          urlComplete: "https://device.example/?user_code=WDJB-MJHT",
          expiresAt: clock.now() + 580_000,
        });
        return FOREVER;
      },
      { name: "login", title: "Sign in", clock },
    );
    const { screen } = await show(run, { reader: true, clock });
    kept(screen);
    await screen.waitFor("Code:");
    expect(screen.screen().filter(Boolean)).toEqual([
      "Sign in, waiting for your approval",
      "Open in any browser, on any device:",
      "https://device.example/",
      "Code: W D J B - M J H T",
      "Approve only if you started this and the codes match.",
      "9 min 40 s left",
      "c copy the address, o open a browser, Esc cancel",
    ]);
  });

  it("says of a plan what is dangerous and why, and which row is chosen", async () => {
    const arm = (over = {}) => machine("fcvm-metal-arm", ARM_VOLUME, over);
    const [before, after] = [arm(), arm({ subnet_id: "subnet-2" })];
    const replace = { actions: REPLACE, before, after, replacePaths: [["subnet_id"]] };
    const { start, ops } = rig(planJson([change("aws_instance.fcvm_metal_arm", replace)]));
    const run = start();
    await when(run, ({ question }) => question !== undefined);
    const { screen } = await show(run, { reader: true, columns: 200, rows: 60, clock: ops.clock });
    kept(screen);
    await screen.waitFor("DANGEROUS, type fcvm-metal-arm to apply");
    await screen.press("down");
    const text = screen.text();
    expect(text).toContain("an hour's disturbance");
    expect(text).toContain("unfolded: replace, 1");
    expect(text).toContain("chosen: folded: aws_instance.fcvm_metal_arm");
    expect(text).toContain("a apply");
    expect(text).not.toMatch(DRAWN);
  });
});
