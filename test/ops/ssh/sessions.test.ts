import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SessionSummary } from "../../../ops/ssh/types.ts";
import { when } from "../../../ops/store.ts";
import { waitUntil } from "../../harness/grid.ts";
import { type Rig, startRig } from "./rig.ts";
import { testTerminal } from "./terminal.ts";

const ARM = "fcvm-metal-arm";
const LEAVE_KEY = "\u001d";
let rig: Rig;

beforeEach(async () => {
  rig = await startRig();
});
afterEach(async () => {
  await rig.stop();
});

const open = () => rig.sessions.open(ARM, rig.addressOf(ARM), "new");
const summary = (id: string): SessionSummary => {
  const found = rig.sessions.get().find((session) => session.id === id);
  if (!found) throw new Error(`no session ${id}`);
  return found;
};
const ended = (id: string) =>
  when(rig.sessions, (all) => all.find((session) => session.id === id)?.end !== undefined).then(() => summary(id).end);

async function attached(id = open()) {
  const terminal = testTerminal();
  const done = rig.sessions.attach(id, terminal);
  await terminal.waitFor(`ubuntu@${ARM}:~$`);
  return { id, terminal, done };
}

describe("a session", () => {
  test("ends at a prompt on the owner's own data, and keeps the exit status", async () => {
    const { id, terminal, done } = await attached();
    terminal.type("head -1 notes.md; hostname; stty size\r");
    await terminal.waitFor("# fcvm on arm");
    await terminal.waitFor(new RegExp(`${ARM}\\n24 80`));
    terminal.type("exit 7\r");
    expect(await done).toBe("ended");
    expect(summary(id).end).toEqual({ kind: "exited", code: 7 });
    expect(terminal.isRaw()).toBe(false);
  });

  test("is left with Ctrl-] and taken up again as it was", async () => {
    const { id, terminal, done } = await attached();
    terminal.type("printf '\\033[31mred\\033[0m and '; echo plain\r");
    await terminal.waitFor("red and plain");
    const before = terminal.text();
    terminal.type(`${LEAVE_KEY}nobody reads this`);
    expect(await done).toBe("detached");
    await waitUntil(() => terminal.text().trim() === "");
    expect(summary(id)).toMatchObject({ attached: false, end: undefined, title: `ubuntu@${ARM}: ~` });

    const again = testTerminal();
    const second = rig.sessions.attach(id, again);
    await again.waitFor("red and plain");
    expect(again.text()).toBe(before);
    again.type(LEAVE_KEY);
    expect(await second).toBe("detached");
  });

  test("says when something happened while nobody looked, and what", async () => {
    const { id, terminal, done } = await attached();
    terminal.type(`(sleep 0.3; echo it is done)\r${LEAVE_KEY}`);
    await done;
    await when(rig.sessions, () => summary(id).activity && summary(id).lastLines.includes("it is done"));
    const again = await attached(id);
    await when(rig.sessions, () => !summary(id).activity);
    again.terminal.type(LEAVE_KEY);
    await again.done;
  });

  test("shows what a flood ended with, however long it took to parse", async () => {
    const { id, terminal, done } = await attached();
    terminal.type(
      `(sleep 0.2; yes "$(printf '\\033[5Gmoved')" | head -c 3000000; printf '\\n\\033]2;flooded\\007')\r${LEAVE_KEY}`,
    );
    await done;
    await when(rig.sessions, () => summary(id).lastLines.some((line) => line.includes("moved")));
    await when(rig.sessions, () => summary(id).lastLines.at(-1)?.endsWith("$") === true);
  });

  test("survives a hundred rounds of attaching and leaving", async () => {
    const id = open();
    const terminal = testTerminal();
    for (let round = 0; round < 100; round += 1) {
      const done = rig.sessions.attach(id, terminal);
      if (round === 0) await terminal.waitFor("$ ");
      terminal.type(`echo round-$((${round}+0))-over\r`);
      await terminal.waitFor(`round-${round}-over`);
      terminal.type(LEAVE_KEY);
      expect(await done).toBe("detached");
    }
    for (const event of ["resize", "drain"]) expect(terminal.output.listenerCount(event)).toBeLessThanOrEqual(1);
    expect(terminal.input.listenerCount("data")).toBe(0);
  });

  test("takes what is typed before ssh is there", async () => {
    const id = open();
    const terminal = testTerminal();
    const done = rig.sessions.attach(id, terminal);
    terminal.type("echo typed-$((40+2))\r");
    await terminal.waitFor("typed-42");
    terminal.type(LEAVE_KEY);
    await done;
  });

  test("passes every byte value, and a pasted megabyte, unchanged to the far side", async () => {
    const { terminal, done } = await attached();
    const bytes = Array.from({ length: 256 * 16 }, (_, index) => index % 256);
    const every = Buffer.from(bytes.filter((byte) => byte !== 0x1d));
    const megabyte = Buffer.concat([
      Buffer.from("\u001b[200~"),
      Buffer.alloc(1024 * 1024, "paste \u001d\n"),
      Buffer.from("\u001b[201~"),
    ]);
    const sent = Buffer.concat([every, megabyte]);
    terminal.type(`stty raw -echo; echo rea''dy; head -c ${sent.length} | sha256sum; stty sane\r`);
    await terminal.waitFor("ready");
    terminal.type(every);
    terminal.type(megabyte);
    await terminal.waitFor(createHash("sha256").update(sent).digest("hex"));
    terminal.type(LEAVE_KEY);
    await done;
  });

  test("five megabytes pasted where each is echoed come through whole, and what is not read takes nothing away", async () => {
    const { terminal, done, id } = await attached();
    const line = `${"a line of a long text, ".repeat(3)}\n`;
    const text = Buffer.from(line.repeat(Math.ceil((5 * 1024 * 1024) / line.length)));
    terminal.type("echo rea''dy; cat > pasted; sha256sum < pasted\r");
    await terminal.waitFor("ready");
    // Carriage returns are what a terminal sends for line ends.
    terminal.type(Buffer.from(text.toString().replaceAll("\n", "\r")));
    terminal.type("\u0004");
    await terminal.waitFor(createHash("sha256").update(text).digest("hex"));
    terminal.type("sleep 1000\r");
    terminal.type(text);
    terminal.type(LEAVE_KEY);
    expect(await done).toBe("detached");
    await rig.sessions.close(id);
  });

  test("passes binary output and a flood, is left in the middle of it, and is right afterwards", async () => {
    const { id, terminal, done } = await attached();
    terminal.type("head -c 300000 /dev/urandom; printf '\\033c'; yes flood\r");
    await terminal.waitFor("flood\nflood\nflood");
    terminal.type(LEAVE_KEY);
    expect(await done).toBe("detached");
    const again = testTerminal();
    const second = rig.sessions.attach(id, again);
    await again.waitFor("flood\nflood");
    again.type("\u0003");
    await again.waitFor(`ubuntu@${ARM}:~$`);
    again.type("echo st''ill-here\r");
    await again.waitFor("still-here");
    again.type(LEAVE_KEY);
    await second;
  });

  test("passes a new size on, and takes no notice of none or of one after the end", async () => {
    const { terminal, done } = await attached();
    terminal.resize(100, 30);
    terminal.type("stty size\r");
    await terminal.waitFor("30 100");
    terminal.resize(0, 0);
    terminal.type("echo size: $(stty size)\r");
    await terminal.waitFor("size: 30 100");
    terminal.type("exit\r");
    await done;
    terminal.resize(90, 20);
  });

  test("shows output that comes with its end", async () => {
    const { terminal, done } = await attached();
    terminal.type("seq 1 20000; exit 3\r");
    const bytes = terminal.bytes();
    expect(await done).toBe("ended");
    // 1 to 20000, a carriage return and a line feed each.
    expect(terminal.bytes() - bytes).toBeGreaterThan(108_894 + 20_000);
  });

  test("runs several at once on one machine", async () => {
    const one = await attached();
    const two = await attached();
    expect(rig.sessions.get().map((session) => session.machine)).toEqual([ARM, ARM]);
    one.terminal.type("exit 1\r");
    await one.done;
    expect(summary(two.id).end).toBeUndefined();
    await rig.sessions.close(one.id);
    expect(rig.sessions.get()).toHaveLength(1);
    await rig.sessions.close(two.id);
    expect(await two.done).toBe("ended");
  });
});

