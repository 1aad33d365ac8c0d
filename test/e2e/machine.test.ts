import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Stage } from "../simulator/demo/stage.ts";
import { rootOf } from "../simulator/ec2/account.ts";
import { FAILED_STARTS } from "../simulator/ec2/transitions.ts";
import { PERSISTENT, STORY_IDS } from "../simulator/story.ts";
import { scene, signIn } from "./stage.ts";

/** Transitions in a twentieth of their real time. */
const QUICK = { latencyScale: 0.05 };
const PROMPT = { arm: "ubuntu@fcvm-metal-arm:~$", x86: "ubuntu@fcvm-metal-x86:~$" };

/** Deleted, or being so: EC2 takes its time. */
async function temporaryDiskIsGone({ simulator }: Stage): Promise<void> {
  const state = () => simulator.account().volumes[STORY_IDS.armTemporaryDisk]?.state;
  await expect.poll(state, { interval: 20 }).toSatisfy((now) => now === undefined || now === "deleting");
}

/** How far the shell has come that counts. */
function counted(text: string): number {
  return Number([...text.matchAll(/count-(\d+) of kept/g)].at(-1)?.[1] ?? 0);
}

describe("enter", () => {
  it("goes from an expired session and a stopped machine to its prompt, and comes back to the same screen", async () => {
    const stage = await scene(QUICK);
    const cockpit = stage.cockpit();
    await cockpit.waitFor("Press l to sign in");
    await cockpit.press("down", "down", "enter");
    await cockpit.waitFor("Approve only if you started this");
    stage.simulator.sso.decide("approved");
    await cockpit.waitFor("Open SSH on fcvm-metal-x86?");
    expect(cockpit.text()).toMatch(/\$[\d.]+\/h/);
    await cockpit.takesAnswers();
    await cockpit.press("right", "enter");
    await cockpit.waitFor(PROMPT.x86);
    cockpit.write("touch made-here; ls\r");
    // With the prompt below it: what comes later would be no change of ours.
    await cockpit.waitFor(/made-here\s+notes\.md.*\n\S+:~\$/);
    const root = stage.hosts.volumePath(PERSISTENT["fcvm-metal-x86"].volumeId);
    expect(existsSync(join(root, "home/ubuntu/made-here"))).toBe(true);
    const before = cockpit.text();
    await cockpit.press("ctrl+]");
    await cockpit.waitFor(/fcvm-metal-x86 +running/);
    await cockpit.waitFor("1 shell");
    await cockpit.press("enter");
    // The fleet screen shows the session's last lines too: only the whole screen tells.
    await cockpit.waitFor((text) => text === before);
    cockpit.write("exit 3\r");
    await cockpit.waitFor("ended with status 3");
    await cockpit.press("q");
    expect((await cockpit.exited).exitCode).toBe(0);
    expect(cockpit.restored()).toBe(true);
  });

  it("leaves a shell to its machine, finds it there again, and tells a machine that was stopped from a link that was cut", async () => {
    const stage = await scene(QUICK);
    const cockpit = stage.cockpit({ columns: 120, rows: 40 });
    await signIn(cockpit, stage);
    await cockpit.waitFor("TEMPORARY DISK");
    await cockpit.press("up", "enter");
    await cockpit.waitFor("ubuntu@jumpbox:~$");
    cockpit.write("mine=kept; echo on; cat -v\r");
    await cockpit.waitFor(/^on$/m);
    // Pressed twice it is the shell's: once, and nobody leaves.
    cockpit.write("\u001d\u001d\r");
    await cockpit.waitFor(/^\^\]$/m);
    await cockpit.press("ctrl+]");
    await cockpit.waitFor("1 shell");
    await cockpit.press("q");
    expect((await cockpit.exited).exitCode).toBe(0);
    expect(cockpit.text()).toMatch(/1 shell stays on jumpbox/);
    const next = stage.cockpit({ columns: 120, rows: 40 });
    await next.waitFor("TEMPORARY DISK");
    await next.press("up");
    await next.waitFor(/cat -v +lives on the machine/);
    await next.press("enter");
    await next.waitFor("mine=kept");
    // By itself: the interrupt takes with it what was typed and not read.
    next.write("\u0003");
    await next.waitFor(/\^C\n.*\$/);
    next.write("echo still $mine\r");
    await next.waitFor("still kept");
    // The link is cut, this cockpit killed, and another computer's finds the shell with what runs in it gone on.
    next.write('n=0; while sleep 0.1; do n=$((n+1)); echo "count-$n of $mine"; done\r');
    await next.waitFor("count-3 of kept");
    stage.hosts.faults("jumpbox").cut();
    next.kill("SIGKILL");
    await next.exited;
    const reached = counted(next.text());
    const home = join(stage.directory, "another-home");
    cpSync(stage.env.HOME ?? "", home, { recursive: true });
    const other = stage.cockpit(
      { columns: 100, rows: 30 },
      { HOME: home, XDG_STATE_HOME: join(stage.directory, "another-state") },
    );
    await other.waitFor("TEMPORARY DISK");
    await other.press("up");
    await other.waitFor("lives on the machine");
    await other.press("enter");
    await other.waitFor((text) => counted(text) > reached + 5);
    await other.press("ctrl+]");
    await other.waitFor("Enter ssh");
    stage.simulator.apply({ name: "StopInstances", instanceIds: [STORY_IDS.jumpbox] });
    await other.waitFor(/jumpbox (was|is|has)? ?(stopped|taken|being)|machine (was )?(stopped|gone)/i);
    await other.press("q");
    expect((await other.exited).exitCode).toBe(0);
  });

  it("offers the swap to a machine on a temporary disk, and ends at the prompt on the old files", async () => {
    const stage = await scene(QUICK);
    const cockpit = stage.cockpit();
    await signIn(cockpit, stage);
    await cockpit.waitFor("TEMPORARY DISK");
    await cockpit.press("enter");
    await cockpit.waitFor("is on a temporary disk");
    await cockpit.takesAnswers();
    await cockpit.press("down", "enter");
    await cockpit.waitFor(PROMPT.arm);
    cockpit.write("cat notes.md\r");
    await cockpit.waitFor("#");
    const notes = readFileSync(
      join(stage.hosts.volumePath(PERSISTENT["fcvm-metal-arm"].volumeId), "home/ubuntu/notes.md"),
      "utf8",
    );
    await cockpit.waitFor(notes.split("\n")[0] ?? "");
    expect(stage.simulator.account().volumes[PERSISTENT["fcvm-metal-arm"].volumeId]).toBeDefined();
    await temporaryDiskIsGone(stage);
  });
});

