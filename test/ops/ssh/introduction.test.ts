/** The first contact with a machine, by a real ssh to a real sshd: whose word its host key is taken on. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Environment, environmentFrom } from "../../../ops/environment.ts";
import { FailureError } from "../../../ops/failure.ts";
import type { FleetState } from "../../../ops/fleet/state.ts";
import { type Channel, createChannel } from "../../../ops/ssh/channel.ts";
import { fingerprintOf, keysOnConsole } from "../../../ops/ssh/console-keys.ts";
import { createHostKeys, type HostKeys, rootFacts } from "../../../ops/ssh/host-keys.ts";
import { type Cell, cell } from "../../../ops/store.ts";
import { aFleet, live, NOW } from "../../harness/fleets.ts";
import { SSHD, type Sshd, startSshd } from "./sshd.ts";

const ARM = "fcvm-metal-arm";
const ADDRESS = "184.72.40.255";
const MINUTE = 60_000;
const STRANGER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIhZLNoe3+qf6vFif2O73hwHYnhWJlBFdjbXdAlPL/IU";

/** As cloud-init prints them (test/terraform/cloud-init.test.ts), with the kernel speaking up in between. */
const printed = (...keys: readonly string[]) =>
  [
    "[    9.1] random: crng init done",
    "-----BEGIN SSH HOST KEY KEYS-----",
    ...keys.map((key) => `[   14.0] ${key} root@ip-172-31-16-20`),
    "-----END SSH HOST KEY KEYS-----",
    "",
  ].join("\r\n");

