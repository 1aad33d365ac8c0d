/** What answers SSH on every address that moto gives out, all of which are loopback's: this machine's own shell. */

import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Server } from "ssh2";

interface FarSide {
  /** What SNOWGLOBE_SSH_CONFIG is to name. */
  readonly configPath: string;
  readonly stop: () => Promise<void>;
}

export async function startFarSide(folder: string): Promise<FarSide> {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const server = new Server({ hostKeys: [privateKey.export({ type: "pkcs1", format: "pem" })] }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (attempt) => attempt.accept());
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, _, { command }) => {
        const channel = acceptExec();
        const child = spawn("bash", ["-c", command]);
        child.stdout.pipe(channel, { end: false });
        child.stderr.pipe(channel.stderr, { end: false });
        channel.pipe(child.stdin);
        child.stdin.on("error", () => {});
        child.once("close", (code) => {
          channel.exit(code ?? 1);
          channel.end();
        });
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const configPath = join(folder, "ssh_config");
  await writeFile(configPath, `Host *\n  HostName 127.0.0.1\n  Port ${port}\n`, { mode: 0o600 });
  return { configPath, stop: () => new Promise((resolve) => server.close(() => resolve())) };
}
