/**
 * An attached session against `ssh -tt` under the same kind of pty: throughput, keystroke to echo, and memory while a
 * flood goes by with nobody watching.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../ops/clock.ts";
import { environmentFrom } from "../../ops/environment.ts";
import type { FleetState } from "../../ops/fleet/state.ts";
import { createChannel } from "../../ops/ssh/channel.ts";
import { knownHostsPath, sshArguments, sshProgram } from "../../ops/ssh/command.ts";
import { createHostKeys } from "../../ops/ssh/host-keys.ts";
import { createSessions } from "../../ops/ssh/sessions.ts";
import { cell } from "../../ops/store.ts";
import { aFleet, live } from "../harness/fleets.ts";
import { SSHD, startSshd } from "../ops/ssh/sshd.ts";
import { residentMB } from "./process.ts";
import { type BenchRow, median, percentile, Skipped, spreadOf } from "./row.ts";
import { attachedHere, type BenchTerminal, underPty } from "./ssh-terminals.ts";

const PROGRAM = fileURLToPath(new URL("../ops/ssh/attach-program.ts", import.meta.url));
const ADDRESS = "184.72.40.255";
const ROUNDS = 3;
const KEYS = 200;
const ECHO_ROUNDS = 5;
/** Of 1 GB: 100 MB each. */
const PARTS = 10;
const TEXTS = {
  text: "a line of a build log, as long as they are: src/vmm/memory.rs",
  "coloured text": "\\033[32m   Compiling\\033[0m vmm v1.10 (/home/ubuntu/src)",
} as const;