describe("swap", () => {
  it("goes from the headline to all is well, left running behind the fleet screen", async () => {
    const stage = await scene(QUICK);
    const cockpit = stage.cockpit();
    await signIn(cockpit, stage);
    await cockpit.waitFor("running on a temporary disk");
    await cockpit.press("s");
    await cockpit.waitFor("Swap fcvm-metal-arm back to its own disk?");
    for (const id of [STORY_IDS.arm, STORY_IDS.armTemporaryDisk, PERSISTENT["fcvm-metal-arm"].volumeId]) {
      expect(cockpit.text()).toContain(id);
    }
    // Cancel is focused: Enter alone does nothing.
    await cockpit.takesAnswers();
    await cockpit.press("enter");
    await cockpit.waitFor("cancelled, nothing was done");
    await cockpit.press("s");
    await cockpit.waitFor("[ Cancel ]");
    await cockpit.press("right", "enter");
    await cockpit.waitFor("Stop the machine");
    await cockpit.press("escape");
    await cockpit.waitFor("Swap fcvm-metal-arm back");
    await cockpit.waitFor("All is well");
    await temporaryDiskIsGone(stage);
    await cockpit.waitFor(`${PERSISTENT["fcvm-metal-arm"].publicIp} attached`);
  });

  it("is found half done by the next cockpit after a kill, offered, and finished", async () => {
    const stage = await scene(QUICK);
    const cockpit = stage.cockpit();
    await signIn(cockpit, stage);
    await cockpit.waitFor("running on a temporary disk");
    await cockpit.press("s");
    await cockpit.waitFor("[ Cancel ]");
    await cockpit.press("right", "enter");
    const root = () => stage.simulator.account().volumes[STORY_IDS.armTemporaryDisk]?.attachment;
    await expect.poll(root, { interval: 5 }).toBeUndefined();
    cockpit.kill("SIGKILL");
    await cockpit.exited;
    const again = stage.cockpit();
    await again.waitFor("is half done");
    await again.press("s");
    await again.waitFor("[ Cancel ]");
    await again.press("right", "enter");
    await again.waitFor(/Swap fcvm-metal-arm.* done/);
    await again.press("escape");
    await again.waitFor(/your disk(?! back)/);
    expect(stage.simulator.account().volumes[PERSISTENT["fcvm-metal-arm"].volumeId]?.attachment).toBeDefined();
    await temporaryDiskIsGone(stage);
  });

  it("ends with EC2's reason, and with the old root on and running, where every start on the own disk is taken back", async () => {
    const stage = await scene(QUICK);
    const { simulator } = stage;
    const { volumeId } = PERSISTENT["fcvm-metal-arm"];
    simulator.happen({ name: "doom", id: volumeId, reason: FAILED_STARTS.kms });
    const swap = stage.command({ ...simulator.signedInEnv }, "swap", "arm");
    await swap.waitFor(/y\/N/i);
    swap.write("y\r");
    expect((await swap.exited).exitCode).toBe(1);
    const said = swap.written().replace(/\s+/g, " ");
    expect(said).toMatch(/does not start on its persistent volume .*back 2 times: .*KMS key/);
    const account = simulator.account();
    const arm = account.instances[STORY_IDS.arm];
    expect(arm?.state).toBe("running");
    expect(arm && rootOf(account, arm)?.id).toBe(STORY_IDS.armTemporaryDisk);
    expect(account.volumes[volumeId]?.state).toBe("available");
    // Whoever goes on there all the same is told where that is.
    const ssh = stage.command({ ...simulator.signedInEnv }, "ssh", "arm");
    await ssh.waitFor(/1 to \d/);
    ssh.write("3\r");
    await ssh.waitFor(PROMPT.arm);
    expect(ssh.written()).toContain("\u001b]2;temporary disk: fcvm-metal-arm\u0007");
    expect(ssh.written()).toContain(`this is a temporary disk, ${STORY_IDS.armTemporaryDisk}.`);
    ssh.write("exit\r");
    expect((await ssh.exited).exitCode).toBe(0);
  });

  it("is the same in plain lines: asked, done with status 0, and nothing to do the second time", async () => {
    const stage = await scene(QUICK);
    const login = stage.command("login");
    await login.waitFor(/http/);
    await expect.poll(() => stage.simulator.sso.pending().length).toBe(1);
    stage.simulator.sso.decide("approved");
    expect((await login.exited).exitCode).toBe(0);
    const swap = stage.command("swap", "arm");
    await swap.waitFor(/\?.*\[y\/N\]|y\/N/i);
    swap.write("y\r");
    expect((await swap.exited).exitCode).toBe(0);
    await temporaryDiskIsGone(stage);
    const again = stage.command("swap", "arm");
    expect((await again.exited).exitCode).toBe(0);
    const status = stage.command("status");
    expect((await status.exited).exitCode).toBe(0);
    expect(status.written()).toContain("fcvm-metal-arm");
    const ssh = stage.command("ssh", "arm");
    await ssh.waitFor(PROMPT.arm);
    ssh.write("exit 5\r");
    expect((await ssh.exited).exitCode).toBe(5);
  });
});
