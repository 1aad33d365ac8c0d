/** This folder: what `make demo` adds to the simulator. Not here: rules of the account. */
/**
 * Starts the account and the cockpit, and sees to it that nothing is left of either. The account lives in a process of
 * its own, in a session of its own: it cleans up when its standard input ends, which happens even if this one is killed.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { constants } from "node:os";
import { createInterface } from "node:readline";

/** What the account tells when it stands. */
export interface DemoAccount {
  /** Everything that is on disk for the demo. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Milliseconds that the cockpit gets to give the terminal back when this process is told to end. */
const GRACE = 5_000;

/** Runs `cockpit` on the account that `entry account` keeps. Gives the exit code to end with. */
export async function runDemo(entry: string, cockpit: string): Promise<number> {
  const clean = cleanEnvironment(process.env);
  const account = spawn(process.execPath, [entry, "account"], {
    stdio: ["pipe", "pipe", "pipe"],
    env: clean,
    detached: true,
  });
  const accountEnded = new Promise<void>((resolve) => account.once("close", () => resolve()));
  account.stdin.on("error", () => {});
  let complaints = "";
  account.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-4_000);
  });
  let directory: string | undefined;
  let program: ChildProcess | undefined;
  let signalled: NodeJS.Signals | undefined;
  const end = (signal: NodeJS.Signals) => {
    if (signalled === undefined) setTimeout(() => program?.kill("SIGKILL"), GRACE).unref();
    signalled = signal;
    program?.kill(signal);
    if (!program) account.stdin.end();
  };
  // While the cockpit has the terminal, Ctrl+C comes to it as a key; a signal is somebody else's wish.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  try {
    const ready = await firstLine(account);
    if (signalled) return 128 + constants.signals[signalled];
    if (ready === undefined) {
      process.stderr.write(`The simulated account did not start.\n${complaints}`);
      return 1;
    }
    const told = JSON.parse(ready) as DemoAccount;
    directory = told.directory;
    process.stderr.write(`On this account in another terminal: source ${told.env.SNOWGLOBE_DEMO_ENV}\n`);
    program = spawn(process.execPath, [...process.execArgv.filter(isMemoryFlag), cockpit], {
      stdio: "inherit",
      env: { ...clean, ...told.env },
    });
    const ended = exitOf(program);
    if (program.pid !== undefined) account.stdin.write(`${program.pid}\n`);
    const code = await ended;
    account.stdin.write("ended\n");
    return code;
  } finally {
    account.stdin.end();
    await accountEnded;
    // It did so itself, unless it was killed.
    if (directory) await rm(directory, { recursive: true, force: true });
  }
}

/** What Make starts us with, and means for the cockpit. */
function isMemoryFlag(flag: string): boolean {
  return flag.startsWith("--max-semi-space-size");
}

/** Nothing of a real account, of a real Terraform, of a company's network or of the person's keys reaches the demo. */
function cleanEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const real = /^(?:AWS_|TF_|SNOWGLOBE_|XDG_|(?:SSH_AUTH_SOCK|REQUESTS_CA_BUNDLE|SSL_CERT_FILE|(?:https?|no)_proxy)$)/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !real.test(name)));
}

function firstLine(account: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (!account.stdout) return resolve(undefined);
    account.once("error", () => resolve(undefined));
    const lines = createInterface({ input: account.stdout });
    lines.once("line", resolve);
    lines.once("close", () => resolve(undefined));
  });
}

function exitOf(program: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    program.once("error", () => resolve(1));
    program.once("exit", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}
