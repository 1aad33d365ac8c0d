import { expect, it } from "vitest";
import { QuitDialog, quitLines, stayingWords } from "../../../tui/quit.tsx";
import { drawn } from "../../harness/component.tsx";
import { fakeClock } from "../../harness/fakes.ts";
import { aSession } from "../../harness/fleets.ts";
import { aView, COMPILING, scriptedBuild } from "../kernel/scripted-build.ts";
import { FOREVER, scripted } from "../run/scripted.tsx";

it("names what would end with the cockpit, and nothing that is over or harmless", () => {
  const swap = scripted(async ({ step }) => {
    step("a", "Wait for the spot request", "waiting");
    return FOREVER;
  });
  const look = scripted(() => FOREVER, { title: "Look", harmlessToDrop: true });
  const sessions = [
    aSession("1", "fcvm-metal-arm", { title: "vim", end: undefined }),
    aSession("2", "jumpbox", { end: { kind: "exited", code: 0 } }),
  ];
  expect(quitLines(sessions, [swap, look])).toEqual([
    "1 shell will end:",
    "  fcvm-metal-arm: vim",
    "",
    "1 run will stop after the current call; started again, each goes on:",
    '  Swap fcvm-metal-arm, at "Wait for the spot request"',
  ]);
  expect(quitLines([], [look])).toEqual([]);
});

it("says of shells that stay on their machines that they do, and asks nothing for their sake", () => {
  const staying = [
    aSession("1", "fcvm-metal-arm", { title: "vim", stays: true }),
    aSession("2", "jumpbox", { stays: true }),
    aSession("3", "fcvm-metal-x86", { stays: true, end: { kind: "kept", attached: false } }),
  ];
  expect(quitLines(staying, [])).toEqual([]);
  const real = { env: {} };
  expect(stayingWords(staying, real)).toBe(
    "2 shells stay on fcvm-metal-arm and jumpbox, with what runs there: Enter takes them up again, from any computer.",
  );
  expect(stayingWords(staying.slice(2), real)).toBeUndefined();
  expect(stayingWords(staying, { env: { SNOWGLOBE_DEMO_ENV: "env.sh" } })).toBe(
    "The demo's machines end here, and with them 2 shells on fcvm-metal-arm and jumpbox.",
  );
  const plain = aSession("4", "jumpbox", { title: "top" });
  expect(quitLines([...staying.slice(0, 1), plain], [])).toEqual([
    "1 shell will end:",
    "  jumpbox: top",
    "",
    "1 shell will stay, with what runs there:",
    "  fcvm-metal-arm: vim",
  ]);
});

it("says of a build that is followed that it goes on", () => {
  const { run } = scriptedBuild(aView(COMPILING), fakeClock());
  expect(quitLines([], [run])).toEqual([
    "1 build will go on without the cockpit:",
    "  Build a kernel on fcvm-metal-arm, compiling",
  ]);
  const { run: before } = scriptedBuild(aView(), fakeClock());
  expect(quitLines([], [before])[0]).toContain("1 run will stop after the current call");
});

it("asks once, with staying in focus", async () => {
  const answers: string[] = [];
  const size = { columns: 80, rows: 24 };
  const draw = () =>
    drawn(
      <QuitDialog
        {...size}
        active
        clock={fakeClock()}
        lines={["1 shell will end:", "  jumpbox: vim"]}
        onQuit={() => answers.push("quit")}
        onStay={() => answers.push("stay")}
      />,
      size,
    );
  const first = draw();
  expect(first.text()).toContain("[ Stay ]");
  expect(first.text()).toContain("jumpbox: vim");
  await first.press("q", "enter");
  await first.waitFor(() => answers.length > 0);
  first.unmount();
  const second = draw();
  await second.press("right", "enter");
  await second.waitFor(() => answers.length > 1);
  second.unmount();
  expect(answers).toEqual(["stay", "quit"]);
});
