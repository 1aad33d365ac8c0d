/** What one SSH connection may ask of a simulated machine: a shell or a command, with or without a terminal. */

import { spawn } from "node:child_process";
import { existsSync, writeSync } from "node:fs";
import { type IPty, spawn as spawnPty } from "node-pty";
import type { PseudoTtyInfo, ServerChannel, Session } from "ssh2";

/** Where and as whom the machine's programs run. */
export interface Place {
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Milliseconds until a terminal that is full is tried again. */
const AGAIN_MS = 2;

const BASH = ["/bin/bash", "/usr/bin/bash"].find((path) => existsSync(path)) ?? "/bin/sh";

/** As Debian, Red Hat and Apple place it; scp and editors speak with it. */
const SFTP = ["/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/libexec/sftp-server"].find(
  (path) => existsSync(path),
);

/** Serves one session channel; `started` hears of every process, as the function that ends it. */
export function serveSession(session: Session, place: Place, started: (end: () => void) => void): void {
  let window: PseudoTtyInfo | undefined;
  let pty: IPty | undefined;
  const env: Record<string, string> = { ...place.env };

  const run = (channel: ServerChannel, args: string[]) => {
    if (window) {
      pty = runInTerminal(channel, args, window, { home: place.home, env });
      const terminal = pty;
      started(() => terminal.kill("SIGKILL"));
    } else {
      started(runPlain(channel, args, { home: place.home, env }));
    }
  };
  session.on("pty", (accept, _reject, info) => {
    window = info;
    accept?.();
  });
  session.on("env", (accept, _reject, info) => {
    if (/^(LANG|LC_\w+)$/.test(info.key)) env[info.key] = info.val;
    accept?.();
  });
  session.on("window-change", (accept, _reject, info) => {
    if (info.cols > 0 && info.rows > 0) pty?.resize(info.cols, info.rows);
    accept?.();
  });
  session.on("signal", (accept, _reject, info) => {
    pty?.kill(`SIG${info.name}`);
    accept?.();
  });
  session.on("shell", (accept) => {
    run(accept(), BASH.endsWith("bash") ? ["--rcfile", `${place.home}/.bashrc`, "-i"] : ["-i"]);
  });
  session.on("exec", (accept, _reject, info) => run(accept(), ["-c", info.command]));
  session.on("subsystem", (accept, reject, { name }) => {
    if (name === "sftp" && SFTP) run(accept(), ["-c", `exec ${SFTP}`]);
    else reject();
  });
}

function runInTerminal(channel: ServerChannel, args: string[], window: PseudoTtyInfo, { home, env }: Place): IPty {
  const pty = spawnPty(BASH, args, {
    name: window.term || "xterm",
    cols: window.cols || 80,
    rows: window.rows || 24,
    cwd: home,
    env: { ...env, TERM: window.term || "xterm" },
    encoding: null,
  });
  let over = false;
  pty.onData((chunk) => {
    if (!over && !channel.write(chunk)) pty.pause();
  });
  channel.on("drain", () => {
    if (!over) pty.resume();
  });
  // node-pty's own write spins where the shell does not read (microsoft/node-pty#831), and with it all that runs here.
  const descriptor = "fd" in pty && typeof pty.fd === "number" ? pty.fd : -1;
  const typed: Buffer[] = [];
  const give = () => {
    for (let [first] = typed; first && !over; [first] = typed) {
      const taken = written(descriptor, first);
      if (taken < first.length) typed[0] = first.subarray(taken);
      else typed.shift();
      if (taken < first.length) return void setTimeout(give, AGAIN_MS);
    }
    channel.resume();
  };
  channel.on("data", (chunk: Buffer) => {
    typed.push(chunk);
    channel.pause();
    if (typed.length === 1) give();
  });
  channel.on("error", () => {});
  channel.on("close", () => pty.kill("SIGHUP"));
  pty.onExit(({ exitCode }) => {
    over = true;
    if (channel.destroyed) return;
    channel.exit(exitCode);
    channel.end();
  });
  return pty;
}

/** How much a shell's terminal took just now. */
function written(descriptor: number, bytes: Buffer): number {
  try {
    return writeSync(descriptor, bytes);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return 0;
    return bytes.length;
  }
}

function runPlain(channel: ServerChannel, args: string[], { home, env }: Place): () => void {
  const child = spawn(BASH, args, { cwd: home, env: { ...env }, detached: true });
  // The whole group: what the command started ends with it.
  const end = () => {
    if (child.pid === undefined || child.exitCode !== null) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  };
  child.on("error", () => channel.end());
  child.stdin.on("error", () => {});
  channel.on("error", () => {});
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  channel.on("close", end);
  child.on("close", (code) => {
    if (channel.destroyed) return;
    channel.exit(code ?? 255);
    channel.end();
  });
  return end;
}
