/** Whoever leaves, and however, leaves no call in the middle: its end is waited for, and what came of it is in the history. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { waitUntil } from "../harness/grid.ts";
import type { Program } from "../harness/program.ts";
import { type Scene, scene, signIn } from "./stage.ts";

/** For so long EC2 keeps its answer to the call that is under way: a busy machine gets through the questions of leaving. */
const ANSWER_MS = 7000;
const CHANGES = /^(Stop|Start|Attach|Detach|Delete|Create|Associate|Modify|Cancel)/;

async function byCommand(stage: Scene): Promise<Program> {
  const program = stage.command({ ...stage.simulator.signedInEnv }, "swap", "arm");
  await program.waitFor(/y\/N/i);
  program.write("y\r");
  return program;
}

async function inTheCockpit(stage: Scene): Promise<Program> {
  const cockpit = stage.cockpit();
  await signIn(cockpit, stage);
  await cockpit.waitFor("running on a temporary disk");
  await cockpit.press("s");
  await cockpit.waitFor("[ Cancel ]");
  await cockpit.press("right", "enter");
  return cockpit;
}

const quit = async (cockpit: Program) => {
  await cockpit.press("escape", "q");
  await cockpit.waitFor("1 run will stop after the current call");
  await cockpit.takesAnswers();
  await cockpit.press("right", "enter");
};
/** As a shell does whose terminal is closed: it hands on what the kernel has sent already. */
const closeTerminal = (program: Program) => {
  program.hangUp();
  program.kill("SIGHUP");
};
const terminateTwice = (program: Program) => {
  program.kill("SIGTERM");
  program.kill("SIGTERM");
};

it.each([
  ["make's swap is terminated, twice", byCommand, terminateTwice],
  ["the terminal of make's swap is closed", byCommand, closeTerminal],
  ["the cockpit is quitted", inTheCockpit, quit],
  ["the cockpit is terminated, twice", inTheCockpit, terminateTwice],
  ["the cockpit's terminal is closed", inTheCockpit, closeTerminal],
])(
  "%s in the middle of a call: that is heard to its end, kept in the history, and the last",
  async (_, begin, leave) => {
    const stage = await scene({ latencyScale: 0.01 });
    const { simulator } = stage;
    const changes = () => simulator.calls.filter(({ operation }) => CHANGES.test(operation));
    simulator.faults.add({ kind: "delay", ms: ANSWER_MS, when: "after", operation: "StopInstances" });
    const program = await begin(stage);
    await waitUntil(
      () => changes().some(({ operation }) => operation === "StopInstances"),
      60_000,
      () => `nothing was stopped: ${program.text()}`,
    );
    await leave(program);
    if (leave !== closeTerminal)
      await program.waitFor(/Waiting for the call that is under way|Stopping after the current call/);
    await program.exited;
    const history = join(stage.env.XDG_STATE_HOME ?? join(stage.env.HOME ?? "", ".local/state"), "snowglobe/history");
    const [record = ""] = (await readdir(history)).filter((name) => name.includes("swap"));
    const events = (await readFile(join(history, record), "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; outcome?: { status: string; sentence?: string } });
    expect(events.at(-1)).toMatchObject({
      type: "result",
      outcome: { status: "cancelled", sentence: expect.stringContaining("after the call that was under way") },
    });
    // EC2's answer to the last call is among what the run has heard.
    expect(JSON.stringify(events)).toContain("stopping");
    expect(changes().at(-1)?.operation).toBe("StopInstances");
  },
);
