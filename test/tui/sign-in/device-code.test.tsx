/** This folder: tests of signing in on the screen. Not here: the sign-in itself (test/ops/signin). */
import { describe, expect, it } from "vitest";
import type { DevicePrompt } from "../../../ops/operation/types.ts";
import { fakeClock } from "../../harness/fakes.ts";
import { ENVIRONMENT, FOREVER, scripted, show } from "../run/scripted.tsx";

const clock = fakeClock();
const PROMPT: DevicePrompt = {
  userCode: "WDJB-MJHT",
  url: "https://device.sso.us-west-1.amazonaws.com/",
  urlComplete: "https://device.sso.us-west-1.amazonaws.com/?user_code=WDJB-MJHT",
  expiresAt: clock.now() + 580_000,
};

/** The first row of the letters "MJHT", at each size. */
const DOUBLE = "██      ██      ██████  ██      ██  ██████████";
const SINGLE = "█▄ ▄█   ▀█▀ █   █ ▀▀█▀▀";
const QR = "▄▄▄▄▄▄▄█";

async function signIn(size: { columns: number; rows: number }, environment = ENVIRONMENT, prompt = PROMPT) {
  const run = scripted(
    async ({ deviceCode }) => {
      deviceCode(prompt);
      return FOREVER;
    },
    { name: "login", title: "Sign in", clock },
  );
  return show(run, { ...size, environment, clock });
}

describe("the device code", () => {
  it("shows address, large letters, QR code, time and warning at 80×24", async () => {
    const { screen } = await signIn({ columns: 80, rows: 24 });
    await screen.waitFor(QR);
    expect(screen.text()).toContain("https://device.sso.us-west-1.amazona");
    expect(screen.text()).toContain(SINGLE);
    expect(screen.text()).toContain("9 min 40 s left");
    expect(screen.text()).toContain("Approve only if you started this and");
    await screen.unmount();
  });

  it("grows with the window and gives up the QR code before the letters", async () => {
    const { screen } = await signIn({ columns: 200, rows: 50 });
    await screen.waitFor(DOUBLE);
    expect(screen.text()).toContain(QR);
    await screen.resize(60, 20);
    await screen.waitFor(SINGLE);
    expect(screen.text()).not.toContain(QR);
    expect(screen.text()).toContain("Approve only if you started this and the codes match.");
    await screen.resize(44, 14);
    await screen.waitFor("W D J B - M J H T");
    expect(screen.scrolledAway()).toBe(0);
    await screen.unmount();
  });

  it("says what the last poll said", async () => {
    const { screen } = await signIn({ columns: 80, rows: 24 }, ENVIRONMENT, {
      ...PROMPT,
      note: "AWS asked us to poll more slowly.",
    });
    await screen.waitFor(QR);
    expect(screen.text()).toContain("AWS asked us to poll more slowly.");
    await screen.unmount();
  });

  it("copies the address by the terminal, also through tmux, and says so", async () => {
    const { screen } = await signIn(
      { columns: 80, rows: 24 },
      { ...ENVIRONMENT, env: { TMUX: "/tmp/tmux-1/default,1,0" } },
    );
    await screen.press("c");
    // Nobody answers at that tmux, and a terminal never says whether it took it.
    await screen.waitFor("Sent to the clipboard: the address.");
    const payload = Buffer.from(PROMPT.urlComplete).toString("base64");
    expect(screen.written()).toContain(`\u001b]52;c;${payload}\u0007`);
    expect(screen.written()).toContain(`\u001bPtmux;\u001b\u001b]52;c;${payload}\u0007\u001b\\`);
    await screen.unmount();
  });

  it("says why no browser opens", async () => {
    const { screen } = await signIn({ columns: 80, rows: 24 }, { ...ENVIRONMENT, env: { PATH: "/nowhere" } });
    await screen.press("o");
    await screen.waitFor("No browser:");
    await screen.unmount();
  });

  it("is given up by Escape, and the run ends with it", async () => {
    const { run, screen } = await signIn({ columns: 80, rows: 24 });
    await screen.press("escape");
    expect(run.get().cancelling).toBe(true);
    await screen.unmount();
  });

  it("tells when the code has expired", async () => {
    const { screen } = await signIn({ columns: 80, rows: 24 }, ENVIRONMENT, { ...PROMPT, expiresAt: clock.now() });
    expect(screen.text()).toContain("The code has expired.");
    await screen.unmount();
  });

  it("gives way to the run when the sign-in goes on", async () => {
    const approved = Promise.withResolvers<void>();
    const { screen } = await show(
      scripted(async ({ deviceCode, step }) => {
        deviceCode(PROMPT);
        await approved.promise;
        deviceCode(undefined);
        step("accounts", "List accounts", "running");
        return FOREVER;
      }),
    );
    await screen.waitFor("Approve only");
    approved.resolve();
    await screen.waitFor("List accounts");
    expect(screen.text()).not.toContain("Approve only");
    await screen.unmount();
  });
});