describe("how a session ends", () => {
  test("255 from the far side is an exit, not a lost link", async () => {
    const { id, terminal, done } = await attached();
    terminal.type("exit 255\r");
    await done;
    expect(summary(id).end).toEqual({ kind: "exited", code: 255 });
  });

  test("a cut link is a lost link, and the session comes back by itself", async () => {
    const { id, done } = await attached();
    rig.hosts.faults(ARM).cut();
    expect(await done).toBe("ended");
    expect(summary(id)).toMatchObject({ end: { kind: "link-lost" }, reconnecting: true });
    await when(rig.sessions, () => summary(id).end === undefined && !summary(id).reconnecting);
    const again = await attached(id);
    again.terminal.type("exit\r");
    await again.done;
  });

  test("a stopped machine is told from a lost link, before AWS's answer and after", async () => {
    const { id, done } = await attached();
    await rig.story({ [ARM]: { phase: "stopping" } }, false);
    await done;
    await when(rig.sessions, () => summary(id).end?.kind === "machine-gone");
    expect(summary(id).end).toEqual({ kind: "machine-gone", sentence: `${ARM} was stopped.` });

    await rig.story({ [ARM]: { phase: "running", upFor: 5000 } });
    await when(rig.sessions, () => summary(id).end === undefined);
    await attached(id);
  });

  test("a machine that AWS took is told as that, and its session waits for the same root volume", async () => {
    const { id, done } = await attached();
    rig.hosts.faults(ARM).blackhole(true);
    await rig.story({ [ARM]: { phase: "stopped-by-aws" } });
    expect(await done).toBe("ended");
    expect(summary(id).end).toMatchObject({ kind: "machine-gone", sentence: expect.stringContaining("AWS took") });
    rig.hosts.faults(ARM).blackhole(false);
    await rig.story({ [ARM]: { phase: "running", root: "temporary" } });
    const elsewhere = { kind: "machine-gone", sentence: expect.stringMatching(/runs on another disk now, vol-/) };
    expect(summary(id)).toMatchObject({ end: elsewhere, reconnecting: true });
    rig.sessions.reopen(id);
    expect(summary(id)).toMatchObject({ end: elsewhere });
    // A new one on the temporary disk says on what it is.
    const other = open();
    const { terminal } = await attached(other);
    await terminal.waitFor("this is a temporary disk, vol-");
    await rig.story({ [ARM]: { phase: "running", upFor: 5000 } });
    await when(rig.sessions, () => summary(id).end === undefined);
    await attached(id);
  });

  test("a refused key, a missing key and an open key are their own sentences", async () => {
    rig.hosts.faults(ARM).refuseKeys(true);
    expect(await ended(open())).toMatchObject({ kind: "failed", sentence: expect.stringContaining("refused the key") });
    const key = rig.hosts.keyPath;
    const text = readFileSync(key);
    const { chmodSync, rmSync } = await import("node:fs");
    chmodSync(key, 0o644);
    expect(await ended(open())).toMatchObject({ kind: "failed", action: `Run chmod 600 ${key}.` });
    rmSync(key);
    expect(await ended(open())).toMatchObject({ kind: "failed", sentence: `The key ${key} is not there.` });
    writeFileSync(key, text, { mode: 0o600 });
  });

  test("nothing of ssh is left behind after a stop, not even its log", async () => {
    await attached();
    const before = sshProcesses();
    expect(before.length).toBeGreaterThan(0);
    await rig.sessions.stop();
    await waitUntil(() => sshProcesses().every((pid) => !before.includes(pid)));
    const logs = join(rig.environment.stateDir, "ssh");
    expect(existsSync(logs) ? readdirSync(logs) : []).toEqual([]);
  });
});

/** Our children that are ssh, by /proc; elsewhere none are looked for. */
function sshProcesses(): number[] {
  if (!existsSync("/proc")) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        return stat.includes("(ssh)") && Number(stat.split(") ")[1]?.split(" ")[1]) === process.pid;
      } catch {
        return false;
      }
    })
    .map(Number);
}
