import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../../ops/clock.ts";
import { type Environment, environmentFrom } from "../../../ops/environment.ts";
import { type Failure, FailureError } from "../../../ops/failure.ts";
import type { FleetState } from "../../../ops/fleet/state.ts";
import { $ } from "../../../ops/programs.ts";
import { type Channel, createChannel } from "../../../ops/ssh/channel.ts";
import { createHostKeys, type HostKeys } from "../../../ops/ssh/host-keys.ts";
import { createSessions } from "../../../ops/ssh/sessions.ts";
import { type Cell, cell, when } from "../../../ops/store.ts";
import { aFleet, live } from "../../harness/fleets.ts";
import { PATIENCE_MS } from "../../harness/grid.ts";
import { runProgram } from "../../harness/program.ts";
import { SSHD, type Sshd, startSshd } from "./sshd.ts";
import { testTerminal } from "./terminal.ts";

const ARM = "fcvm-metal-arm";
const ADDRESS = "184.72.40.255";

describe.skipIf(!SSHD)("against a real sshd", () => {
  let sshd: Sshd;
  let environment: Environment;
  let fleet: Cell<FleetState>;
  let hostKeys: HostKeys;
  let channel: Channel;

  beforeEach(async () => {
    sshd = await startSshd();
    environment = environmentFrom({
      PATH: `${sshd.bin}:${process.env.PATH}`,
      HOME: sshd.home,
      SNOWGLOBE_SSH_CONFIG: sshd.configPath,
    });
    fleet = cell(live(aFleet()));
    hostKeys = createHostKeys(environment);
    channel = createChannel(environment, systemClock, fleet, hostKeys);
  });
  afterEach(() => sshd.stop());

  const failureOf = async () => {
    const error: unknown = await channel.run(ARM, ADDRESS, "true").then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return error instanceof FailureError ? error.failure : error;
  };

  test("a command's output and status come back, and the key is taken on first sight under the machine's name", async () => {
    expect(await channel.run(ARM, ADDRESS, "cat; exit 4", { input: "to the far side" })).toEqual({
      code: 4,
      stdout: "to the far side",
    });
    expect(readFileSync(hostKeys.file, "utf8")).toMatch(/^fcvm-metal-arm\.vol-09e5c3cee32bb67dc\.i-\w+ ssh-ed25519 /);
    expect(channel.trust(ARM, ADDRESS)).toBe("unverified");
    expect(existsSync(join(sshd.home, ".ssh", "known_hosts"))).toBe(false);
  });

  test("another key on the persistent volume is refused with a warning", async () => {
    await channel.run(ARM, ADDRESS, "true");
    await sshd.changeHostKey();
    expect(await failureOf()).toMatchObject({
      kind: "refused",
      code: "HOST_KEY_CHANGED",
      sentence: expect.stringContaining("WARNING"),
    });
  });

  test("a temporary disk has a key of its own, and the persistent one is still known afterwards", async () => {
    await channel.run(ARM, ADDRESS, "true");
    fleet.set(live(aFleet({ [ARM]: { phase: "running", root: "temporary" } })));
    await sshd.changeHostKey();
    expect((await channel.run(ARM, ADDRESS, "echo in")).stdout).toBe("in\n");
    const volume = fleet.get().fleet?.machines[ARM].root?.id ?? "";
    expect(readFileSync(hostKeys.file, "utf8")).toContain(`${ARM}.${volume}.i-`);
    await sshd.changeHostKey();
    expect(await failureOf()).toMatchObject({ kind: "refused", sentence: expect.stringContaining(volume) });
    fleet.set(live(aFleet()));
    expect(await failureOf()).toMatchObject({ code: "HOST_KEY_CHANGED", sentence: expect.stringContaining("WARNING") });
  });

  test("forgetting drops the address from the person's file and the replaced root from ours", async () => {
    const theirs = join(sshd.home, ".ssh", "known_hosts");
    fleet.set(live(aFleet({ [ARM]: { phase: "running", root: "temporary" } })));
    await channel.run(ARM, ADDRESS, "true");
    const [, type, key] = readFileSync(hostKeys.file, "utf8").split(/\s/);
    writeFileSync(theirs, `${ADDRESS} ${type} ${key}\nother ${type} ${key}\n`);
    const volumeId = fleet.get().fleet?.machines[ARM].root?.id ?? "";
    await hostKeys.forget(ADDRESS, { machine: ARM, volumeId });
    await hostKeys.forget("192.0.2.9");
    expect(readFileSync(theirs, "utf8")).toBe(`other ${type} ${key}\n`);
    expect(readFileSync(hostKeys.file, "utf8")).toBe("");
  });

  test("a refused key, an open key, a missing key, a missing ssh and a closed port are told apart", async () => {
    writeFileSync(join(sshd.directory, "authorized_keys"), "");
    expect(await failureOf()).toMatchObject({ kind: "refused", code: "KEY_REFUSED" });
    chmodSync(join(sshd.home, ".ssh", "fcvm-ec2"), 0o640);
    expect(await failureOf()).toMatchObject({ code: "KEY_OPEN" });
    const elsewhere = { ...environment, home: sshd.directory };
    const without = createChannel(elsewhere, systemClock, fleet, hostKeys);
    await expect(without.run(ARM, ADDRESS, "true")).rejects.toMatchObject({ failure: { code: "KEY_MISSING" } });
    const bare = createChannel({ ...environment, env: { PATH: sshd.home } }, systemClock, fleet, hostKeys);
    await expect(bare.run(ARM, ADDRESS, "true")).rejects.toMatchObject({ failure: { code: "SSH_MISSING" } });
    chmodSync(join(sshd.home, ".ssh", "fcvm-ec2"), 0o600);
    writeFileSync(sshd.configPath, "Host *\n  HostName 127.0.0.1\n  Port 1\n");
    expect(await failureOf()).toMatchObject({ kind: "offline", code: "ECONNREFUSED" });
  });

  test("waiting ends when SSH answers, and at once for what waiting cannot mend", async () => {
    await sshd.changeHostKey();
    const reasons: string[] = [];
    const config = readFileSync(sshd.configPath, "utf8");
    writeFileSync(sshd.configPath, "Host *\n  HostName 127.0.0.1\n  Port 1\n");
    await channel.waitForSsh(ARM, ADDRESS, AbortSignal.timeout(PATIENCE_MS), (reason) => {
      reasons.push(reason.code ?? "");
      writeFileSync(sshd.configPath, config);
    });
    expect(reasons).toEqual(["ECONNREFUSED"]);
    chmodSync(join(sshd.home, ".ssh", "fcvm-ec2"), 0o644);
    await expect(channel.waitForSsh(ARM, ADDRESS, AbortSignal.timeout(5000))).rejects.toMatchObject({
      failure: { code: "KEY_OPEN" },
    });
  });

  test("what the person's configuration starts by itself does not get in between", async () => {
    const config = readFileSync(sshd.configPath, "utf8");
    const more =
      "  RemoteCommand echo theirs\n  PermitLocalCommand yes\n  LocalCommand echo local\n  RequestTTY force\n";
    writeFileSync(sshd.configPath, `${config}${more}`);
    expect(await channel.run(ARM, ADDRESS, "echo ours; tty")).toEqual({ code: 1, stdout: "ours\nnot a tty\n" });
  });

  test("what waiting cannot mend is told at once, in ssh's own words", async () => {
    const config = readFileSync(sshd.configPath, "utf8");
    const failure = async (more: string) => {
      writeFileSync(sshd.configPath, `${config}${more}`);
      const never = (reason: Failure) => expect.unreachable(`waited for ${reason.sentence}`);
      return channel.waitForSsh(ARM, ADDRESS, AbortSignal.timeout(PATIENCE_MS), never).then(
        () => undefined,
        (error: unknown) => (error instanceof FailureError ? error.failure : error),
      );
    };
    expect(await failure("  UseKeychain yes\n")).toMatchObject({
      code: "SSH_CONFIG",
      sentence: expect.stringContaining("Bad configuration option: usekeychain"),
      action: expect.stringContaining("IgnoreUnknown usekeychain"),
    });
    expect(await failure("Match foo bar\n")).toMatchObject({ code: "SSH_CONFIG" });
    expect(await failure("  KexAlgorithms diffie-hellman-group1-sha1\n")).toMatchObject({
      code: "NO_COMMON_ALGORITHM",
      sentence: expect.stringContaining("no matching key exchange method found"),
    });
    expect(await failure("  BindAddress 192.0.2.1\n")).toMatchObject({ code: "BIND_ADDRESS" });
    const key = join(sshd.home, ".ssh", "fcvm-ec2");
    await $({ env: process.env })`ssh-keygen -q -p -P ${""} -N secret -f ${key}`;
    expect(await failure("")).toMatchObject({ code: "KEY_LOCKED", sentence: expect.stringContaining("passphrase") });
  });

  test.each(["a host key", "a passphrase"])("a jump host that asks for %s asks nobody, and is told", async (what) => {
    const key = join(sshd.directory, "jump_key");
    const passphrase = what === "a passphrase" ? "secret" : "";
    await $({ env: process.env })`ssh-keygen -q -t ed25519 -N ${passphrase} -f ${key}`;
    const known = passphrase ? "  StrictHostKeyChecking accept-new\n" : "";
    writeFileSync(
      sshd.configPath,
      `Host jumper\n  HostName 127.0.0.1\n  Port ${sshd.port}\n  IdentityFile ${key}\n  IdentitiesOnly yes\n` +
        `  UserKnownHostsFile ${sshd.directory}/jumper_known_hosts\n${known}Host ${ADDRESS}\n  ProxyJump jumper\n`,
    );
    const { written, exited } = runProgram(process.execPath, [join(import.meta.dirname, "batch-program.ts")], {
      env: { ...environment.env, DISPLAY: ":99", SSH_ASKPASS: join(sshd.bin, "askpass") },
    });
    writeFileSync(join(sshd.bin, "askpass"), `#!/bin/sh\necho asked > ${sshd.directory}/asked\n`, { mode: 0o755 });
    await exited;
    expect(written()).toContain("JUMP_REFUSED");
    expect(written()).not.toMatch(/authenticity|yes\/no|Enter passphrase/);
    expect(existsSync(join(sshd.directory, "asked"))).toBe(false);
  });

  test("a link that falls silent for a while loses nothing: what was typed meanwhile arrives in the same shell", async () => {
    const core = { ...fleet, start: async () => {}, stop: () => {}, refresh: async () => {} };
    const sessions = createSessions(environment, systemClock, core, channel);
    const terminal = testTerminal();
    const id = sessions.open(ARM, ADDRESS, "new");
    const done = sessions.attach(id, terminal);
    terminal.type("here=kept; echo begun-$((6*7))\r");
    await terminal.waitFor("begun-42");
    sshd.signalConnections("SIGSTOP");
    terminal.type("echo still-$here\r");
    sshd.signalConnections("SIGCONT");
    await terminal.waitFor("still-kept");
    terminal.type("exit\r");
    expect(await done).toBe("ended");
    await sessions.stop();
  });

  test("a session that ssh itself ends says why, in its words", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const config = readFileSync(sshd.configPath, "utf8");
    writeFileSync(
      sshd.configPath,
      `${config}  LocalForward 127.0.0.1:${port} localhost:80\n  ExitOnForwardFailure yes\n`,
    );
    const core = { ...fleet, start: async () => {}, stop: () => {}, refresh: async () => {} };
    const sessions = createSessions(environment, systemClock, core, channel);
    sessions.open(ARM, ADDRESS, "new");
    await when(sessions, ([session]) => session?.end !== undefined);
    expect(sessions.get()[0]?.end).toMatchObject({
      kind: "failed",
      sentence: expect.stringContaining("Address already in use"),
    });
    taken.close();
    writeFileSync(sshd.configPath, config);
    writeFileSync(
      join(sshd.directory, "authorized_keys"),
      `no-pty ${readFileSync(join(sshd.home, ".ssh", "fcvm-ec2.pub"), "utf8")}`,
    );
    sessions.open(ARM, ADDRESS, "new");
    await when(sessions, ([, second]) => second?.end !== undefined);
    expect(sessions.get()[1]?.end).toMatchObject({
      kind: "failed",
      sentence: expect.stringContaining("PTY allocation request failed"),
    });
    await sessions.stop();
  });

  test("a session runs, and its link's end is told from its own", async () => {
    const core = { ...fleet, start: async () => {}, stop: () => {}, refresh: async () => {} };
    const sessions = createSessions(environment, systemClock, core, channel);
    const terminal = testTerminal();
    const id = sessions.open(ARM, ADDRESS, "new");
    const done = sessions.attach(id, terminal);
    terminal.type("PS1='in> '; answer=42; echo $((6*7))\r");
    await terminal.waitFor(/^42/m);
    // As when a router or a reboot ends it: the server's own process for this connection dies.
    sshd.signalConnections("SIGKILL");
    expect(await done).toBe("ended");
    expect(sessions.get()[0]?.end).toMatchObject({ kind: "link-lost" });
    await when(sessions, ([session]) => session?.end === undefined);
    const again = sessions.attach(id, terminal);
    terminal.type("exit $answer\r");
    await again;
    expect(sessions.get()[0]?.end).toEqual({ kind: "exited", code: 42 });
    await sessions.stop();
  });
});
