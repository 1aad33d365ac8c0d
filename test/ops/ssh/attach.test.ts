import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitUntil } from "../../harness/grid.ts";
import { type Program, runProgram } from "../../harness/program.ts";
import { type Rig, startRig } from "./rig.ts";

const PROGRAM = fileURLToPath(new URL("attach-program.ts", import.meta.url));
const ARM = "fcvm-metal-arm";
const PROMPT = `ubuntu@${ARM}:~$`;
const has = (name: string) =>
  (process.env.PATH ?? "").split(":").some((directory) => existsSync(`${directory}/${name}`));
let rig: Rig;
let program: Program;

beforeEach(async () => {
  rig = await startRig();
  const env = { ...rig.environment.env, XDG_STATE_HOME: `${rig.environment.stateDir}-of-program` };
  program = runProgram(process.execPath, [PROGRAM, rig.addressOf(ARM)], { env });
  await program.waitFor("cockpit: ready");
  await program.press("enter");
  await program.waitFor(PROMPT);
});
afterEach(async () => {
  program.kill();
  await rig.stop();
});

/** Leaves to the cockpit and comes back. */
async function leaveAndReturn() {
  await program.press("ctrl+]");
  await program.waitFor("cockpit: detached alive");
  expect(program.restored()).toBe(true);
  await program.press("enter");
}

test.skipIf(!has("less"))("less draws, pages, survives a detour and a new size", async () => {
  program.write("seq -f 'row %g' 1 500 > rows; less rows\r");
  await program.waitFor(/^row 1$/m);
  await program.press("space");
  await program.waitFor(/^row 24$/m);
  const before = program.text();
  await leaveAndReturn();
  await program.waitFor(/^row 24$/m);
  expect(program.text()).toBe(before);
  program.resize(60, 15);
  await program.waitFor((text) => text.includes("row 37") && !text.includes("row 38") && /^:/m.test(text));
  await program.press("G");
  await program.waitFor((text) => text.includes("row 500") && text.includes("row 487") && !text.includes("row 486"));
  await program.press("q");
  await program.waitFor(PROMPT);
});

test.skipIf(!has("vim"))("vim draws, edits, survives a detour, and writes", async () => {
  program.write("vim -u NONE -N +startinsert new.txt\r");
  await program.waitFor("-- INSERT --");
  program.write("first line\rsecond");
  await program.waitFor("second");
  const before = program.text();
  await leaveAndReturn();
  await program.waitFor("-- INSERT --");
  expect(program.text()).toBe(before);
  await program.press("escape");
  program.write(":wq\r");
  await program.waitFor(PROMPT);
  program.write("wc -l new.txt\r");
  await program.waitFor("2 new.txt");
});

test("no byte of output is changed on the way, and the cockpit's own lines are as before afterwards", async () => {
  const from = program.written().length;
  program.write("clear; stty -opost; printf 'one\\ntwo'; stty opost; echo\r");
  await program.waitFor(/^one\n {3}two$/m);
  expect(program.written().slice(from)).not.toContain("\r\r\n");
  await program.press("ctrl+]");
  await program.waitFor("cockpit: detached alive");
  expect(program.written().slice(program.written().lastIndexOf("cockpit:"))).toContain("\r\r\n");
});

test("the terminal is given back as it was, with its title, whatever the far side had set", async () => {
  program.write("printf '\\033[?1049h\\033[?1000h\\033[?2004h\\033[?25l\\033[?1hon'; exit 5\r");
  await program.waitFor("cockpit: ended exited");
  expect(program.restored()).toBe(true);
  expect(program.written()).toContain("\u001b[23;0t");
  await program.press("q");
  expect(await program.exited).toMatchObject({ exitCode: 0 });
});

test("no ssh is left when the cockpit is killed, though another child of it lives on", async () => {
  const isChild = (name: string) => (pid: number) => commandOf(pid).split("\0")[0]?.endsWith(name);
  await program.press("ctrl+]");
  await program.waitFor("cockpit: detached alive");
  await program.press("c");
  await waitUntil(() => childrenOf(program.pid).some(isChild("sleep")));
  const ssh = childrenOf(program.pid).filter(isChild("ssh"));
  const child = childrenOf(program.pid).filter(isChild("sleep"));
  expect(ssh).toHaveLength(1);
  program.kill("SIGKILL");
  await program.exited;
  await waitUntil(() => ssh.every((pid) => commandOf(pid) === ""));
  for (const pid of child) process.kill(pid);
});

function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(stat(Number(name))[1]) === parent)
    .map(Number);
}

/** The fields of /proc/PID/stat after the command's name. */
function stat(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  } catch {
    return [];
  }
}

function commandOf(pid: number): string {
  try {
    return stat(pid)[0] === "Z" ? "" : readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
