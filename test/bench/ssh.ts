/**
 * An attached session against `ssh -tt` under the same kind of pty: throughput, keystroke to echo, and memory while a
 * flood goes by with nobody watching.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type IPty, spawn } from "node-pty";
import { environmentFrom } from "../../ops/environment.ts";
import { sshArguments, sshProgram } from "../../ops/ssh/command.ts";
import { createHostKeys } from "../../ops/ssh/host-keys.ts";
import { SSHD, startSshd } from "../ops/ssh/sshd.ts";
import type { BenchRow } from "./row.ts";

const PROGRAM = fileURLToPath(new URL("../ops/ssh/attach-program.ts", import.meta.url));
const ADDRESS = "184.72.40.255";
const MEGABYTE = 1e6;
const ROUNDS = 5;
const KEYS = 200;

/** Gives no rows where there is no OpenSSH server to measure against. */
export async function benchSsh(): Promise<BenchRow[]> {
  if (!SSHD) return [];
  const sshd = await startSshd();
  const state = mkdtempSync(join(tmpdir(), "snowglobe-bench-"));
  const environment = environmentFrom({
    PATH: `${sshd.bin}:${process.env.PATH}`,
    HOME: sshd.home,
    TERM: "xterm-256color",
    XDG_STATE_HOME: state,
    SNOWGLOBE_SSH_CONFIG: sshd.configPath,
  });
  // Makes the directory that both write known hosts into.
  createHostKeys(environment);
  const plain = () =>
    openTerminal(
      sshProgram(environment),
      sshArguments(environment, { address: ADDRESS, alias: "fcvm-metal-arm", use: "session" }),
      environment.env,
    );
  const ours = (...more: string[]) =>
    openTerminal(process.execPath, [PROGRAM, ADDRESS, ...more], { ...environment.env, NODE_ENV: "production" });
  try {
    await fill(
      plain,
      `${state}/plain`,
      "yes 'a line of a build log, as long as they are: src/vmm/memory.rs' | head -c 100000000",
    );
    await fill(
      plain,
      `${state}/colour`,
      "yes \"$(printf '\\033[32m   Compiling\\033[0m vmm v1.10 (/home/ubuntu/src)')\" | head -c 100000000",
    );
    const rows: BenchRow[] = [];
    for (const kind of ["plain", "colour"]) {
      const ratios: number[] = [];
      const rates: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const theirs = await throughput(plain, `${state}/${kind}`);
        const mine = await throughput(() => ours("at-once"), `${state}/${kind}`);
        ratios.push(mine / theirs);
        rates.push(mine);
      }
      rows.push({
        name: `100 MB of ${kind === "plain" ? "text" : "coloured text"} through an attached session`,
        value: median(rates),
        unit: "MB/s",
        against: "ssh -tt",
        ratio: median(ratios),
        target: "≥ 0.95",
      });
    }
    const theirs = await echoes(plain);
    const mine = await echoes(() => ours("at-once"));
    rows.push({
      name: `keystroke to echo, p99 of ${KEYS}, added`,
      value: percentile(mine, 0.99) - percentile(theirs, 0.99),
      unit: "ms",
      against: "ssh -tt",
      target: "≤ 2",
    });
    rows.push(await detachedMemory(() => ours(), `${state}/colour`));
    return rows;
  } finally {
    await sshd.stop();
    rmSync(state, { recursive: true, force: true });
  }
}

interface BenchTerminal {
  readonly pid: number;
  readonly write: (text: string) => void;
  /** Resolves when this has been shown since the last call, with the bytes that came until then. */
  readonly shown: (mark: string) => Promise<number>;
  readonly close: () => Promise<void>;
}

function openTerminal(file: string, args: string[], env: Readonly<Record<string, string | undefined>>): BenchTerminal {
  const pty: IPty = spawn(file, args, { cols: 80, rows: 24, env: { ...env }, encoding: null });
  let tail = "";
  let bytes = 0;
  let wanted: { mark: string; done: (bytes: number) => void } | undefined;
  const look = () => {
    if (!wanted || !tail.includes(wanted.mark)) return;
    const { done } = wanted;
    wanted = undefined;
    tail = "";
    done(bytes);
    bytes = 0;
  };
  pty.onData((data) => {
    const chunk = data as unknown as Buffer;
    bytes += chunk.length;
    tail = (tail + chunk.subarray(-4096).toString("latin1")).slice(-4500);
    look();
  });
  const exited = new Promise<void>((resolve) => pty.onExit(() => resolve()));
  return {
    pid: pty.pid,
    write: (text) => pty.write(text),
    shown: (mark) =>
      new Promise((done) => {
        wanted = { mark, done };
        look();
      }),
    close: async () => {
      pty.kill("SIGKILL");
      await exited;
    },
  };
}

/** At a prompt of our own, with nothing that decorates it. */
async function ready(terminal: BenchTerminal): Promise<void> {
  terminal.write("exec env -i PATH=/usr/bin:/bin PS1='>' sh -c 'echo rea''dy; exec sh'\r");
  await terminal.shown("ready\r\n");
}

async function fill(open: () => BenchTerminal, path: string, command: string): Promise<void> {
  const terminal = open();
  await ready(terminal);
  terminal.write(`${command} > ${path}; echo fil''led\r`);
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
  return bytes / MEGABYTE / seconds;
}

/** Milliseconds from key to echo. */
async function echoes(open: () => BenchTerminal): Promise<number[]> {
  const terminal = open();
  await ready(terminal);
  terminal.write("stty -echo; exec cat\r");
  await new Promise((resolve) => setTimeout(resolve, 300));
  const times: number[] = [];
  for (let key = 0; key < KEYS; key += 1) {
    const began = performance.now();
    terminal.write(`k${key}\r`);
    await terminal.shown(`k${key}\r\n`);
    times.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await terminal.close();
  return times;
}

/** Growth of the cockpit's memory between the first tenth and the end of 1 GB that goes by detached. */
async function detachedMemory(open: () => BenchTerminal, path: string): Promise<BenchRow> {
  const terminal = open();
  await terminal.shown("cockpit: ready");
  terminal.write("\r");
  await ready(terminal);
  const passes = async (count: number) => {
    terminal.write(
      `i=0; while [ $i -lt ${count} ]; do cat ${path}; i=$((i+1)); done; echo; printf '\\033]2;pas''sed\\007'\r`,
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    terminal.write("\u001d");
    await terminal.shown("detached alive");
    // The cockpit names the session's title with every key.
    for (;;) {
      terminal.write("s");
      await new Promise((resolve) => setTimeout(resolve, 250));
      const seen = await Promise.race([
        terminal.shown("title passed"),
        new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 250)),
      ]);
      if (seen !== undefined) break;
    }
    const megabytes = residentMegabytes(terminal.pid);
    terminal.write("\r");
    terminal.write("printf '\\033]2;again\\007'; echo ba''ck\r");
    await terminal.shown("back");
    return megabytes;
  };
  const early = await passes(1);
  const late = await passes(9);
  await terminal.close();
  return { name: "memory added over 1 GB detached", value: late - early, unit: "MB", target: "flat" };
}

function residentMegabytes(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? 0) / 1000;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}
