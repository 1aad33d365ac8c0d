/**
 * An attached session against `ssh -tt` under the same kind of pty: throughput, keystroke to echo, and memory while a
 * flood goes by with nobody watching.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../ops/clock.ts";
import { environmentFrom } from "../../ops/environment.ts";
import type { FleetState } from "../../ops/fleet/state.ts";
import { createChannel } from "../../ops/ssh/channel.ts";
import { sshArguments, sshProgram } from "../../ops/ssh/command.ts";
import { createHostKeys } from "../../ops/ssh/host-keys.ts";
import { createSessions } from "../../ops/ssh/sessions.ts";
import { cell } from "../../ops/store.ts";
import { aFleet, live } from "../harness/fleets.ts";
import { SSHD, startSshd } from "../ops/ssh/sshd.ts";
import type { BenchRow } from "./row.ts";
import { attachedHere, type BenchTerminal, underPty } from "./ssh-terminals.ts";

const PROGRAM = fileURLToPath(new URL("../ops/ssh/attach-program.ts", import.meta.url));
const ADDRESS = "184.72.40.255";
const ROUNDS = 3;
const KEYS = 200;
const TEXTS = {
  text: "a line of a build log, as long as they are: src/vmm/memory.rs",
  "coloured text": "\\033[32m   Compiling\\033[0m vmm v1.10 (/home/ubuntu/src)",
} as const;

/** Gives no rows where there is no OpenSSH server to measure against. */
export async function benchSsh(): Promise<BenchRow[]> {
  if (!SSHD) return [];
  const sshd = await startSshd();
  const directory = mkdtempSync(join(tmpdir(), "snowglobe-bench-"));
  const environment = environmentFrom({
    PATH: `${sshd.bin}:${process.env.PATH}`,
    HOME: sshd.home,
    TERM: "xterm-256color",
    XDG_STATE_HOME: directory,
    SNOWGLOBE_SSH_CONFIG: sshd.configPath,
  });
  const fleet = { ...cell<FleetState>(live(aFleet())), start: () => {}, stop: () => {}, refresh: async () => {} };
  const channel = createChannel(environment, systemClock, fleet, createHostKeys(environment));
  const sessions = createSessions(environment, systemClock, fleet, channel);
  const call = { address: ADDRESS, alias: "fcvm-metal-arm", use: "session" } as const;
  const plain = () => underPty(sshProgram(environment), sshArguments(environment, call), environment.env);
  const ours = () => attachedHere(sessions, ADDRESS);
  const program = (...more: string[]) => underPty(process.execPath, [PROGRAM, ADDRESS, ...more], environment.env);
  const rows: BenchRow[] = [];
  try {
    for (const [kind, line] of Object.entries(TEXTS)) {
      const path = join(directory, kind.replace(" ", "-"));
      await fill(plain, path, line);
      const compare = async (open: () => BenchTerminal, what: string, target?: string) => {
        const rates: number[] = [];
        const ratios: number[] = [];
        for (let round = 0; round < ROUNDS; round += 1) {
          const theirs = await throughput(plain, path);
          const rate = await throughput(open, path);
          rates.push(rate);
          ratios.push(rate / theirs);
        }
        rows.push({
          name: `100 MB of ${kind} through ${what}`,
          value: median(rates),
          unit: "MB/s",
          against: "ssh -tt under node-pty",
          ratio: median(ratios),
          ...(target ? { target } : {}),
        });
      };
      await compare(ours, "an attached session", "≥ 0.95");
      await compare(() => program("at-once"), "a cockpit and its own terminal, one pty more");
    }
    const theirs = await echoes(plain);
    const mine = await echoes(() => program("at-once"));
    rows.push({
      name: `keystroke to echo through a cockpit, added at p99 of ${KEYS}`,
      value: percentile(mine, 0.99) - percentile(theirs, 0.99),
      unit: "ms",
      against: "ssh -tt under node-pty",
      target: "≤ 2",
    });
    rows.push({
      name: "memory added from half of 1 GB to the whole, detached",
      value: await detachedGrowth(program, join(directory, "coloured-text")),
      unit: "MB",
      target: "flat",
    });
    return rows;
  } finally {
    await sessions.stop();
    await sshd.stop();
    rmSync(directory, { recursive: true, force: true });
  }
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

/** Milliseconds from key to echo. */
async function echoes(open: () => BenchTerminal): Promise<number[]> {
  const terminal = open();
  await ready(terminal);
  terminal.write("stty -echo; echo qui''et; exec cat\r");
  await terminal.shown("quiet");
  await pause(300);
  const times: number[] = [];
  for (let key = 0; key < KEYS; key += 1) {
    const began = performance.now();
    terminal.write(`k${key}\r`);
    await terminal.shown(`k${key}\r\n`);
    times.push(performance.now() - began);
    await pause(10);
  }
  await terminal.close();
  return times;
}

/** By how many megabytes the cockpit grows over the second half of 1 GB, with nobody attached. */
async function detachedGrowth(open: () => BenchTerminal, path: string): Promise<number> {
  const terminal = open();
  await terminal.shown("cockpit: ready");
  terminal.write("\r");
  await pause(300);
  await ready(terminal);
  const early = await passDetached(terminal, path, "half");
  const late = await passDetached(terminal, path, "whole");
  await terminal.close();
  return late - early;
}

async function passDetached(terminal: BenchTerminal, path: string, title: string): Promise<number> {
  terminal.write(`sleep 0.2; for i in 1 2 3 4 5; do cat ${path}; done; printf '\\033]2;${title}\\007'\r`);
  await pause(50);
  terminal.write("\u001d");
  await terminal.shown("detached alive");
  // The cockpit repaints, with the session's title, at every key.
  const repaint = setInterval(() => terminal.write("s"), 250);
  await terminal.shown(`title ${title}`);
  clearInterval(repaint);
  const megabytes = residentMegabytes(terminal.pid);
  await pause(300);
  terminal.write("\r");
  await pause(300);
  terminal.write("echo ba''ck\r");
  await terminal.shown("back");
  return megabytes;
}

function residentMegabytes(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? 0) / 1000;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}
