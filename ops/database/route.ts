/** How the database is reached: it has no public address, so from outside its network through the jumpbox. */

import { once } from "node:events";
import { BlockList, connect, createServer, isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import { redactLine } from "../aws/redact.ts";
import { FailureError } from "../failure.ts";
import { $, unkept } from "../programs.ts";
import { batchEnv, checkLocal, sshArguments, sshProgram } from "../ssh/command.ts";
import { diagnose } from "../ssh/diagnose.ts";
import { hangUpWithUs } from "../ssh/watcher.ts";
import { lastLine } from "../terraform/engine.ts";
import type { DatabaseOutput } from "../terraform/outputs.ts";
import type { TerraformOps } from "../terraform/workspace.ts";

export interface Route {
  readonly host: string;
  readonly port: number;
  readonly via: "direct" | "jumpbox";
  readonly close: () => void;
}

/** Whether this computer has an address in the network `cidr`: then it is the jumpbox, or a dev server. */
export function isInside(cidr: string, interfaces = networkInterfaces()): boolean {
  const [network = "", bits = ""] = cidr.split("/");
  if (!isIPv4(network) || !/^\d+$/.test(bits) || Number(bits) > 32) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits));
  return Object.values(interfaces).some((addresses) =>
    addresses?.some((one) => one.family === "IPv4" && list.check(one.address)),
  );
}

/** Opens the way. `jumpbox` is its address, where there is one. Throws a FailureError. */
export async function openRoute(
  ops: TerraformOps,
  database: DatabaseOutput,
  jumpbox: string | undefined,
  signal: AbortSignal,
): Promise<Route> {
  if (isInside(database.vpcCidr)) {
    return { host: database.endpoint, port: database.port, via: "direct", close: () => {} };
  }
  const local = checkLocal(ops.environment);
  if (local) throw new FailureError(local);
  if (!jumpbox) throw new FailureError(NO_JUMPBOX);
  const port = await freePort();
  const facts = ops.access.channel.facts("jumpbox", jumpbox);
  const forward = `127.0.0.1:${port}:${database.endpoint}:${database.port}`;
  const batch = sshArguments(ops.environment, {
    address: jumpbox,
    identity: ops.access.channel.identity(facts),
    use: "batch",
  });
  const ssh = $({ env: batchEnv(ops.environment), signal, nothrow: true, ...unkept() });
  const tunnel = ssh`${sshProgram(ops.environment)} -N -L ${forward} -o ExitOnForwardFailure=yes -o ClearAllForwardings=no ${batch}`;
  const release = tunnel.pid === undefined ? () => {} : hangUpWithUs(tunnel.pid);
  const close = () => {
    release();
    tunnel.child?.kill();
  };
  try {
    await Promise.race([
      listening(ops, port, signal),
      tunnel.then(({ stderr }) => {
        throw new FailureError(
          diagnose(stderr, facts) ?? {
            kind: "offline",
            code: "TUNNEL",
            sentence: redactLine(`The way through the jumpbox (${jumpbox}) could not be opened: ${lastLine(stderr)}`),
            action: "Start the jumpbox if it is stopped (make start-jumpbox), then try again.",
          },
        );
      }),
    ]);
  } catch (error) {
    close();
    throw error;
  }
  return { host: "127.0.0.1", port, via: "jumpbox", close };
}

const NO_JUMPBOX = {
  kind: "missing",
  code: "NO_JUMPBOX",
  sentence: "The database is reached through the jumpbox, and Terraform knows no address of it.",
  action: "Run make apply.",
} as const;

/** ssh takes the port once it is signed in; until then nobody listens there. */
async function listening(ops: TerraformOps, port: number, signal: AbortSignal): Promise<void> {
  while (!(await answers(port))) await ops.clock.sleep(100, signal);
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}