describe.skipIf(!SSHD)("the first contact with a machine", () => {
  let sshd: Sshd;
  let environment: Environment;
  let fleet: Cell<FleetState>;
  let hostKeys: HostKeys;
  let channel: Channel;
  let now = NOW;
  let shown: { text: string; at: number | undefined } | undefined;
  let asked: string[] = [];
  /** What a look after the connection shows; undefined where AWS does not answer. */
  let after: (() => FleetState) | undefined;

  beforeEach(async () => {
    sshd = await startSshd();
    environment = environmentFrom({
      PATH: `${sshd.bin}:${process.env.PATH}`,
      HOME: sshd.home,
      SNOWGLOBE_SSH_CONFIG: sshd.configPath,
    });
    fleet = cell(live(aFleet({ [ARM]: { phase: "running", upFor: MINUTE } })));
    hostKeys = createHostKeys(environment);
    now = NOW;
    shown = undefined;
    asked = [];
    after = fleet.get;
    const clock = { now: () => now, monotonic: () => now, sleep: async () => {} };
    const console = async (id: string) => {
      asked.push(id);
      if (!shown) throw new Error("the console cannot be had");
      return shown;
    };
    channel = createChannel(environment, clock, fleet, hostKeys, console, async (machine) => {
      if (!after) throw new FailureError({ kind: "offline", sentence: "AWS does not answer." });
      return rootFacts(after().fleet, machine);
    });
  });
  afterEach(() => sshd.stop());

  const key = () => readFileSync(join(sshd.directory, "host_key.pub"), "utf8").split(" ").slice(0, 2).join(" ");
  const known = () => {
    try {
      return readFileSync(hostKeys.file, "utf8");
    } catch {
      return "";
    }
  };
  const instanceId = () => fleet.get().fleet?.machines[ARM].instance?.id;
  const failureOf = async () => {
    const error: unknown = await channel.run(ARM, ADDRESS, "true").then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return error instanceof FailureError ? error.failure : error;
  };
  const onAnotherInstance = () => {
    const state = fleet.get();
    const machine = state.fleet?.machines[ARM];
    if (!state.fleet || !machine?.instance) throw new Error("no machine");
    const instance = { ...machine.instance, id: "i-0another0instance" };
    const machines = { ...state.fleet.machines, [ARM]: { ...machine, instance } };
    fleet.set({ ...state, fleet: { ...state.fleet, machines } });
  };

  test("a key that the console shows is verified before it is trusted, and the console is not asked again", async () => {
    shown = { text: printed(STRANGER) + printed(key()), at: NOW };
    expect((await channel.run(ARM, ADDRESS, "echo in")).stdout).toBe("in\n");
    expect(channel.trust(ARM, ADDRESS)).toBe("console");
    expect(known()).toBe(`${ARM}.vol-09e5c3cee32bb67dc.${instanceId()} ${key()}\n`);
    await channel.run(ARM, ADDRESS, "true");
    expect(asked).toEqual([instanceId()]);
  });

  test("another key than the console's is refused, with both fingerprints, and nothing is kept", async () => {
    shown = { text: printed(STRANGER), at: NOW };
    for (const _ of [1, 2]) {
      const failure = await failureOf();
      expect(failure).toMatchObject({ kind: "refused", code: "HOST_KEY_FORGED" });
      const { sentence } = failure as { sentence: string };
      expect(sentence).toContain(fingerprintOf({ blob: key().split(" ")[1] ?? "" }));
      expect(sentence).toContain(fingerprintOf({ blob: STRANGER.split(" ")[1] ?? "" }));
    }
    expect(known()).toBe("");
    expect(channel.trust(ARM, ADDRESS)).toBeUndefined();
  });

  test("the console is waited for while it lags, and what it then shows counts", async () => {
    expect(await failureOf()).toMatchObject({ kind: "offline", code: "HOST_KEY_AWAITED" });
    now += 30_000;
    shown = { text: "[    0.0] Linux version 6.8", at: NOW };
    expect(await failureOf()).toMatchObject({ code: "HOST_KEY_AWAITED" });
    now += 10_000;
    shown = { text: printed(key()), at: NOW };
    await channel.run(ARM, ADDRESS, "true");
    expect(channel.trust(ARM, ADDRESS)).toBe("console");
  });

  test("a console that says nothing: accepted once, said so, and another key afterwards is refused", async () => {
    expect(await failureOf()).toMatchObject({ code: "HOST_KEY_AWAITED" });
    now += 61_000;
    await channel.run(ARM, ADDRESS, "true");
    expect(channel.trust(ARM, ADDRESS)).toBe("unverified");
    await sshd.changeHostKey();
    expect(await failureOf()).toMatchObject({ code: "HOST_KEY_CHANGED", sentence: expect.stringMatching(/^WARNING/) });
  });

  test("several that meet it at once do not take the key from each other, and leave nothing behind", async () => {
    shown = { text: "Cloud-init v. 25.1.4 finished at Sun, 01 Mar 2026", at: NOW };
    const alias = hostKeys.alias(ARM, rootFacts(fleet.get().fleet, ARM));
    // What ssh took is there, and has not been read: another one begins.
    const first = await hostKeys.propose(alias, []);
    writeFileSync(first.file, `${alias} ${key()}\n`);
    const second = await hostKeys.propose(alias, []);
    expect(first.keys()).toHaveLength(1);
    await Promise.all([first.withdraw(), second.withdraw()]);
    await Promise.all(Array.from({ length: 4 }, () => channel.run(ARM, ADDRESS, "true")));
    expect(hostKeys.knows(alias)).toBe(true);
    expect(readdirSync(join(environment.stateDir, "console-keys"))).toEqual([]);
  });

  test("nothing is waited for where cloud-init is done, or the machine has long been up", async () => {
    shown = { text: "Cloud-init v. 25.1.4 finished at Sun, 01 Mar 2026", at: NOW };
    await channel.run(ARM, ADDRESS, "true");
    expect(channel.trust(ARM, ADDRESS)).toBe("unverified");
    fleet.set(live(aFleet({ [ARM]: { phase: "running", upFor: 300 * MINUTE, root: "temporary" } })));
    await channel.run(ARM, ADDRESS, "true");
    expect(channel.trust(ARM, ADDRESS)).toBe("unverified");
  });

  test("what the console showed before this start is of another boot", async () => {
    shown = { text: printed(STRANGER), at: NOW - 5 * MINUTE };
    expect(await failureOf()).toMatchObject({ code: "HOST_KEY_AWAITED" });
  });

  test.each([
    ["shown by the console", () => printed(key())],
    ["only seen", () => "Cloud-init v. 25.1.4 finished"],
  ])("a key that was %s is kept only where a look afterwards shows the same boot of the same root", async (_, text) => {
    const before = fleet.get();
    shown = { text: text(), at: NOW };
    for (const changed of [
      { phase: "running", upFor: MINUTE, root: "temporary" },
      { phase: "running", upFor: MINUTE / 2 },
      { phase: "stopped" },
    ] as const) {
      after = () => live(aFleet({ [ARM]: changed }));
      expect(await failureOf()).toMatchObject({ kind: "offline", code: "BECAME_ANOTHER" });
    }
    after = undefined;
    expect(await failureOf()).toMatchObject({ kind: "offline" });
    expect(known()).toBe("");
    expect(channel.trust(ARM, ADDRESS)).toBeUndefined();
    after = () => before;
    await channel.run(ARM, ADDRESS, "true");
    expect(known()).toContain(key());
  });

  test("under another instance ID a new key is expected; the old one of that root is known again", async () => {
    shown = { text: printed(key()), at: NOW };
    await channel.run(ARM, ADDRESS, "true");
    onAnotherInstance();
    shown = { text: "Cloud-init v. 25.1.4 finished", at: NOW };
    await channel.run(ARM, ADDRESS, "true");
    expect(channel.trust(ARM, ADDRESS)).toBe("root");
    fleet.set(live(aFleet({ [ARM]: { phase: "running", upFor: MINUTE } })));
    await sshd.changeHostKey();
    expect(await failureOf()).toMatchObject({ code: "HOST_KEY_CHANGED" });
  });
});

test("the keys of any console can be read, or there are none; half a block is none", () => {
  const whole = printed(STRANGER);
  expect(keysOnConsole(whole).keys.map(({ type, blob }) => `${type} ${blob}`)).toEqual([STRANGER]);
  expect(keysOnConsole(whole.replace("-----END", "----")).keys).toEqual([]);
  expect(keysOnConsole(whole.replace("ssh-ed25519", "ssh-rsa")).keys).toEqual([]);
  fc.assert(
    fc.property(fc.nat(whole.length), fc.string({ unit: "binary" }), fc.nat(40), (at, text, without) => {
      const { keys } = keysOnConsole(whole.slice(0, at) + text + whole.slice(at + without));
      for (const one of keys) expect(fingerprintOf(one)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    }),
  );
});
