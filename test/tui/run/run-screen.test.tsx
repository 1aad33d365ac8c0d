import { describe, expect, it } from "vitest";
import { FailureError } from "../../../ops/failure.ts";
import type { OperationContext } from "../../../ops/operation/types.ts";
import { fakeClock } from "../../harness/fakes.ts";
import { FOREVER, scripted, show } from "./scripted.tsx";

const CONFIRM = { kind: "confirm", title: "Swap it?", lines: ["vol-1 comes off."], yes: "Swap", no: "Cancel" } as const;

describe("a run that is under way", () => {
  it("shows each step with its state in a word, its time, and what is waited for and why", async () => {
    const clock = fakeClock();
    const run = scripted(
      async ({ step }) => {
        step("a", "Stop the instance", "running");
        clock.advance(41_000);
        step("a", "Stop the instance", "done", "it took a while");
        step("b", "Mark the volume", "skipped");
        step("c", "Wait for the spot request", "waiting", "EC2 has not released it; starting now would fail.");
        clock.advance(12_000);
        return FOREVER;
      },
      { clock },
    );
    const { screen } = await show(run, { clock });
    expect(screen.text()).toMatch(/Swap fcvm-metal-arm {2}running 53 s/);
    expect(screen.text()).toMatch(/✓ done +Stop the instance {2}it took a while +41 s/);
    expect(screen.text()).toMatch(/– skipped +Mark the volume/);
    expect(screen.text()).toMatch(/waiting +Wait for the spot request +12 s/);
    expect(screen.text()).toContain("EC2 has not released it; starting now would fail.");
    expect(screen.text()).toContain("Esc leave running   Ctrl+C stop");
    await screen.unmount();
  });

  it("is left running by Escape", async () => {
    const { run, screen, left } = await show(scripted(() => FOREVER));
    await screen.press("escape");
    expect(left()).toBe(1);
    expect(run.get()).toMatchObject({ outcome: undefined, cancelling: false });
    await screen.unmount();
  });

  it("asks at Ctrl+C, with the harmless answer first, and stops after the current call", async () => {
    const call = Promise.withResolvers<void>();
    const run = scripted(async ({ signal, step }) => {
      step("a", "Stop the instance", "running");
      await call.promise;
      signal.throwIfAborted();
      return { status: "done", sentence: "Done." };
    });
    const { screen } = await show(run);
    await screen.press("ctrl+c");
    await screen.waitFor('Stop "Swap fcvm-metal-arm"?');
    await screen.press("enter");
    expect(screen.text()).not.toContain("Stop it");
    expect(run.get().cancelling).toBe(false);
    await screen.press("ctrl+c", "tab", "enter");
    await screen.waitFor("stopping after the current call");
    expect(run.get().outcome).toBeUndefined();
    call.resolve();
    await screen.waitFor("cancelled");
    expect(screen.text()).toContain("■ Cancelled.");
    expect(screen.text()).toMatch(/■ cut off +Stop the instance/);
    await screen.unmount();
  });

  it("takes a second Ctrl+C as the answer, and one at a question as no", async () => {
    const first = await show(scripted(() => FOREVER));
    await first.screen.press("ctrl+c", "ctrl+c");
    expect(first.run.get().cancelling).toBe(true);
    await first.screen.unmount();
    const second = await show(scripted(async ({ ask }) => ask(CONFIRM).then(() => FOREVER)));
    await second.screen.waitFor("Swap it?");
    await second.screen.press("ctrl+c");
    await second.screen.waitFor((text) => !text.includes("Swap it?"));
    expect(second.run.get().cancelling).toBe(true);
    await second.screen.unmount();
  });

  it("shows progress as a bar and as figures", async () => {
    const { screen } = await show(
      scripted(async ({ progress }) => {
        progress(45, 100, "files");
        return FOREVER;
      }),
    );
    expect(screen.text()).toMatch(/█{18}░{22} {2}45 % {2}45 of 100 files/);
    await screen.unmount();
  });

  it("folds the oldest steps when there is no room for all", async () => {
    const { screen } = await show(
      scripted(async ({ step, log }) => {
        for (let index = 1; index <= 30; index += 1) step(`s${index}`, `Step number ${index}`, "done");
        step("now", "The last one", "running", "Because it is so.");
        log("a line");
        return FOREVER;
      }),
    );
    expect(screen.text()).toMatch(/… \d+ steps before/);
    expect(screen.text()).toContain("The last one");
    expect(screen.text()).toContain("Because it is so.");
    expect(screen.text()).toContain("a line");
    await screen.unmount();
  });

  it("draws a flood of lines no more often than frames", async () => {
    let speak: OperationContext["log"] = () => {};
    const { screen } = await show(
      scripted(async ({ log }) => {
        speak = log;
        return FOREVER;
      }),
    );
    const before = screen.written().length;
    for (let line = 0; line < 5000; line += 1) speak(`line ${line}`);
    await screen.waitFor("line 4999");
    expect(screen.written().length - before).toBeLessThan(40_000);
    await screen.unmount();
  });
});

describe("a run that is over", () => {
  it("says what came of it and what to do next", async () => {
    const { screen, left } = await show(
      scripted(async () => ({
        status: "done",
        sentence: "It runs on its own disk.",
        next: "Press Enter for a shell.",
      })),
    );
    await screen.waitFor("done after 0 s");
    expect(screen.text()).toContain("✓ It runs on its own disk.");
    expect(screen.text()).toContain("→ Press Enter for a shell.");
    expect(screen.text()).toContain("Esc back");
    expect(screen.text()).not.toContain("Ctrl+C");
    await screen.press("escape");
    expect(left()).toBe(1);
    await screen.unmount();
  });

  it("says a failure in words, with its code and the way on, and stops the clock of what was under way", async () => {
    const { screen } = await show(
      scripted(async ({ step }) => {
        step("a", "Start the instance", "running");
        throw new FailureError({
          kind: "capacity",
          sentence: "AWS has no such machine to give.",
          action: "Try again later.",
          code: "InsufficientInstanceCapacity",
        });
      }),
    );
    await screen.waitFor("✗ AWS has no such machine to give.");
    expect(screen.text()).toContain("code: InsufficientInstanceCapacity");
    expect(screen.text()).toContain("→ Try again later.");
    expect(screen.text()).toMatch(/■ cut off +Start the instance +0 s/);
    await screen.unmount();
  });
});

it("draws nothing that came from outside as it came", async () => {
  const evil = "\u001b[2J\u001b]0;owned\u0007\u202eevil\r\n";
  const { screen } = await show(
    scripted(
      async ({ step, log, ask }) => {
        step("a", evil, "running", evil);
        log(evil);
        await ask({ kind: "confirm", title: evil, lines: [evil], yes: evil, no: evil });
        return FOREVER;
      },
      { title: evil },
    ),
  );
  await screen.waitFor((text) => text.split("evil").length > 5);
  expect(screen.written()).not.toContain("owned");
  expect(screen.written()).not.toContain("\u202e");
  await screen.unmount();
});
