import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { endpointOf, simulatedAt } from "../../../ops/aws/endpoint.ts";
import { systemClock } from "../../../ops/clock.ts";
import { environmentFrom } from "../../../ops/environment.ts";
import { createChannel } from "../../../ops/ssh/channel.ts";
import { sshArguments } from "../../../ops/ssh/command.ts";
import { createHostKeys } from "../../../ops/ssh/host-keys.ts";
import { cell } from "../../../ops/store.ts";
import { aFleet, live } from "../../harness/fleets.ts";

const ARM = "fcvm-metal-arm";
const ADDRESS = "184.72.40.255";

let home = "";
let called = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "snowglobe-simulated-"));
  called = join(home, "called");
  mkdirSync(join(home, ".ssh"));
  writeFileSync(join(home, ".ssh", "fcvm-ec2"), "a key", { mode: 0o600 });
  mkdirSync(join(home, "bin"));
  writeFileSync(join(home, "bin", "ssh"), `#!/bin/sh\necho "$@" >>${called}\nexit 255\n`, { mode: 0o755 });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const environmentWith = (more: Readonly<Record<string, string>>) =>
  environmentFrom({
    PATH: `${home}/bin:${process.env.PATH}`,
    HOME: home,
    AWS_ENDPOINT_URL: "http://127.0.0.1:5000",
    ...more,
  });

it("on a simulated account without machines of its own no ssh is called, and that is said before anything else is done", async () => {
  const environment = environmentWith({});
  const hostKeys = createHostKeys(environment);
  const channel = createChannel(environment, systemClock, cell(live(aFleet())), hostKeys);
  await expect(channel.run(ARM, ADDRESS, "true")).rejects.toMatchObject({
    failure: { code: "SIMULATED", sentence: expect.stringContaining("127.0.0.1:5000") },
  });
  expect(channel.amiss()).toMatchObject({ code: "SIMULATED", action: expect.stringContaining("make simulator") });
  expect(existsSync(called)).toBe(false);
  // The real machine that has this address is somebody else's.
  const theirs = join(home, ".ssh", "known_hosts");
  const key = `${ADDRESS} ssh-ed25519 ${Buffer.from("key").toString("base64")}\n`;
  writeFileSync(theirs, key);
  await hostKeys.forget(ADDRESS, { machine: ARM, volumeId: "vol-1" });
  expect(readFileSync(theirs, "utf8")).toBe(key);
});

it("with machines it leads to loopback, whatever a configuration says; real ssh agrees", () => {
  const config = join(home, "config");
  writeFileSync(config, "Host *\n  HostName 192.0.2.77\n  Port 2222\n  ProxyJump jumper\n");
  const identity = { alias: ARM, file: "/nowhere", strict: "yes" } as const;
  const asked = (more: Readonly<Record<string, string>>) => {
    const environment = environmentWith({ SNOWGLOBE_SSH_CONFIG: config, ...more });
    const said = execFileSync("ssh", [
      "-G",
      ...sshArguments(environment, { address: ADDRESS, identity, use: "batch" }),
    ]);
    return said.toString().match(/^(?:hostname|port|proxyjump|proxycommand) .*$/gm);
  };
  expect(asked({})).toEqual(["hostname 127.0.0.1", "port 2222"]);
  expect(asked({ AWS_ENDPOINT_URL: "" })).toEqual(["hostname 192.0.2.77", "port 2222", "proxyjump jumper"]);
});

it("an account is simulated where EC2 is asked on loopback: its own variable goes before the one for all", () => {
  const of = (env: Readonly<Record<string, string>>) => [endpointOf({ env }, "EC2"), simulatedAt({ env })];
  const real = "https://ec2.us-west-1.amazonaws.com";
  expect(of({})).toEqual([undefined, undefined]);
  expect(of({ AWS_ENDPOINT_URL: "http://localhost:4566/" })).toEqual(["http://localhost:4566/", "localhost:4566"]);
  expect(of({ AWS_ENDPOINT_URL: "http://[::1]:80" })[1]).toBe("[::1]");
  expect(of({ AWS_ENDPOINT_URL: "http://127.0.0.1:1", AWS_ENDPOINT_URL_EC2: real })).toEqual([real, undefined]);
  expect(of({ AWS_ENDPOINT_URL_S3: "http://127.0.0.1:9000" })).toEqual([undefined, undefined]);
});