export async function benchSsh(): Promise<BenchRow[]> {
  if (!SSHD) throw new Skipped("no OpenSSH server to measure against");
  const sshd = await startSshd();
  const directory = mkdtempSync(join(tmpdir(), "snowglobe-bench-"));
  const environment = environmentFrom({
    PATH: `${sshd.bin}:${process.env.PATH}`,
    HOME: sshd.home,
    TERM: "xterm-256color",
    MALLOC_ARENA_MAX: process.env.MALLOC_ARENA_MAX,
    XDG_STATE_HOME: directory,
    SNOWGLOBE_SSH_CONFIG: sshd.configPath,
  });
  const fleet = { ...cell<FleetState>(live(aFleet())), start: async () => {}, stop: () => {}, refresh: async () => {} };
  const channel = createChannel(environment, systemClock, fleet, createHostKeys(environment));
  const sessions = createSessions(environment, systemClock, fleet, channel);
  const call = {
    address: ADDRESS,
    identity: { alias: "fcvm-metal-arm", file: knownHostsPath(environment), strict: "accept-new" },
    use: "session",
  } as const;
  const plain = () => underPty(sshProgram(environment), sshArguments(environment, call), environment.env);
  const ours = () => attachedHere(sessions, ADDRESS);
  const program = (...more: string[]) =>
    underPty(process.execPath, [...process.execArgv, PROGRAM, ADDRESS, ...more], environment.env);
  const rows: BenchRow[] = [];
  try {
    for (const [kind, line] of Object.entries(TEXTS)) {
      const path = join(directory, kind.replace(" ", "-"));
      await fill(plain, path, line);
      const rounds: Round[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        // In turn, as what else the machine does changes.
        const before = await throughput(plain, path);
        const attached = await throughput(ours, path);
        const after = await throughput(plain, path);
        rounds.push({ plain: (before + after) / 2, attached });
      }
      rows.push(throughputRow(`100 MB of ${kind} through an attached session`, rounds));
    }
    const added: number[] = [];
    const middles: number[] = [];
    // Two keys of 200 decide a round, and on a small machine each of them may have met somebody else's work.
    for (let round = 0; round < ECHO_ROUNDS; round += 1) {
      const [mine = [], theirs = []] = await echoes(program("at-once"), plain());
      added.push(percentile(mine, 0.99) - percentile(theirs, 0.99));
      middles.push(median(mine) - median(theirs));
    }
    rows.push({
      name: `keystroke to echo through a cockpit, added at p99 of ${KEYS}`,
      value: median(added),
      unit: "ms",
      spread: spreadOf(added),
      against: `ssh -tt under node-pty; added in the middle: ${median(middles).toFixed(2)} ms`,
      target: "≤ 1",
    });
    const resident = await detachedMemory(program(), join(directory, "coloured-text"));
    rows.push({
      name: "resident memory after 1 GB detached",
      value: resident.at(-1) ?? Number.NaN,
      unit: "MB",
      against: `after each 100 MB: ${resident.map((megabytes) => megabytes.toFixed(0)).join(" ")}`,
    });
    rows.push({
      name: "what the second half of it adds to the first (medians)",
      value: median(resident.slice(PARTS / 2)) - median(resident.slice(0, PARTS / 2)),
      unit: "MB",
      target: "≤ 10",
    });
    return rows;
  } finally {
    await sessions.stop();
    await sshd.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Megabytes a second of one round. */
interface Round {
  readonly plain: number;
  readonly attached: number;
}

function throughputRow(name: string, rounds: readonly Round[]): BenchRow {
  const ratios = rounds.map((round) => round.attached / round.plain);
  const plain = median(rounds.map((round) => round.plain));
  return {
    name,
    value: median(rounds.map((round) => round.attached)),
    unit: "MB/s",
    against: `ssh -tt under node-pty, ${plain.toFixed(0)} MB/s`,
    ratio: median(ratios),
    spread: spreadOf(ratios),
    target: "≥ 0.97",
  };
}

/** At a prompt with nothing that decorates it. */
async function ready(terminal: BenchTerminal): Promise<void> {
  terminal.write("exec env -i PATH=/usr/bin:/bin PS1='>' sh -c 'echo rea''dy; exec sh'\r");
  await terminal.shown("ready\r\n");
}

async function fill(open: () => BenchTerminal, path: string, line: string): Promise<void> {
  const terminal = open();
  await ready(terminal);
  terminal.write(`yes "$(printf '${line}')" | head -c 100000000 > ${path}; echo fil''led\r`);
  await terminal.shown("filled");
  await terminal.close();
}

/** Megabytes a second. */
async function throughput(open: () => BenchTerminal, path: string): Promise<number> {
  const terminal = open();
  await ready(terminal);
  const began = performance.now();
  terminal.write(`cat ${path}; echo; echo ov''er\r`);
  const bytes = await terminal.shown("\nover");
  const seconds = (performance.now() - began) / 1000;
  await terminal.close();
  return bytes / 1e6 / seconds;
}

/** Milliseconds from key to echo in each of the two, a key to the one and a key to the other in turn. */
async function echoes(...terminals: readonly BenchTerminal[]): Promise<readonly number[][]> {
  for (const terminal of terminals) {
    await ready(terminal);
    terminal.write("stty -echo; echo qui''et; exec cat\r");
    await terminal.shown("quiet");
  }
  await pause(300);
  const times: number[][] = terminals.map(() => []);
  for (let key = 0; key < KEYS; key += 1) {
    for (const [index, terminal] of terminals.entries()) {
      const began = performance.now();
      terminal.write(`k${key}\r`);
      await terminal.shown(`k${key}\r\n`);
      times[index]?.push(performance.now() - began);
      await pause(5);
    }
  }
  for (const terminal of terminals) await terminal.close();
  return times;
}

/** Megabytes that the cockpit has resident after each tenth of 1 GB, with nobody attached. */
async function detachedMemory(terminal: BenchTerminal, path: string): Promise<readonly number[]> {
  await terminal.shown("cockpit: ready");
  terminal.write("\r");
  await pause(300);
  await ready(terminal);
  const parts = Array.from({ length: PARTS }, (_, part) => part + 1);
  terminal.write(
    `sleep 0.5; for i in ${parts.join(" ")}; do cat ${path}; printf '\\033]2;part %s of it\\007' $i; done\r`,
  );
  await pause(100);
  terminal.write("\u001d");
  await terminal.shown("detached alive");
  // The cockpit repaints, with the session's title, at every key.
  const repaint = setInterval(() => terminal.write("s"), 250);
  const resident: number[] = [];
  for (const part of parts) {
    await terminal.shown(`title part ${part} of it`);
    resident.push(residentMB(terminal.pid));
  }
  clearInterval(repaint);
  await terminal.close();
  return resident;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
