import { EC2Client, StopInstancesCommand } from "@aws-sdk/client-ec2";
import { describe, expect, it } from "vitest";
import { qrMatrix, qrRows } from "../../tui/sign-in/qr.ts";
import type { Program } from "../harness/program.ts";
import type { Stage } from "../simulator/demo/stage.ts";
import { STORY_IDS } from "../simulator/story.ts";
import { scene, signIn } from "./stage.ts";

/** Another client of the same account, with the real SDK: what somebody else does meanwhile. */
function outsider({ simulator }: Stage): EC2Client {
  const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "", AWS_SESSION_TOKEN = "" } = simulator.signedInEnv;
  return new EC2Client({
    region: "us-west-1",
    endpoint: simulator.url,
    credentials: {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      sessionToken: AWS_SESSION_TOKEN,
    },
  });
}

function seesThreeMachines(cockpit: Program): void {
  for (const name of ["jumpbox", "fcvm-metal-arm", "fcvm-metal-x86"]) expect(cockpit.text()).toContain(name);
}

/** With this the program begins the frame after a resize (tui/terminal/repaint.ts). */
const REPAINT = "\u001b[?2026h\u001b[H\u001b[2J";

describe("the cockpit, built, under a pty", () => {
  it("shows last night's look at once, signs in, and makes the temporary disk the headline", async () => {
    const stage = await scene();
    const cockpit = stage.cockpit();
    await cockpit.waitFor("stored 9 h ago");
    expect(cockpit.written()).not.toContain("All is well");
    seesThreeMachines(cockpit);
    await signIn(cockpit, stage);
    await cockpit.waitFor("running on a temporary disk");
    await cockpit.waitFor("TEMPORARY DISK");
    await cockpit.waitFor(/▌ ● fcvm-metal-arm/);
    // The headline says s: it is about its machine also where another one is chosen that needs no swap.
    await cockpit.press("up");
    await cockpit.waitFor(/▌ ● jumpbox/);
    await cockpit.press("s");
    await cockpit.waitFor("Swap fcvm-metal-arm back to its own disk?");
    await cockpit.press("escape");
    await cockpit.waitFor("cancelled, nothing was done");
    await cockpit.waitFor(/▌ ● fcvm-metal-arm/);
    await cockpit.press("q");
    expect((await cockpit.exited).exitCode).toBe(0);
    expect(cockpit.restored()).toBe(true);
    expect(cockpit.scrolledAway()).toBe(0);
  });

  it("draws the address as a QR code", async () => {
    const stage = await scene();
    const cockpit = stage.cockpit({ columns: 120, rows: 36 });
    await cockpit.waitFor("Press l to sign in");
    await cockpit.press("l");
    await cockpit.waitFor("Approve only if you started this");
    await cockpit.press("c");
    await cockpit.waitFor("clipboard: the address.");
    const [, copied = ""] = /\]52;c;([\w+/=]+)/.exec(cockpit.written()) ?? [];
    const address = Buffer.from(copied, "base64").toString();
    expect(address).toContain(`${stage.simulator.url}/device?user_code=`);
    const matrix = await qrMatrix(address);
    const drawn = (matrix && qrRows(matrix, 120, 36)) ?? [];
    await cockpit.waitFor(() => {
      const screen = cockpit.screen();
      const top = screen.findIndex((row) => row.includes(drawn[0] ?? "nothing"));
      return top >= 0 && drawn.every((row, index) => screen[top + index]?.includes(row));
    });
    stage.simulator.sso.decide("approved");
    await cockpit.waitFor("123456789012");
    expect(cockpit.scrolledAway()).toBe(0);
  });

  it("sees what somebody else does within two seconds in transition, and tells it", async () => {
    // A metal machine takes its time to stop, so that the stop is seen from a look at rest, which is every five seconds.
    const stage = await scene({ latencyScale: 0.5 });
    const cockpit = stage.cockpit({ columns: 200, rows: 50 });
    await signIn(cockpit, stage);
    await cockpit.waitFor(/fcvm-metal-arm +running/);
    await outsider(stage).send(new StopInstancesCommand({ InstanceIds: [STORY_IDS.arm] }));
    await cockpit.waitFor(/fcvm-metal-arm +stopping/);
    // Stopped is what a spot machine is once its request is released.
    const released = () => stage.simulator.account().spotRequests[STORY_IDS.armRequest]?.state === "disabled";
    await expect.poll(released, { interval: 20 }).toBe(true);
    await cockpit.waitFor(/fcvm-metal-arm +stopped/);
    // The toast.
    await cockpit.waitFor(/fcvm-metal-arm (is )?(stopping|stopped)/);
    expect(cockpit.scrolledAway()).toBe(0);
  });

  it("keeps its last data through throttling and an outage, says so, and is back by itself", async () => {
    const stage = await scene();
    const cockpit = stage.cockpit();
    await signIn(cockpit, stage);
    await cockpit.waitFor("running on a temporary disk");
    stage.simulator.faults.add({ kind: "throttle", operation: "ec2:*" });
    await cockpit.waitFor("AWS is being asked too often");
    seesThreeMachines(cockpit);
    stage.simulator.faults.clear();
    await cockpit.press("r");
    await cockpit.waitFor((text) => !text.includes("asked too often"));
    stage.simulator.faults.add({ kind: "html", operation: "ec2:*" });
    await cockpit.press("r");
    await cockpit.waitFor(/web page|proxy/i);
    seesThreeMachines(cockpit);
    stage.simulator.faults.clear();
    await cockpit.press("r");
    await cockpit.waitFor((text) => !/web page|proxy/i.test(text));
  });

  it("asks once when the session is revoked in the middle, and goes on", async () => {
    const stage = await scene();
    const cockpit = stage.cockpit();
    await signIn(cockpit, stage);
    await cockpit.waitFor("running on a temporary disk");
    stage.simulator.sso.revokeSessions();
    stage.simulator.credentials.expireAll();
    await signIn(cockpit, stage);
    await cockpit.waitFor("running on a temporary disk");
  });

  it("is never higher than the window, whatever its size, also with a dialog open", async () => {
    const stage = await scene();
    const cockpit = stage.cockpit();
    await signIn(cockpit, stage);
    await cockpit.waitFor("running on a temporary disk");
    for (const key of ["", "?", "o", "h"]) {
      if (key) await cockpit.press(key);
      for (const [columns, rows] of [
        [20, 5],
        [200, 50],
        [1, 1],
        [80, 24],
      ] as const) {
        const repaints = () => cockpit.written().split(REPAINT).length;
        const before = repaints();
        cockpit.resize(columns, rows);
        // What it draws before it has heard of the new size is as high as the old one.
        await cockpit.waitFor(() => repaints() > before);
        if (columns >= 80) await cockpit.waitFor(key ? /Esc back/ : /Enter ssh/);
        await cockpit.quiet();
        cockpit.forgetScrolls();
        await cockpit.press("down", "up");
        await cockpit.quiet();
        expect(cockpit.scrolledAway()).toBe(0);
      }
      if (key) await cockpit.press("escape");
      await cockpit.waitFor("Enter ssh");
    }
    expect(cockpit.scrolledAway()).toBe(0);
    await cockpit.press("q");
    expect((await cockpit.exited).exitCode).toBe(0);
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGHUP", 129],
    ["SIGINT", 130],
  ])("gives the terminal back on %s", async (signal, code) => {
    const stage = await scene();
    const cockpit = stage.cockpit();
    await cockpit.waitFor("stored 9 h ago");
    cockpit.kill(signal);
    expect((await cockpit.exited).exitCode).toBe(code);
    expect(cockpit.restored()).toBe(true);
  });

  it("warns at the first Ctrl+C and quits at the second", async () => {
    const stage = await scene();
    const cockpit = stage.cockpit();
    await cockpit.waitFor("stored 9 h ago");
    await cockpit.press("ctrl+c");
    await cockpit.waitFor("Press Ctrl+C again to quit");
    await cockpit.press("ctrl+c");
    expect((await cockpit.exited).exitCode).toBe(0);
    expect(cockpit.restored()).toBe(true);
  });

  it("survives a token file cut in half and says what a broken config file has wrong", async () => {
    const { truncate, readdir, writeFile } = await import("node:fs/promises");
    const { join } = await import("node:path");
    const stage = await scene();
    const cache = join(stage.env.HOME ?? "", ".aws/sso/cache");
    for (const file of await readdir(cache)) await truncate(join(cache, file), 40);
    const cockpit = stage.cockpit();
    await signIn(cockpit, stage);
    await cockpit.press("q");
    await cockpit.exited;
    await writeFile(join(stage.env.HOME ?? "", ".aws/config"), "[default\nregion = us-west-1\n");
    const again = stage.cockpit();
    await again.waitFor(/config/);
    await again.waitFor(/line 1/);
  });

  it("says so where none of the three machines exists", async () => {
    const { emptyAccount } = await import("../simulator/story.ts");
    const stage = await scene({ story: emptyAccount });
    const cockpit = stage.cockpit();
    await signIn(cockpit, stage);
    await cockpit.waitFor(/not there/);
    seesThreeMachines(cockpit);
  });
});
