/** What is written for plain ssh, by the programs that read it: ssh, scp, rsync, git, and a forwarded port. */

import { execFile, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { environmentFrom } from "../../../ops/environment.ts";
import { createPlainSsh, type PlainSsh } from "../../../ops/ssh/plain-ssh.ts";
import { aFleet } from "../../harness/fleets.ts";
import { waitUntil } from "../../harness/grid.ts";
import { freePort } from "../../harness/network.ts";
import { type Rig, startRig } from "./rig.ts";

const ARM = "fcvm-metal-arm";
const run = promisify(execFile);

let rig: Rig;
let plain: PlainSsh;
let config = "";
beforeEach(async () => {
  rig = await startRig();
  plain = createPlainSsh(rig.environment, rig.hostKeys);
  config = join(rig.environment.home, ".ssh", "config");
});
afterEach(() => rig.stop());

const fleet = () => {
  const seen = rig.fleet.get().fleet;
  if (!seen) throw new Error("no fleet");
  return seen;
};
/** OpenSSH takes the home from the password file, so ours is named; `Include` then is to be a whole path. */
const own = () => {
  const path = join(rig.environment.home, "for-ssh");
  writeFileSync(path, `Include ${plain.file}\n`);
  return path;
};

it.skipIf(["scp", "rsync", "git"].some((name) => spawnSync(name, ["--version"]).error))(
  "ssh, scp, rsync, git and a forwarded port work by the machine's name alone, and by no other key than its own",
  async () => {
    await rig.channel.run(ARM, rig.addressOf(ARM), "true");
    await plain.setUp(fleet());
    const ssh = `ssh -F ${own()} -o BatchMode=yes`;
    const here = rig.environment.home;
    const sh = async (line: string) => (await run("sh", ["-c", line], { cwd: here, env: process.env })).stdout;
    expect(await sh(`${ssh} arm hostname; ${ssh} ${ARM} hostname`)).toBe(`${ARM}\n${ARM}\n`);

    writeFileSync(join(here, "letter"), "from here\n");
    await sh(`scp -q -F for-ssh letter arm:letter && scp -q -F for-ssh arm:letter back`);
    expect(readFileSync(join(here, "back"), "utf8")).toBe("from here\n");

    mkdirSync(join(here, "tree"));
    writeFileSync(join(here, "tree", "leaf"), "green\n");
    await sh(`rsync -a -e '${ssh}' tree/ arm:tree && rsync -a -e '${ssh}' arm:tree/ again`);
    expect(readFileSync(join(here, "again", "leaf"), "utf8")).toBe("green\n");

    const far = "cd tree && git init -q && git add . && git -c user.name=a -c user.email=b commit -qm leaf";
    await sh(`${ssh} arm '${far}' && GIT_SSH_COMMAND='${ssh}' git clone -q arm:tree clone`);
    expect(readFileSync(join(here, "clone", "leaf"), "utf8")).toBe("green\n");

    const server = createServer((socket) => socket.end("through\n")).listen(0, "127.0.0.1");
    const port = await freePort();
    const target = (server.address() as AddressInfo).port;
    const forward = spawn("sh", ["-c", `exec ${ssh} -N -L 127.0.0.1:${port}:127.0.0.1:${target} arm`], { cwd: here });
    let heard = "";
    await waitUntil(async () => {
      heard = await hear(port);
      return heard !== "";
    });
    forward.kill();
    server.close();
    expect(heard).toBe("through\n");
  },
);

it("is written anew by a look that shows another identity, and only where the person has asked for it", async () => {
  await plain.follow(fleet());
  expect(existsSync(plain.file)).toBe(false);
  await plain.setUp(fleet());
  const before = readFileSync(plain.file, "utf8");
  expect(before).toContain(`HostKeyAlias ${ARM}.vol-09e5c3cee32bb67dc.i-`);
  expect(before).not.toContain("StrictHostKeyChecking");
  await rig.channel.run(ARM, rig.addressOf(ARM), "true");
  await plain.follow(fleet());
  expect(readFileSync(plain.file, "utf8").match(/StrictHostKeyChecking yes/g)).toHaveLength(1);
  const known = await plain.known(ARM);
  await plain.follow(aFleet({ [ARM]: { phase: "running", root: "temporary" } }));
  expect(readFileSync(plain.file, "utf8")).not.toContain("vol-09e5c3cee32bb67dc");
  expect(await plain.known(ARM)).not.toBe(known);
  expect(statSync(plain.file).mode & 0o777).toBe(0o600);
});

it("is not written over by a look at another account, which may share the home", async () => {
  await plain.setUp(fleet());
  const before = readFileSync(plain.file, "utf8");
  const env = { ...rig.environment.env, AWS_ENDPOINT_URL: "http://127.0.0.1:4566" };
  const simulated = createPlainSsh({ ...rig.environment, env }, rig.hostKeys);
  const other = aFleet({ [ARM]: { phase: "running", root: "temporary" } });
  await simulated.follow(other);
  expect(readFileSync(plain.file, "utf8")).toBe(before);
  await simulated.setUp(other);
  expect(readFileSync(plain.file, "utf8")).not.toContain("vol-09e5c3cee32bb67dc");
  await plain.follow(fleet());
  expect(readFileSync(plain.file, "utf8")).toContain("simulated account at 127.0.0.1:4566");
});

it("leaves ~/.ssh/config as it was, byte for byte, link and mode, when it is taken away", async () => {
  const theirs = Buffer.from("# caf\xe9\nHost *\n\tCompression yes\nInclude other", "latin1");
  const dotfiles = join(rig.environment.home, "dotfiles");
  writeFileSync(dotfiles, theirs);
  chmodSync(dotfiles, 0o640);
  symlinkSync(dotfiles, config);
  expect(await plain.setUp(fleet())).toBe(true);
  expect(await plain.setUp(fleet())).toBe(false);
  expect(readFileSync(dotfiles, "latin1")).toBe(`Include snowglobe_config\n${theirs.toString("latin1")}`);
  expect(await plain.takeAway()).toBe(true);
  expect(await plain.takeAway()).toBe(false);
  expect(readFileSync(dotfiles)).toEqual(theirs);
  expect([lstatSync(config).isSymbolicLink(), statSync(dotfiles).mode & 0o777]).toEqual([true, 0o640]);
  expect(existsSync(plain.file)).toBe(false);
  // One that was not there is not there again.
  rmSync(config);
  await plain.setUp(fleet());
  expect([readFileSync(config, "utf8"), statSync(config).mode & 0o777]).toEqual(["Include snowglobe_config\n", 0o600]);
  await plain.takeAway();
  expect(existsSync(config)).toBe(false);
});

it("on a simulated account names nothing outside this computer, and of one without machines says nothing at all", async () => {
  const simulated = (more: Readonly<Record<string, string>>) =>
    createPlainSsh(
      environmentFrom({ ...rig.environment.env, AWS_ENDPOINT_URL: "http://127.0.0.1:1", ...more }),
      rig.hostKeys,
    );
  await simulated({}).setUp(fleet());
  const hosts = () => new Set(readFileSync(plain.file, "utf8").match(/HostName .*/g));
  expect(hosts()).toEqual(new Set(["HostName 127.0.0.1"]));
  writeFileSync(plain.file, "the real account's\n");
  await simulated({ SNOWGLOBE_SSH_CONFIG: "" }).follow(fleet());
  expect(readFileSync(plain.file, "utf8")).toBe("the real account's\n");
  const away = join(rig.environment.home, "away");
  writeFileSync(away, "Host *\n  HostName 192.0.2.9\n");
  await simulated({ SNOWGLOBE_SSH_CONFIG: away }).setUp(fleet());
  expect(hosts()).toEqual(
    new Set(["HostName jumpbox.invalid", `HostName ${ARM}.invalid`, "HostName fcvm-metal-x86.invalid"]),
  );
});

function hear(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1");
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.once("close", () => resolve(text)).once("error", () => {});
  });
}
