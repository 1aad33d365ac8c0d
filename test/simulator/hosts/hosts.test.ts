import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../../ops/clock.ts";
import { environmentFrom } from "../../../ops/environment.ts";
import { createChannel } from "../../../ops/ssh/channel.ts";
import { createHostKeys } from "../../../ops/ssh/host-keys.ts";
import { cell } from "../../../ops/store.ts";
import { live, storyFleet } from "../../harness/fleets.ts";
import { waitUntil } from "../../harness/grid.ts";
import { startSimulator } from "../simulator.ts";
import { PERSISTENT, STORY_IDS } from "../story.ts";
import { startHosts } from "./hosts.ts";
import { hostsOfWorld } from "./view.ts";

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
    await waitUntil(() => simulator.account().instances[STORY_IDS.x86]?.state === "running", 10_000);
    await channel.waitForSsh("fcvm-metal-x86", publicIp, AbortSignal.timeout(10_000));
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
