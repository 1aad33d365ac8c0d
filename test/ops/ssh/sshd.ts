/** A real OpenSSH server on loopback, for whoever runs the tests, with keys of its own. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { waitUntil } from "../../harness/grid.ts";
import { freePort } from "../../harness/network.ts";
import { endMarked } from "../../simulator/hosts/processes.ts";

export const SSHD = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"].find((path) => existsSync(path));

export interface Sshd {
  /** The home to give to ops: it has the key. */
  readonly home: string;
  readonly directory: string;
  /** Sends any address to this server. */
  readonly configPath: string;
  /** To be first on the PATH: an ssh that logs in as whoever runs the tests. */
  readonly bin: string;
  readonly port: number;
  /** Takes another host key, as another root volume would show. */
  readonly changeHostKey: () => Promise<void>;
  /** To whatever serves a connection: stopped, the link is silent; killed, it ends as when a machine is out of memory. */
  readonly signalConnections: (signal: "SIGSTOP" | "SIGCONT" | "SIGKILL") => void;
  readonly stop: () => Promise<void>;
}

/** Starts it with further lines of sshd_config. */
export async function startSshd(more: readonly string[] = []): Promise<Sshd> {
  const directory = mkdtempSync(join(tmpdir(), "snowglobe-sshd-"));
  const home = join(directory, "home");
  mkdirSync(join(home, ".ssh"), { recursive: true, mode: 0o700 });
  const far = join(directory, "far");
  mkdirSync(far);
  const key = join(home, ".ssh", "fcvm-ec2");
  const hostKey = join(directory, "host_key");
  const make = (path: string) => execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
  make(key);
  make(hostKey);
  writeFileSync(join(directory, "authorized_keys"), readFileSync(`${key}.pub`), { mode: 0o600 });
  const port = await freePort();
  const config = join(directory, "sshd_config");
  writeFileSync(
    config,
    [
      ...more,
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${directory}/authorized_keys`,
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "PermitRootLogin yes",
      "PrintMotd no",
      // What is kept over there is kept here, and not in the home of whoever runs the tests.
      `SetEnv HOME=${far}`,
      `PidFile ${directory}/pid`,
      "",
    ].join("\n"),
  );
  const configPath = join(directory, "ssh_config");
  writeFileSync(configPath, `Host *\n  HostName 127.0.0.1\n  Port ${port}\n`);
  // Our login is fixed, and this machine need not have a user of that name: a wrapper puts the present one in its place.
  const bin = join(directory, "bin");
  mkdirSync(bin);
  const real = execFileSync("/bin/sh", ["-c", "command -v ssh"]).toString().trim();
  const rename = `case "$word" in ubuntu@*) word="${userInfo().username}@\${word#ubuntu@}" ;; esac`;
  const wrapper = `#!/bin/sh\nfor word; do\n  shift\n  ${rename}\n  set -- "$@" "$word"\ndone\nexec ${real} "$@"\n`;
  writeFileSync(join(bin, "ssh"), wrapper, { mode: 0o755 });
  let server: ChildProcess | undefined;
  const start = async () => {
    if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    const child = spawn(SSHD ?? "sshd", ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
    server = child;
    let words = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      words += chunk.toString();
    });
    await waitUntil(
      () => words.includes("Server listening"),
      5000,
      () => `sshd said: ${words}`,
    );
  };
  const stop = async () => {
    const child = server;
    server = undefined;
    if (!child || child.exitCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exited;
  };
  await start();
  return {
    home,
    directory,
    configPath,
    bin,
    port,
    changeHostKey: async () => {
      await stop();
      rmSync(hostKey);
      rmSync(`${hostKey}.pub`);
      make(hostKey);
      await start();
    },
    signalConnections: (signal) => {
      for (const pid of connectionsOf(server?.pid)) process.kill(pid, signal);
    },
    stop: async () => {
      await stop();
      // Shells that were kept have nobody any more.
      await endMarked(`HOME=${far}`, "power-off");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The processes of sshd's below one of them: as root there is one for a connection, else two. */
function connectionsOf(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  const served = children.filter((child) => readFileSync(`/proc/${child}/comm`, "utf8").startsWith("sshd"));
  return served.flatMap((child) => [...connectionsOf(child), child]);
}
