/**
 * A real MariaDB server on loopback that demands TLS and, as Aurora does with IAM tokens, takes the password in the clear
 * inside of it: PAM, in a mount namespace of its own, shows each password to a script that judges it.
 */

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATIENCE_MS, waitUntil } from "../../harness/grid.ts";
import { freePort, makeCertificates } from "../../harness/network.ts";

/** Why a test with a real server cannot run here; undefined where it can. */
export function whatLacks(): string | undefined {
  if (process.getuid?.() !== 0) return "root";
  for (const file of [
    "/usr/sbin/mariadbd",
    "/usr/bin/mariadb-install-db",
    "/usr/bin/openssl",
    "/usr/lib/mysql/plugin/auth_pam_v1.so",
  ]) {
    if (!existsSync(file)) return file;
  }
  return spawnSync("unshare", ["-m", "true"]).status === 0 ? undefined : "mount namespaces";
}

export interface DatabaseServer {
  readonly folder: string;
  readonly port: number;
  /** The certificate of the authority that the server's own is by. */
  readonly ca: string;
  readonly socket: string;
  /** Every password that came, oldest first. */
  readonly passwords: () => Promise<string[]>;
  readonly stop: () => Promise<void>;
}

/** @param address what the server's certificate is for */
export async function startDatabase(address = "127.0.0.1"): Promise<DatabaseServer> {
  const folder = await mkdtemp(join(tmpdir(), "database-"));
  const file = (name: string) => join(folder, name);
  makeCertificates(folder, address);

  await mkdir(file("pam.d"));
  await writeFile(
    file("pam.d/snowglobe"),
    `auth required pam_exec.so expose_authtok ${file("judge")}\naccount required pam_permit.so\n`,
  );
  // An IAM token is a presigned URL without its scheme.
  await writeFile(
    file("judge"),
    `#!/bin/bash\ntoken=$(tr -d '\\0')\necho "$token" >>${file("passwords")}\n[[ $token == *Action=connect*X-Amz-Signature=* ]]\n`,
  );
  await chmod(file("judge"), 0o755);

  execFileSync(
    "mariadb-install-db",
    [
      "--no-defaults",
      "--user=root",
      `--datadir=${file("data")}`,
      "--auth-root-authentication-method=socket",
      "--skip-test-db",
    ],
    { stdio: "ignore" },
  );
  const port = await freePort();
  const server = spawn(
    "unshare",
    [
      "-m",
      "--propagation",
      "private",
      "bash",
      "-c",
      'mount --bind "$1" /etc/pam.d; shift; exec "$@"',
      "_",
      file("pam.d"),
    ].concat([
      "/usr/sbin/mariadbd",
      "--no-defaults",
      "--user=root",
      `--datadir=${file("data")}`,
      `--socket=${file("socket")}`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      `--ssl-ca=${file("ca.pem")}`,
      `--ssl-cert=${file("server.pem")}`,
      `--ssl-key=${file("server.key")}`,
      "--require-secure-transport=ON",
      "--plugin-load-add=auth_pam_v1",
      "--pam-use-cleartext-plugin=ON",
      "--innodb-buffer-pool-size=16M",
      "--innodb-flush-log-at-trx-commit=0",
      `--log-error=${file("log")}`,
    ]),
    { stdio: "ignore" },
  );
  const ping = () =>
    spawnSync("mariadb", [
      "--no-defaults",
      `--socket=${file("socket")}`,
      "--execute=CREATE DATABASE IF NOT EXISTS snowglobe",
    ]).status === 0;
  await waitUntil(ping, PATIENCE_MS, () => "the server never answered");
  return {
    folder,
    port,
    ca: file("ca.pem"),
    socket: file("socket"),
    passwords: async () => (await readFile(file("passwords"), "utf8").catch(() => "")).split("\n").filter(Boolean),
    stop: async () => {
      await ended(server);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  server.kill("SIGKILL");
  await once(server, "close");
}

export interface Aurora {
  readonly port: number;
  /** Holds every connection that it has and takes, without a word, until this. */
  readonly wake: () => void;
  readonly held: () => number;
  readonly stop: () => void;
}

/** Something that listens like Aurora at 0 ACU: takes connections at once, and lets them through when it has woken. */
export async function sleepingDatabase(port: number): Promise<Aurora> {
  const held: (() => void)[] = [];
  const sockets = new Set<Socket>();
  let awake = false;
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    const pass = () => {
      const far = connect(port, "127.0.0.1");
      sockets.add(far);
      far.on("error", () => socket.destroy());
      socket.pipe(far).pipe(socket);
      socket.on("close", () => far.destroy());
    };
    if (awake) pass();
    else held.push(pass);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return {
    port: address.port,
    held: () => held.length,
    wake: () => {
      awake = true;
      for (const pass of held.splice(0)) pass();
    },
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
