import { spawn } from "node:child_process";
import { appendFile, cp, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ComposedOps, createOps } from "../../../ops/compose.ts";
import { connectOperation } from "../../../ops/database/connect.ts";
import { isInside } from "../../../ops/database/route.ts";
import { PATIENCE_MS, waitUntil } from "../../harness/grid.ts";
import { NO_TERRAFORM, type Project, startProject } from "../terraform/project.ts";
import { type Aurora, type DatabaseServer, sleepingDatabase, startDatabase, whatLacks } from "./server.ts";

const lacks = NO_TERRAFORM ? "terraform" : whatLacks();

describe("isInside", () => {
  const on = (address: string) => ({
    eth0: [{ address, family: "IPv4" as const, netmask: "", mac: "", internal: false, cidr: null }],
  });
  test.each([
    ["10.83.0.0/16", "10.83.4.5", true],
    ["10.83.0.0/16", "10.84.4.5", false],
    ["10.83.0.0/16", "192.168.1.2", false],
    ["10.83.0.0/33", "10.83.4.5", false],
    ["nonsense", "10.83.4.5", false],
  ])("%s with %s: %s", (cidr, address, inside) => {
    expect(isInside(cidr, on(address))).toBe(inside);
  });
});

describe.skipIf(lacks)(`make connect${lacks ? ` (needs ${lacks})` : ""}`, () => {
  let server: DatabaseServer;
  let project: Project;
  let ops: ComposedOps;
  let aurora: Aurora | undefined;

  beforeAll(async () => {
    server = await startDatabase();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    project = await startProject();
    const standIn = project.env.STAND_IN ?? "";
    await rename(join(project.folder, "bin", "aws"), join(project.folder, "bin", "aws-of-the-account"));
    await cp(join(import.meta.dirname, "stand-in-aws"), join(project.folder, "bin", "aws"));
    await cp(join(import.meta.dirname, "stand-in-ssh"), join(project.folder, "bin", "ssh"));
    await cp(server.ca, join(standIn, "ca.pem"));
    // Its jumpbox is the stand-in, which looks at no configuration.
    const ssh = { SNOWGLOBE_SSH_CONFIG: "/dev/null" };
    Object.assign(project.env, { ...ssh, DATABASE_SOCKET: server.socket, DATABASE_PORT: String(server.port) });
    ops = createOps({
      env: project.env,
      home: project.env.HOME ?? "",
      stateDir: join(project.folder, "state"),
      terraformDir: project.terraformDir,
      kernelDir: "",
      demo: true,
    });
  });
  afterEach(async () => {
    aurora?.stop();
    aurora = undefined;
    await ops.stop();
    await project.stop();
  });

  /** Applies a configuration that has such a database. */
  async function apply(database: { endpoint?: string; port?: number; vpc_cidr?: string }): Promise<void> {
    const value = {
      endpoint: "127.0.0.1",
      port: server.port,
      name: "snowglobe",
      cluster_arn: "arn:cluster",
      secret_arn: "arn:secret",
      vpc_cidr: "127.0.0.0/8",
      ...database,
    };
    const hcl = `\noutput "database" { value = ${JSON.stringify(value)} }\noutput "addresses" { value = { jumpbox = "203.0.113.9" } }\n`;
    await appendFile(join(project.terraformDir, "main.tf"), hcl);
    expect(await project.cli("apply", "owner@example.com", "y")).toBe(0);
  }

  function start() {
    const operation = connectOperation(ops);
    const run = ops.operations.start(operation);
    const steps = () =>
      run.get().steps.map((step) => `${step.id} ${step.state}${step.detail ? ` ${step.detail}` : ""}`);
    return { operation, run, steps };
  }

  /** Types into the client that the terminal would have been given to. */
  async function query(operation: ReturnType<typeof connectOperation>, sql: string): Promise<string> {
    const handover = operation.handover();
    if (!handover) throw new Error("nothing was handed over");
    try {
      const child = spawn(handover.command, [...handover.args, "--batch", "--skip-column-names"], {
        env: { ...handover.env },
        stdio: ["pipe", "pipe", "inherit"],
      });
      child.stdin.end(sql);
      return (await text(child.stdout)).trim();
    } finally {
      handover.close();
    }
  }

  const statements = () => readFile(join(project.env.STAND_IN ?? "", "statements"), "utf8").catch(() => "");

  test("the first time it makes the user; then the client is in, over TLS, with a token for a password", async () => {
    await apply({});
    const first = start();
    expect(await first.run.finished).toMatchObject({ status: "done" });
    expect(await statements()).toContain(
      "CREATE USER IF NOT EXISTS 'snowglobe'@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL",
    );
    const answer = await query(first.operation, "SELECT CURRENT_USER(), DATABASE(); SHOW STATUS LIKE 'Ssl_cipher';");
    expect(answer).toMatch(/^snowglobe@%\tsnowglobe\nSsl_cipher\t\S+/);
    const before = await statements();
    const second = start();
    expect(await second.run.finished).toMatchObject({ status: "done" });
    expect(await statements()).toBe(before);

    const [token = ""] = await server.passwords();
    expect(token).toMatch(
      new RegExp(`^127\\.0\\.0\\.1:${server.port}/\\?Action=connect&DBUser=snowglobe&.*X-Amz-Expires=900`),
    );
    const calls = (await project.calls()).join("\n");
    expect(calls).toContain("--env MYSQL_PWD");
    expect(calls).not.toContain("X-Amz-Signature");
    expect(calls).toContain("--ssl-verify-server-cert");
    expect(JSON.stringify(second.run.get())).not.toContain("X-Amz-");
  });

  test("while Aurora wakes, it says so and waits", async () => {
    aurora = await sleepingDatabase(server.port);
    await apply({ port: aurora.port });
    const { run, steps } = start();
    await waitUntil(
      () => steps().some((step) => step.startsWith("wake waiting it is asleep at 0 ACU")),
      PATIENCE_MS,
      () => steps().join("\n"),
    );
    expect(aurora.held()).toBeGreaterThan(0);
    aurora.wake();
    expect(await run.finished).toMatchObject({ status: "done" });
    expect(steps()).toContain("wake done awake");
  });

  test("it can be given up while it waits", async () => {
    aurora = await sleepingDatabase(server.port);
    await apply({ port: aurora.port });
    const { run } = start();
    const sleeping = aurora;
    await waitUntil(
      () => sleeping.held() > 0,
      PATIENCE_MS,
      () => "never asked",
    );
    run.cancel();
    expect(await run.finished).toMatchObject({ status: "cancelled" });
  });

  test("from outside it goes through the jumpbox, and the server's own name is still what counts", async () => {
    await mkdir(join(project.env.HOME ?? "", ".ssh"), { recursive: true });
    await writeFile(join(project.env.HOME ?? "", ".ssh", "fcvm-ec2"), "key", { mode: 0o600 });
    await apply({ endpoint: "snowglobe.cluster.example", vpc_cidr: "10.255.255.0/24" });
    const { operation, run, steps } = start();
    expect(await run.finished).toMatchObject({ status: "done" });
    expect(steps()).toContain("route done through the jumpbox");
    const ssh = await readFile(join(project.env.STAND_IN ?? "", "ssh"), "utf8");
    expect(ssh).toMatch(
      new RegExp(`-N -L 127\\.0\\.0\\.1:\\d+:snowglobe\\.cluster\\.example:${server.port} .*ubuntu@203\\.0\\.113\\.9`),
    );
    expect((await project.calls()).at(-1)).toMatch(
      /--network host --add-host snowglobe\.cluster\.example:127\.0\.0\.1 .*--host=snowglobe\.cluster\.example/,
    );
    expect(await query(operation, "SELECT 1;")).toBe("1");

    await writeFile(join(project.env.STAND_IN ?? "", "no-jumpbox"), "");
    const again = await start().run.finished;
    expect(again).toMatchObject({ status: "failed", failure: { code: "ECONNREFUSED" } });
  });

  test("a server that somebody else vouches for is refused", async () => {
    const other = await startDatabase();
    try {
      await apply({ port: other.port });
      expect(await start().run.finished).toMatchObject({ status: "failed", failure: { code: "DATABASE_TLS" } });
      expect(await other.passwords()).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  test("a certificate for another name is refused", async () => {
    const other = await startDatabase("127.0.0.9");
    try {
      await cp(other.ca, join(project.env.STAND_IN ?? "", "ca.pem"));
      await apply({ port: other.port });
      expect(await start().run.finished).toMatchObject({ status: "failed", failure: { code: "DATABASE_TLS" } });
      expect(await other.passwords()).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  test("before the first apply there is none", async () => {
    expect(await project.cli("apply", "owner@example.com", "y")).toBe(0);
    expect(await start().run.finished).toMatchObject({ status: "failed", failure: { code: "NO_DATABASE" } });
  });
});
