/** An apply that outlives its keys: two hundred resources by the real provider, on an account that refuses what has ended. */

import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createOps } from "../../ops/compose.ts";
import { environmentFrom } from "../../ops/environment.ts";
import { openWorkspace } from "../../ops/terraform/workspace.ts";
import { type Account, PROVIDER_PATIENCE_MS, startAccount } from "./account.ts";
import { MIRROR, NEEDS, NO_PROVIDER } from "./mirror.ts";

const RESOURCES = 200;
/** Short, because the second half of the apply waits for its end. */
const SHORT_MS = 20_000;
const LONG_MS = 3_600_000;

const MAIN = `terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "${MIRROR?.version}"
    }
  }
}
variable "ssh_public_key" { type = string }
variable "adopt" {
  type    = any
  default = {}
}
provider "aws" { region = "us-west-1" }
resource "aws_ssm_parameter" "one" {
  count = ${RESOURCES}
  name  = "/some/\${count.index}"
  type  = "String"
  value = var.ssh_public_key
}
`;

/** Stands before moto: gives out keys that end, refuses what they sign afterwards, and counts what was made by which. */
async function startGate(url: string) {
  const ends = new Map<string, number>();
  const made = new Map<string, number>();
  let isShort = false;
  const all = () => [...made.values()].reduce((sum, one) => sum + one, 0);
  const moto = new URL(url);
  const server = createServer(async (incoming, outgoing) => {
    if (incoming.url === "/keys") {
      const accessKeyId = `ASIAGATE${String(ends.size).padStart(12, "0")}`;
      const end = Date.now() + (isShort && all() <= RESOURCES / 4 ? SHORT_MS : LONG_MS);
      ends.set(accessKeyId, end);
      outgoing.end(
        JSON.stringify({
          Version: 1,
          AccessKeyId: accessKeyId,
          SecretAccessKey: "secret",
          SessionToken: "token",
          Expiration: new Date(end).toISOString(),
        }),
      );
      return;
    }
    const key = /Credential=([^/]+)\//.exec(incoming.headers.authorization ?? "")?.[1] ?? "";
    const end = ends.get(key) ?? 0;
    if (Date.now() > end) {
      outgoing.writeHead(400, { "content-type": "application/x-amz-json-1.1" });
      outgoing.end(JSON.stringify({ __type: "ExpiredTokenException", message: "The security token has expired" }));
      return;
    }
    const isMaking = incoming.headers["x-amz-target"] === "AmazonSSM.PutParameter";
    if (isMaking) made.set(key, (made.get(key) ?? 0) + 1);
    // In the middle, all that is under way is answered only after its keys have ended.
    const isHeld = isMaking && end - Date.now() < SHORT_MS && all() > RESOURCES / 4;
    if (isHeld) await new Promise((resolve) => setTimeout(resolve, end - Date.now() + 1));
    const { hostname, port } = moto;
    const { method, headers, url: path } = incoming;
    const call = request({ hostname, port, method, headers, path }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    call.on("error", () => outgoing.destroy());
    incoming.pipe(call);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    made,
    /** Keys end soon from now on, until a quarter is made. */
    shortly: () => {
      isShort = true;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

let account: Account;
let gate: Awaited<ReturnType<typeof startGate>>;
beforeAll(async () => {
  if (NO_PROVIDER) return;
  account = await startAccount({ attached: false });
  gate = await startGate(account.moto.url);
});
afterAll(async () => {
  await gate?.stop();
  await account?.stop();
});

describe.skipIf(NO_PROVIDER)(NEEDS, { timeout: PROVIDER_PATIENCE_MS }, () => {
  test("an apply whose keys end in the middle finishes with others", async () => {
    const home = account.env.HOME ?? "";
    const terraformDir = join(dirname(account.terraformDir), "parameters");
    await mkdir(terraformDir);
    await mkdir(join(home, ".aws"));
    await writeFile(join(terraformDir, "main.tf"), MAIN);
    const giver = join(home, "keys");
    await writeFile(giver, `#!/bin/sh\nexec curl -fsS ${gate.url}/keys\n`);
    await chmod(giver, 0o755);
    await writeFile(join(home, ".aws", "config"), `[default]\nregion = us-west-1\ncredential_process = ${giver}\n`);
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...env } = account.env;
    const ops = createOps(
      environmentFrom({ ...env, AWS_ENDPOINT_URL: gate.url, SNOWGLOBE_TERRAFORM_DIR: terraformDir }),
    );
    try {
      const run = ops.operations.start({
        name: "apply",
        title: "Apply",
        run: async (context) => {
          const workspace = await openWorkspace(ops, context);
          await workspace.capture(["init", "-input=false"]);
          await workspace.capture(["plan", "-input=false", "-out=plan"]);
          gate.shortly();
          await workspace.apply("plan", () => {});
          return { status: "done", sentence: (await workspace.capture(["state", "list"])).trim() };
        },
      });
      const outcome = await run.finished;
      expect(outcome.status === "failed" ? outcome.failure.sentence : outcome.status).toBe("done");
      expect("sentence" in outcome && outcome.sentence.split("\n")).toHaveLength(RESOURCES);
      const numbers = [...gate.made.values()];
      expect(numbers.length).toBeGreaterThan(1);
      expect(numbers.reduce((sum, one) => sum + one)).toBe(RESOURCES);
      expect(Math.max(...numbers)).toBeLessThan(RESOURCES);
    } finally {
      await ops.stop();
    }
  });
});
