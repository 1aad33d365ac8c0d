import { expect, it } from "vitest";
import { titleOf } from "../../../tui/run/use-title.ts";
import { noticeSequence } from "../../../tui/terminal/notice-elsewhere.ts";
import { fakeOps } from "../../harness/fakes.ts";
import { live, storyFleet } from "../../harness/fleets.ts";

it("names the trouble, what goes on and how far it is, and what asks", async () => {
  expect(titleOf(fakeOps())).toBe("snowglobe");
  const ops = fakeOps({ fleet: live(storyFleet()) });
  expect(titleOf(ops)).toBe("! snowglobe: fcvm-metal-arm");
  const going = Promise.withResolvers<void>();
  const run = ops.operations.start({
    name: "apply",
    title: "Apply\u001b[2J",
    run: async ({ ask, progress }) => {
      progress(3, 8, "resources");
      await going.promise;
      await ask({ kind: "confirm", title: "Go on?", lines: [], yes: "Go on", no: "Cancel" });
      return { status: "done", sentence: "" };
    },
  });
  expect(titleOf(ops)).toBe("37 % snowglobe: Apply");
  going.resolve();
  await expect.poll(() => titleOf(ops)).toBe("? snowglobe: Apply");
  run.answer(1, "yes");
  await run.finished;
  expect(titleOf(ops)).toBe("! snowglobe: fcvm-metal-arm");
});

it("asks for a notice in the words that the terminal knows, with nothing in it that ends it early", () => {
  const text = "Swap asks: go on\u0007; really?";
  expect(noticeSequence(text, {})).toBe("\u001b]9;snowglobe: Swap asks: go on, really?\u0007");
  expect(noticeSequence(text, { TERM: "foot" })).toBe("\u001b]777;notify;snowglobe;Swap asks: go on, really?\u0007");
  expect(noticeSequence(text, { TMUX: "/tmp/tmux" })).toBe(
    "\u001bPtmux;\u001b\u001b]9;snowglobe: Swap asks: go on, really?\u0007\u001b\\",
  );
});
