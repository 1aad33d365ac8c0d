import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { MachineName } from "../../../ops/fleet/machines.ts";
import { closeSession } from "../../../ops/ssh/close-session.ts";
import { endScript, LIST_HELD, parseHeld } from "../../../ops/ssh/holder.ts";
import type { SessionSummary, Sessions } from "../../../ops/ssh/types.ts";
import { when } from "../../../ops/store.ts";
import { PATIENCE_MS, waitUntil } from "../../harness/grid.ts";
import { type Rig, startRig } from "./rig.ts";
import { testTerminal } from "./terminal.ts";

const ARM = "fcvm-metal-arm";
const LEAVE_KEY = "\u001d";
const onPath = (name: string) => (process.env.PATH ?? "").split(":").some((folder) => existsSync(join(folder, name)));

/** What a shell's programs write there, and what becomes of them, is seen from the side of the machine. */
describe.skipIf(!onPath("python3"))("a shell that its machine keeps (python3)", () => {
  let rig: Rig;
  beforeAll(async () => {
    // Longer than a holder's beat, and no longer.
    rig = await startRig({}, { shownAfter: 6000, mendedAfter: 6500, every: 250 });
  });
  afterAll(() => rig.stop());

  const summary = (sessions: Sessions, id: string): SessionSummary => {
    const found = sessions.get().find((session) => session.id === id);
    if (!found) throw new Error(`no session ${id}`);
    return found;
  };
  const list = async () => parseHeld((await rig.channel.run(ARM, rig.addressOf(ARM), LIST_HELD)).stdout);
  async function attached(sessions: Sessions, wanted: "new" | "newest", terminal = testTerminal()) {
    const id = sessions.open(ARM, rig.addressOf(ARM), wanted);
    const done = sessions.attach(id, terminal);
    await when(sessions, () => summary(sessions, id).stays || summary(sessions, id).end !== undefined);
    return { id, terminal, done, end: () => summary(sessions, id).end };
  }
  /** What stands behind `marker=` on the screen; the line that was typed has a dollar there. */
  const said = async (terminal: ReturnType<typeof testTerminal>, marker: string) => {
    await terminal.waitFor(new RegExp(`${marker}=\\d+`));
    return Number(new RegExp(`${marker}=(\\d+)`).exec(terminal.text())?.[1]);
  };
  /** A shell that nobody looks at any more. */
  const left = async (machine: MachineName) => {
    const { sessions, channel } = rig.another();
    const id = sessions.open(machine, rig.addressOf(machine), "new");
    const terminal = testTerminal();
    const done = sessions.attach(id, terminal);
    await terminal.waitFor("$ ");
    terminal.type("echo shell=$$\r");
    const shell = await said(terminal, "shell");
    await sessions.stop();
    await done;
    const there = async () => parseHeld((await channel.run(machine, rig.addressOf(machine), LIST_HELD)).stdout);
    await expect.poll(there, { timeout: PATIENCE_MS }).toMatchObject([{ attached: false }]);
    const [kept] = await there();
    return { shell, end: () => channel.run(machine, rig.addressOf(machine), endScript(kept?.id ?? "")) };
  };
  /** How often a shell and its holder have had something to do. */
  const wakings = (shell: number) => {
    const statusOf = (pid: number) => readFileSync(`/proc/${pid}/status`, "utf8");
    const holder = Number(/PPid:\s+(\d+)/.exec(statusOf(shell))?.[1]);
    return [holder, shell].map((pid) => /\nvoluntary_ctxt_switches:\s+\d+/.exec(statusOf(pid))?.[0]);
  };
  /** What is asked before that session ends, and what comes of the answer. */
  const asked = async (sessions: Sessions, id: string, answer: string | undefined) => {
    let question = { title: "", lines: [""] };
    const ask = async (put: typeof question) => {
      question = put;
      return answer;
    };
    const { run } = closeSession(sessions, id);
    const outcome = await run({ ask } as unknown as Parameters<typeof run>[0]);
    return { ...question, outcome };
  };
  const lastCount = (text: string) => Number([...text.matchAll(/count-(\d+)/g)].at(-1)?.[1] ?? 0);

  test("is the same one after a cut link and a killed cockpit, from another computer, and its programs went on", async () => {
    const mine = rig.another();
    const first = await attached(mine.sessions, "new");
    await first.terminal.waitFor("$ ");
    first.terminal.type('echo shell=$$; n=0; while sleep 0.05; do n=$((n+1)); echo "count-$n"; done\r');
    const shell = await said(first.terminal, "shell");
    await first.terminal.waitFor("count-3");
    rig.hosts.faults(ARM).cut();
    await first.done;
    expect(summary(mine.sessions, first.id)).toMatchObject({ end: { kind: "link-lost" }, stays: true });
    await mine.sessions.stop();
    const before = lastCount(first.terminal.text());
    const [kept] = await list();
    expect(kept).toMatchObject({ attached: false });

    const other = rig.another();
    const second = await attached(other.sessions, "newest", testTerminal(100, 30));
    await waitUntil(() => lastCount(second.terminal.text()) > before + 5);
    // By itself: the interrupt takes with it what was typed and not read.
    second.terminal.type("\u0003");
    await second.terminal.waitFor(/\^C\n.*\$/);
    second.terminal.type("echo shell=$$; stty size\r");
    expect(await said(second.terminal, "shell")).toBe(shell);
    await second.terminal.waitFor("30 100");
    second.terminal.type("exit 3\r");
    expect(await second.done).toBe("ended");
    expect(second.end()).toEqual({ kind: "exited", code: 3 });
    expect(await list()).toEqual([]);
  });

  test("is shown to be silent where its link is, loses nothing where another can be had, and comes back by itself", async () => {
    const quiet = await left("jumpbox");
    const { id, terminal, done } = await attached(rig.sessions, "new");
    await terminal.waitFor("$ ");
    terminal.type("kept=here; printf '\\033]2;my title\\007\\033[?2004h'; echo the $((40+2)) screen\r");
    await terminal.waitFor("the 42 screen");
    const before = wakings(quiet.shell);
    // As a router that has forgotten a link: nothing comes through, and nobody says so. New links have another.
    rig.hosts.faults(ARM).blackhole(true);
    await terminal.waitFor(/link silent for \d+ s/);
    expect(summary(rig.sessions, id)).toMatchObject({ end: undefined, silentSince: expect.any(Number) });
    // Longer than anything that a holder does by the clock while somebody is there: with nobody it is no work for auto-stop.
    expect(wakings(quiet.shell)).toEqual(before);
    rig.hosts.faults(ARM).blackhole(false);
    await when(rig.sessions, () => summary(rig.sessions, id).silentSince === undefined);
    await waitUntil(() => !terminal.text().includes("link silent"));
    terminal.type("echo still $kept\r");
    await terminal.waitFor("still here");
    expect(terminal.text().match(/the 42 screen/g)).toHaveLength(1);

    rig.hosts.faults(ARM).cut();
    // Sent into it, it is answered by a reset: ssh says that in other words, and to the terminal alone.
    terminal.type("typed on");
    expect(await done).toBe("ended");
    await when(rig.sessions, () => summary(rig.sessions, id).end === undefined);
    const again = testTerminal();
    const second = rig.sessions.attach(id, again);
    await again.waitFor("the 42 screen");
    again.type("echo again $kept\r");
    await again.waitFor("again here");
    again.type(LEAVE_KEY);
    await second;
    await rig.sessions.close(id);
    expect(await list()).toEqual([]);
    await quiet.end();
  });

  test("is found by whoever looks, taken by the one that asks last, given back, and ended with its programs on a yes", async () => {
    const mine = await attached(rig.sessions, "new");
    await mine.terminal.waitFor("$ ");
    mine.terminal.type("echo shell=$$; trap '' HUP; sleep 1000\r");
    const shell = await said(mine.terminal, "shell");
    await expect.poll(list, { timeout: PATIENCE_MS }).toMatchObject([{ title: "sleep 1000" }]);
    const { sessions } = rig.another();
    sessions.found(ARM, await list());
    const [seen] = sessions.get();
    if (!seen) throw new Error("nothing was found");
    expect(seen).toMatchObject({ title: "sleep 1000", end: { kind: "kept", attached: true }, stays: true });
    expect((await asked(sessions, seen.id, undefined)).lines).toContain("It is open in another cockpit.");
    sessions.reopen(seen.id);
    expect(await mine.done).toBe("ended");
    expect(mine.end()).toEqual({ kind: "kept", attached: true });
    await when(sessions, () => summary(sessions, seen.id).end === undefined);
    // What was known before it was taken up says nothing against it.
    sessions.found(ARM, []);
    rig.sessions.reopen(mine.id);
    await when(sessions, () => summary(sessions, seen.id).end?.kind === "kept");
    sessions.found(ARM, []);
    expect(sessions.get()).toEqual([]);
    expect(existsSync(`/proc/${shell}`)).toBe(true);
    expect(await asked(rig.sessions, mine.id, "yes")).toMatchObject({
      title: `End the session on ${ARM}?`,
      outcome: { status: "done" },
    });
    expect(existsSync(`/proc/${shell}`)).toBe(false);
    expect(await list()).toEqual([]);
  });

  test("is drawn in its modes again though they were set before all that is kept", async () => {
    const mine = await attached(rig.sessions, "new");
    await mine.terminal.waitFor("$ ");
    const flood = "yes 0123456789012345678901234567890123456789 | head -c 900000";
    mine.terminal.type(
      `printf '\\033[?1049h\\033[?1h\\033[?1002;1006h\\033]2;deep\\007'; ${flood}; printf '\\nover-%s' 1; cat\r`,
    );
    await mine.terminal.waitFor("over-1");
    mine.terminal.type(LEAVE_KEY);
    await mine.done;
    const { sessions } = rig.another();
    sessions.found(ARM, await list());
    const [seen] = sessions.get();
    if (!seen) throw new Error("nothing was found");
    sessions.reopen(seen.id);
    const again = testTerminal();
    const done = sessions.attach(seen.id, again);
    await again.waitFor("over-1");
    expect(again.emulator.buffer.active.type).toBe("alternate");
    expect(again.emulator.modes).toMatchObject({ applicationCursorKeysMode: true, mouseTrackingMode: "drag" });
    await when(sessions, () => summary(sessions, seen.id).title === "deep");
    again.type(LEAVE_KEY);
    await done;
    await sessions.close(seen.id);
  });

  test.skipIf(!onPath("tic"))(
    "knows the terminal that it is looked at in, or takes it for one that it knows (tic)",
    async () => {
      const entries = mkdtempSync(join(tmpdir(), "snowglobe-terminfo-"));
      onTestFinished(() => rmSync(entries, { recursive: true, force: true }));
      const source = execFileSync("infocmp", ["xterm-256color"])
        .toString()
        .replace(/^xterm-256color\|/m, "xterm-strange|");
      execFileSync("tic", ["-x", "-o", entries, "-"], { input: source });
      const seen = async (env: Readonly<Record<string, string>>) => {
        const { sessions } = rig.another(env);
        const { id, terminal, done } = await attached(sessions, "new");
        await terminal.waitFor("$ ");
        terminal.type('infocmp >/dev/null && echo "known=$((40+2)) $TERM"\r');
        await terminal.waitFor("known=42");
        const [, name] = /known=42 (\S+)/.exec(terminal.text()) ?? [];
        terminal.type(LEAVE_KEY);
        await done;
        await sessions.close(id);
        return name;
      };
      expect(await seen({ TERM: "xterm-strange", TERMINFO: entries })).toBe("xterm-strange");
      expect(await seen({ TERM: "xterm-stranger" })).toBe("xterm-256color");
    },
  );

  test("survives what it writes, whatever that looks like, and keeps no more of it than it should", () => {
    const program = `${readFileSync("ops/ssh/held-log.py", "utf8")}
import random
KEPT = 2000
random.seed(14)
bits = ["\\x1b", "[", "]", "<", ">", "?", "=", ";", ":", "1", "9" * 5000, "u", "m", "h", "l", "r", " q", "!p", "\\a", "\\\\", "(B", "\\xff"]
bits = [bit.encode("latin1") for bit in [*bits, "\\x1b[<;u", "\\x1b[?1049h", "\\x1b]4;", "\\x1b[?7h"]]
log, most = Log((24, 80)), 0
for turn in range(8000):
    log.write(b"".join(random.choices(bits, k=random.randint(1, 30))))
    if turn % 7 == 0:
        log.resized((random.randint(1, 99), 80))
    if turn % 100 == 0:
        most = max(most, len(b"".join(log.replay(lambda *words: b""))))
assert most < 200 * 4096 and len(log.parts) < 200, (most, len(log.parts))
log = Log((24, 80))
for letter in range(4000):
    log.write(b"x")
assert len(log.parts) < 10 and 900 < len(b"".join(log.replay(lambda *words: b""))) <= KEPT, len(log.parts)
`;
    execFileSync("python3", ["-IS", "-c", program]);
  });
});

test("where it cannot be kept there is a plain shell, and that is said", async () => {
  const rig = await startRig();
  onTestFinished(() => rig.stop());
  await rig.channel.run(ARM, rig.addressOf(ARM), "echo in the way >~/.local");
  const terminal = testTerminal(200, 24);
  const id = rig.sessions.open(ARM, rig.addressOf(ARM), "newest");
  const done = rig.sessions.attach(id, terminal);
  terminal.type("echo plain-$((40+2))\r");
  await terminal.waitFor("plain-42");
  expect(terminal.text()).toContain("snowglobe-sessions cannot be made: this shell ends with its link.");
  expect(rig.sessions.get().find((one) => one.id === id)?.stays).toBe(false);
  terminal.type("exit\r");
  await done;
});
