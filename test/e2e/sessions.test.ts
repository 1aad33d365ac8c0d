import { expect, it, onTestFinished } from "vitest";
import { runProgram } from "../harness/program.ts";
import { STORY_IDS } from "../simulator/story.ts";
import { type Scene, scene, signIn } from "./stage.ts";

const JUMPBOX = "ubuntu@jumpbox:~$";

/** A shell on the jumpbox, beside a machine for which a swap is offered. */
async function atThePrompt() {
  const stage = await scene({ latencyScale: 0.05 });
  const cockpit = stage.cockpit({ columns: 100, rows: 30 });
  await signIn(cockpit, stage);
  await cockpit.waitFor("running on a");
  await cockpit.press("up", "enter");
  await cockpit.waitFor(JUMPBOX);
  return { stage, cockpit };
}

/** Keys that come sooner than half a second after others are still taken for what was typed for the far side. */
const UNHURRIED_MS = 700;

/** What was asked of EC2 that changes anything. */
const changes = ({ simulator }: Scene) =>
  simulator.calls.filter(
    ({ service, operation }) =>
      service === "ec2" && /^(Stop|Start|Detach|Attach|Delete|Terminate|Create)/.test(operation),
  );

it("what is typed when the link dies is no command: nothing is started, confirmed or ended by it", async () => {
  const { stage, cockpit } = await atThePrompt();
  stage.hosts.faults("jumpbox").cut();
  // Typed on as people type, and on: whoever writes has not looked up yet.
  for (const key of "sudo systemctl sta\t\rps aux\rp\u001b[C\rq\u0003\u0003") {
    cockpit.write(key);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  // On a machine so busy that half a second passed between two keys, one may have asked something: nothing answered it.
  // The link comes back by itself, and may have brought the shell back with it: Escape would be that shell's.
  const home = async () => {
    const text = cockpit.text();
    if (text.includes("Ctrl-] back to snowglobe")) cockpit.write("\u001d");
    else await cockpit.press("escape");
    return cockpit.text();
  };
  await expect.poll(home, { interval: UNHURRIED_MS }).toMatch(/1 shell[\s\S]*Enter ssh/);
  expect(changes(stage)).toEqual([]);
  expect(stage.simulator.account().instances[STORY_IDS.jumpbox]?.state).toBe("running");
  // Leaving ends no shell: nothing is asked, and that it stays is said.
  let over = false;
  void cockpit.exited.then(() => {
    over = true;
  });
  const leave = async () => {
    if (!over) await cockpit.press("ctrl+c", "ctrl+c");
    return over;
  };
  await expect.poll(leave, { interval: UNHURRIED_MS }).toBe(true);
  expect((await cockpit.exited).exitCode).toBe(0);
  expect(cockpit.restored()).toBe(true);
  expect(cockpit.text()).toMatch(/1 shell stays on jumpbox/);
});

it("Ctrl-Z gives the shell its terminal back as it was, and fg takes it again", async () => {
  const stage = await scene();
  const shell = runProgram("/bin/bash", ["--norc", "--noprofile", "-i"], {
    env: { PATH: process.env.PATH, LANG: "C.UTF-8", PS1: "home$ ", ...stage.env },
    columns: 100,
    rows: 30,
  });
  onTestFinished(() => shell.kill());
  await shell.waitFor("home$ ");
  shell.write(`echo mine; ${process.execPath} dist/cockpit.js\r`);
  await shell.waitFor("Press l to sign in");
  shell.write("\u001a");
  await shell.waitFor(/mine[\s\S]*Stopped/);
  // The shell itself asks for bracketed paste, so not all of `restored`.
  expect(shell.terminal.buffer.active.type).toBe("normal");
  expect(shell.terminal.modes.wraparoundMode).toBe(true);
  shell.write("stty -a | grep -o ' icanon'; fg\r");
  await shell.waitFor("Press l to sign in");
  await shell.press("?");
  await shell.waitFor("Keys");
  // Each at its own screen: q is the way back from the keys, too.
  await shell.press("escape");
  await shell.waitFor("Enter ssh");
  await shell.press("q");
  await shell.waitFor(/ icanon[\s\S]*home\$\s*$/);
});
