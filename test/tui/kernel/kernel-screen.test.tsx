/** This folder: tests of a kernel build on the screen. Not here: the build itself (test/ops/kernel). */

import { describe, expect, it } from "vitest";
import type { KernelPhase, KernelView } from "../../../ops/kernel/view.ts";
import { fakeClock } from "../../harness/fakes.ts";
import { NOW } from "../../harness/fleets.ts";
import type { Screen } from "../../harness/screen.tsx";
import { show } from "../run/scripted.tsx";
import { aFinding, aJob, aView, COMPILING, memoryLog, scriptedBuild } from "./scripted-build.ts";

const LINES = Array.from({ length: 300 }, (_, line) => `  CC      drivers/net/file${line}.o`);
const ERROR = "drivers/net/tun.c:612:3: error: 'foo' undeclared (first use in this function)";
const LATER = "net/core/dev.c:9:1: error: expected ';'";
const WARNING = "net/a.c:1:2: warning: unused variable 'x'";

/** A log in which the compiler warned once and stopped twice. */
const wrongLog = () => memoryLog(LINES.with(40, WARNING).with(120, ERROR).with(200, LATER));
const FOUND: Partial<KernelView> = {
  findings: [
    aFinding(40, { severity: "warning", file: "net/a.c", line: 1, column: 2, text: "unused variable 'x'" }),
    aFinding(120),
    aFinding(200, { file: "net/core/dev.c", line: 9, column: 1, text: "expected ';'" }),
  ],
  errors: 2,
  warnings: 1,
};

async function shown(
  over: Partial<KernelView>,
  size: { readonly columns: number; readonly rows: number } = { columns: 80, rows: 24 },
) {
  const clock = fakeClock();
  const build = scriptedBuild(aView({ log: memoryLog([...LINES]), ...over }), clock);
  const screen = await show(build.run, { ...size, clock });
  return { ...build, ...screen, clock };
}

/** Takes the screen down whatever happens. */
async function on<T extends { readonly screen: Screen }>(it: T, look: (it: T) => Promise<void>): Promise<void> {
  try {
    await look(it);
  } finally {
    await it.screen.unmount();
  }
}

describe("a build on screen", () => {
  it("goes from the steps before it through every phase to its image", async () => {
    await on(await shown({}), async ({ screen, kernel, speak, clock, end }) => {
      expect(screen.text()).toContain("Reach fcvm-metal-arm");
      const phases: KernelPhase[] = ["check", "fetch", "verify", "patch", "configure", "compile", "link", "prove"];
      for (const phase of phases) {
        speak().step(`build-${phase}`, phase, "running");
        const compiled = phase === "compile" ? 1366 : phase === "link" || phase === "prove" ? 2530 : 0;
        const progress = { ...aView(COMPILING).progress, phase, compiled };
        kernel.update((view) => ({ ...view, job: aJob({ phase }), progress, link: { state: "following" } }));
        await screen.waitFor(`▸ ${phase}`);
        if (phase === "compile") {
          expect(screen.text()).toContain("53 %  1366 of 2530 files   38/s  about 35 s left");
          expect(screen.text()).toContain("compiling  CC drivers/net/tun.o");
          expect(screen.text()).toContain("✓ check fetch verify patch configure");
        }
        if (phase === "link") expect(screen.text()).toContain("100 %  2530 files compiled");
        clock.advance(3000);
        speak().step(`build-${phase}`, phase, "done");
      }
      const artefact = "/home/ubuntu/kernels/vmlinux-6.18.3-3f9a1c2b7d40.bin";
      const job = aJob({ phase: "done", state: "succeeded", artefact, exit: 0, endedAt: NOW + 24_000 });
      kernel.update((view) => ({
        ...view,
        job,
        progress: { ...view.progress, phase: "done" },
        link: { state: "none" },
      }));
      end({ status: "done", sentence: "The guest kernel was built on fcvm-metal-arm in 24 s." });
      await screen.waitFor("✓ built in 24 s");
      const text = screen.text();
      expect(text).toContain(`image ${artefact}`);
      expect(text).toContain("✓ compile 3 s");
      expect(text).toContain("✓ prove 3 s");
      expect(text).toContain("no errors, no warnings");
      expect(text).toContain("The guest kernel was built on fcvm-metal-arm in 24 s.");
    });
  });

  it("says that nothing had to be built", async () => {
    const job = aJob({ phase: "done", state: "succeeded", unchanged: true, endedAt: NOW + 1000, artefact: "/k/v.bin" });
    await on(await shown({ job, progress: { ...aView().progress, phase: "done" } }), async ({ screen }) => {
      await screen.waitFor("✓ nothing had to be built");
      expect(screen.text()).toContain("image /k/v.bin");
      expect(screen.text()).not.toContain("· compile");
    });
  });

  it("says in words that the link is lost, since when, and that the build goes on", async () => {
    const link = { state: "lost", since: NOW - 12_000, sentence: "The connection was reset." } as const;
    await on(await shown({ ...COMPILING, link }), async ({ screen, kernel }) => {
      await screen.waitFor("▲ link lost 12 s ago, the build goes on there: The connection was");
      kernel.update((view) => ({ ...view, link: { state: "following" } }));
      await screen.waitFor((text) => !text.includes("link lost"));
    });
  });

  it("that was begun elsewhere is told as such, without times that nobody saw", async () => {
    const job = aJob({ startedAt: NOW - 600_000 });
    await on(await shown({ ...COMPILING, job }, { columns: 120, rows: 30 }), async ({ screen, speak }) => {
      speak().step("build-check", "Check", "running");
      speak().step("build-check", "Check", "done", "before it was followed");
      speak().step("build-compile", "Compile", "running");
      await screen.waitFor("begun elsewhere or before");
      expect(screen.text()).toContain("✓ check  ✓ fetch  ✓ verify  ✓ patch  ✓ configure  ▸ compile  · link");
    });
  });

  it("knows a number of files that nobody knows yet from a share of it", async () => {
    const progress = { ...aView(COMPILING).progress, total: undefined, secondsLeft: undefined };
    await on(await shown({ ...COMPILING, progress }), async ({ screen }) => {
      await screen.waitFor("1366 files so far");
      expect(screen.text()).toContain("? %");
    });
  });
});

