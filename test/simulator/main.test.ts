import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { expect, it } from "vitest";
import { createOps } from "../../ops/compose.ts";
import { environmentFrom } from "../../ops/environment.ts";
import { remoteSimulator } from "./remote.ts";

it("runs by itself, prints lines that point a client at it, and ends on a signal", async () => {
  const child = spawn(process.execPath, [fileURLToPath(new URL("main.ts", import.meta.url))], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const exported: Record<string, string> = {};
    for await (const line of createInterface(child.stdout)) {
      const [, name = "", value = ""] = /^export (\w+)='(.+)'$/.exec(line) ?? [];
      exported[name] = value;
      if (name === "AWS_SESSION_TOKEN") break;
    }
    expect(exported).toMatchObject({ AWS_REGION: "us-west-1", AWS_EC2_METADATA_DISABLED: "true" });
    const endpoint = exported.AWS_ENDPOINT_URL ?? "";
    expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const ec2 = new EC2Client({
      endpoint,
      region: "us-west-1",
      credentials: {
        accessKeyId: exported.AWS_ACCESS_KEY_ID ?? "",
        secretAccessKey: exported.AWS_SECRET_ACCESS_KEY ?? "",
        sessionToken: exported.AWS_SESSION_TOKEN ?? "",
      },
    });
    expect((await ec2.send(new DescribeInstancesCommand({}))).Reservations).toHaveLength(4);
    ec2.destroy();
    expect((await remoteSimulator(endpoint).calls()).count).toBe(1);
    // Behind the account stand its machines, for whoever took all the lines.
    const ops = createOps(environmentFrom({ PATH: process.env.PATH, ...exported }));
    const { jumpbox } = (await ops.access.look()).machines;
    const address = jumpbox.address?.publicIp ?? "";
    expect(address).toMatch(/^192\.0\.2\./);
    expect((await ops.access.channel.run("jumpbox", address, "hostname")).stdout).toBe("jumpbox\n");
    await ops.stop();
    const signIn = await fetch(`${endpoint}/client/register`, {
      method: "POST",
      body: JSON.stringify({ clientName: "test", clientType: "public" }),
    });
    expect(signIn.status).toBe(200);
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
    expect(existsSync(dirname(exported.HOME ?? ""))).toBe(false);
  } finally {
    child.kill("SIGKILL");
  }
});
