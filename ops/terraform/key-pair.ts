/** The key pair fcvm-ec2: whether EC2 has it already, and its public half. */

import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { FailureError } from "../failure.ts";
import type { Ops } from "../ops.ts";
import { $ } from "../programs.ts";
import { keyPath } from "../ssh/command.ts";

const NAME = "fcvm-ec2";

/**
 * What Terraform is told: EC2's own public key where it has the pair, so that it is taken over and not made a second time;
 * else that of ~/.ssh/fcvm-ec2, which is made where it is not there.
 */
export async function findKeyPair(
  ops: Pick<Ops, "access" | "environment">,
  signal?: AbortSignal,
): Promise<{ readonly exists: boolean; readonly publicKey: string }> {
  const known = await ops.access.gate(async () => {
    const [ec2, { DescribeKeyPairsCommand }] = await Promise.all([ops.access.aws.ec2(), import("../aws/ec2-sdk.ts")]);
    const ask = new DescribeKeyPairsCommand({
      Filters: [{ Name: "key-name", Values: [NAME] }],
      IncludePublicKey: true,
    });
    return (await ec2.send(ask, signal ? { abortSignal: signal } : {})).KeyPairs?.[0];
  }, signal);
  return { exists: known !== undefined, publicKey: known?.PublicKey?.trim() || (await ownPublicKey(ops)) };
}

async function ownPublicKey({ environment }: Pick<Ops, "environment">): Promise<string> {
  const key = keyPath(environment);
  const keygen = $({ env: { ...environment.env, SSH_ASKPASS_REQUIRE: "never" }, nothrow: true });
  const written = await readFile(`${key}.pub`, "utf8").catch(() => undefined);
  if (written) return written.trim();
  const there = await readFile(key).then(Boolean, () => false);
  if (!there) {
    await mkdir(dirname(key), { recursive: true, mode: 0o700 });
    if (!(await keygen`ssh-keygen -q -t ed25519 -N ${""} -C ${NAME} -f ${key}`).ok) throw unreadable();
    return (await readFile(`${key}.pub`, "utf8")).trim();
  }
  const { ok, stdout } = await keygen`ssh-keygen -y -P ${""} -f ${key}`;
  if (!ok) throw unreadable();
  return stdout.trim();
}

function unreadable(): FailureError {
  return new FailureError({
    kind: "missing",
    code: "KEY_UNREADABLE",
    sentence: "The public half of ~/.ssh/fcvm-ec2 cannot be had.",
    action: "Run ssh-keygen -y -f ~/.ssh/fcvm-ec2 > ~/.ssh/fcvm-ec2.pub.",
  });
}
