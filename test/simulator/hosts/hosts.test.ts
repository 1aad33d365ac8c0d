import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../../ops/clock.ts";
import { environmentFrom } from "../../../ops/environment.ts";
import { createChannel } from "../../../ops/ssh/channel.ts";
import { createHostKeys } from "../../../ops/ssh/host-keys.ts";
import { cell } from "../../../ops/store.ts";
import { live, storyFleet } from "../../harness/fleets.ts";
import { PATIENCE_MS, waitUntil } from "../../harness/grid.ts";
import { startSimulator } from "../simulator.ts";
import { PERSISTENT, STORY_IDS } from "../story.ts";
import { startHosts } from "./hosts.ts";
import { type HostSource, hostsOfWorld } from "./view.ts";

test("hosts follow the simulated account: they answer some time after a start, and not after a stop", async () => {
  const directory = mkdtempSync(join(tmpdir(), "snowglobe-hosts-"));
  const simulator = await startSimulator({ latencyScale: 0.01 });
  const hosts = await startHosts({ source: hostsOfWorld(simulator), directory, home: join(directory, "home") });
  try {
    const environment = environmentFrom({
      PATH: process.env.PATH,
      HOME: join(directory, "home"),
      SNOWGLOBE_SSH_CONFIG: hosts.sshConfigPath,
    });
    const fleet = cell(live(storyFleet()));
    const channel = createChannel(environment, systemClock, fleet, createHostKeys(environment));
    const { publicIp, volumeId } = PERSISTENT["fcvm-metal-x86"];
    const ask = (command: string) => channel.run("fcvm-metal-x86", publicIp, command).then(({ stdout }) => stdout);

    await expect(ask("true")).rejects.toMatchObject({ failure: { code: "ECONNREFUSED" } });
    simulator.apply({ name: "StartInstances", instanceIds: [STORY_IDS.x86] });
    await waitUntil(() => simulator.account().instances[STORY_IDS.x86]?.state === "running");
    await channel.waitForSsh("fcvm-metal-x86", publicIp, AbortSignal.timeout(PATIENCE_MS));
    expect(await ask("hostname; uname -m; ls")).toBe("fcvm-metal-x86\nx86_64\nnotes.md\nsrc\n");
    await ask("echo kept > kept");
    expect(readFileSync(join(hosts.volumePath(volumeId), "home/ubuntu/kept"), "utf8")).toBe("kept\n");
    simulator.apply({ name: "StopInstances", instanceIds: [STORY_IDS.x86] });
    await hosts.settled();
    await expect(ask("true")).rejects.toMatchObject({ failure: { code: "ECONNREFUSED" } });
  } finally {
    await hosts.stop();
    await simulator.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});

test("a host that has booted while the others were looked at comes up all the same", async () => {
  const directory = mkdtempSync(join(tmpdir(), "snowglobe-hosts-"));
  let time = 0;
  const source: HostSource = {
    list: () => [
      {
        machine: "jumpbox",
        instanceId: "i-1",
        keepsHostKeys: false,
        running: true,
        rootVolumeId: "vol-1",
        hasData: false,
        publicIp: "192.0.2.1",
        startedAt: 0,
        bootedAt: 2,
        interruption: undefined,
      },
    ],
    onChange: () => () => {},
    // It boots between the first time that is read and the next.
    now: () => {
      time += 2;
      return time - 1;
    },
    at: (_at, callback) => {
      const timer = setImmediate(callback);
      return () => clearImmediate(timer);
    },
  };
  const hosts = await startHosts({ source, directory, home: join(directory, "home") });
  try {
    const port = () => Number(/Port (\d+)/.exec(readFileSync(hosts.sshConfigPath, "utf8"))?.[1] ?? 0);
    const answers = () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(port(), "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
        socket.unref();
      });
    await waitUntil(answers, 5000, () => "the host never listened");
  } finally {
    await hosts.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});