describe("what the compiler found", () => {
  const failed = (): Partial<KernelView> => ({
    ...COMPILING,
    ...FOUND,
    log: wrongLog(),
    link: { state: "none" },
    job: aJob({ state: "failed", exit: 2, endedAt: NOW + 62_000, reason: "make stopped in drivers/net." }),
  });

  it("stands there at once when it fails: the first error with file and line, and the reason", async () => {
    for (const size of [
      { columns: 80, rows: 24 },
      { columns: 60, rows: 15 },
      { columns: 40, rows: 12 },
    ]) {
      await on(await shown(failed(), size), async ({ screen, end }) => {
        end({ status: "failed", failure: { kind: "conflict", sentence: "make stopped in drivers/net." } });
        await screen.waitFor("✗ make stopped in drivers/net.");
        expect(screen.text()).toContain("drivers/net/tun.c:612:3");
        expect(screen.scrolledAway()).toBe(0);
      });
    }
  });

  it("is gone to by e, one error after the other and round again", async () => {
    await on(await shown(failed()), async ({ screen }) => {
      await screen.press("e");
      await screen.waitFor(`› ${ERROR.slice(0, 60)}`);
      await screen.press("e");
      await screen.waitFor(`› ${LATER}`);
      await screen.press("e");
      await screen.waitFor(`› ${ERROR.slice(0, 60)}`);
    });
  });

  it("is listed, and Enter goes to its place in the log", async () => {
    await on(await shown(failed()), async ({ screen, left }) => {
      await screen.press("W");
      await screen.waitFor("1 of 3");
      const text = screen.text();
      expect(text).toContain("› ! warning net/a.c:1:2");
      expect(text).toContain("✗ error   net/core/dev.c:9:1");
      await screen.press("down", "down", "enter");
      await screen.waitFor(`› ${LATER}`);
      await screen.press("W");
      await screen.waitFor("3 of 3");
      await screen.press("escape");
      await screen.waitFor(`› ${LATER}`);
      expect(left()).toBe(0);
      await screen.press("escape");
      expect(left()).toBe(1);
    });
  });

  it("is nothing where nothing was found, and the keys are not offered then", async () => {
    await on(await shown(COMPILING), async ({ screen }) => {
      expect(screen.text()).not.toContain("first error");
      await screen.press("e", "W");
      await screen.waitFor("Nothing has been found wrong.");
    });
  });
});

describe("a build that goes on", () => {
  it("can be left for its steps and come back to", async () => {
    await on(await shown(COMPILING), async ({ screen }) => {
      await screen.press("tab");
      await screen.waitFor("Build the kernel");
      expect(screen.text()).toContain("Tab the build");
      await screen.press("tab");
      await screen.waitFor("▸ compile");
    });
  });

  it("has its log searched as any other", async () => {
    const log = memoryLog(LINES.with(7, "==> note a needle"));
    await on(await shown({ ...COMPILING, log }), async ({ screen }) => {
      await screen.press("/");
      await screen.type("needle");
      await screen.press("enter");
      await screen.waitFor("a needle");
      await screen.press("G");
      await screen.waitFor("following");
      log.say("something new");
      await screen.waitFor("something new");
    });
  });

  it("is stopped on its machine only after a question that says so", async () => {
    await on(await shown(COMPILING), async ({ screen, run, left }) => {
      await screen.press("ctrl+c");
      await screen.waitFor("This stops the build on fcvm-metal-arm");
      expect(screen.text()).toContain("Leaving this screen does not stop it, nor does quitting");
      await screen.press("enter");
      await screen.waitFor((text) => !text.includes("This stops"));
      expect(run.get().cancelling).toBe(false);
      await screen.press("escape");
      expect(left()).toBe(1);
      expect(run.get().outcome).toBeUndefined();
      await screen.press("ctrl+c", "right", "enter");
      expect((await run.finished).status).toBe("cancelled");
    });
  });

  it("tells what comes after the build: a host kernel's trial boot", async () => {
    const job = aJob({ kind: "host", phase: "done", state: "succeeded", endedAt: NOW + 60_000 });
    await on(await shown({ job, kind: "host" }), async ({ screen, speak }) => {
      speak().step("build", "Build the kernel", "done");
      speak().step("boot", "Wait for SSH", "waiting", "it reboots into 6.18.3-nested-dsb");
      await screen.waitFor("▸ Wait for SSH");
      expect(screen.text()).toContain("it reboots into 6.18.3-nested-dsb");
    });
  });
});

it("lets nothing through that came from outside as it came", async () => {
  const evil = "\u001b[2J\u001b]0;owned\u0007\u202eevil";
  const log = memoryLog([`${evil} log`]);
  const found = { findings: [aFinding(0, { file: evil, text: evil })], errors: 1 };
  const job = aJob({ state: "failed", reason: evil, artefact: evil, version: evil, hash: evil, id: evil });
  await on(await shown({ ...COMPILING, ...found, job, log }), async ({ screen }) => {
    await screen.press("W", "W", "e");
    await screen.waitFor("evil");
    expect(screen.written()).not.toContain("\u001b]0;owned");
    expect(screen.written()).not.toContain("\u202e");
  });
});
