/** Where a run's container has its keys from: who follows it, else what it was begun with. */

import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { answerKeys, asProcessSays, BEGUN_WITH, CONFIG, layProfile } from "../../../ops/terraform/keys.ts";

const FIRST = { accessKeyId: "ASIAFIRST", secretAccessKey: "one", sessionToken: "t1" };
const SECOND = { accessKeyId: "ASIASECOND", secretAccessKey: "two", sessionToken: "t2" };

describe.skipIf(spawnSync("curl", ["--version"]).status !== 0)("a run's keys (needs curl)", () => {
  async function folderOfRun() {
    const folder = await mkdtemp(join(tmpdir(), "keys-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await layProfile(folder);
    return folder;
  }

  /** As an SDK does it: what the profile names, by sh. */
  async function asked(folder: string): Promise<Readonly<Record<string, unknown>>> {
    const profile = await readFile(join(folder, CONFIG), "utf8");
    const command = /^credential_process = (.*)$/m.exec(profile)?.[1] ?? "";
    const env = { ...process.env, AWS_CONFIG_FILE: join(folder, CONFIG), [BEGUN_WITH]: asProcessSays(FIRST) };
    const { stdout } = await promisify(execFile)("sh", ["-c", command], { env });
    return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
  }

  test("are those of whoever follows it, while anybody does; no file has one", async () => {
    const folder = await folderOfRun();
    expect(await asked(folder)).toMatchObject({ Version: 1, AccessKeyId: "ASIAFIRST", SessionToken: "t1" });
    const nobody = await answerKeys(folder, "podman", () => Promise.reject(new Error("signed out")));
    expect(await asked(folder)).toMatchObject({ AccessKeyId: "ASIAFIRST" });
    const ended = await answerKeys(folder, "podman", async () => SECOND);
    expect(await asked(folder)).toMatchObject({ AccessKeyId: "ASIASECOND", SecretAccessKey: "two" });
    const texts = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")));
    expect(texts.join("\n")).not.toMatch(/ASIA|"two"/);
    await ended();
    expect(await asked(folder)).toMatchObject({ AccessKeyId: "ASIAFIRST" });
    await nobody();
    expect((await readdir(folder)).filter((name) => name.startsWith("ask-"))).toEqual([]);
  });

  test("are given to nobody without the token", async () => {
    const folder = await folderOfRun();
    const ended = await answerKeys(folder, "podman", async () => SECOND);
    onTestFinished(ended);
    const name = (await readdir(folder)).find((one) => one.startsWith("ask-")) ?? "";
    const url = /http:[^"]*/.exec(await readFile(join(folder, name), "utf8"))?.[0] ?? "";
    expect((await fetch(url)).status).toBe(403);
    expect((await fetch(url, { headers: { authorization: `Bearer ${"0".repeat(64)}` } })).status).toBe(403);
  });
});

test("keys count as ended a little before they end, and those that never do as never", () => {
  const { Expiration } = JSON.parse(
    asProcessSays({ ...FIRST, expiration: new Date(Date.now() + 3_600_000) }),
  ) as Readonly<Record<string, string>>;
  const left = Date.parse(Expiration ?? "") - Date.now();
  expect(left).toBeGreaterThan(3_600_000 - 310_000);
  expect(left).toBeLessThanOrEqual(3_600_000 - 300_000);
  expect(JSON.parse(asProcessSays(FIRST))).not.toHaveProperty("Expiration");
});
