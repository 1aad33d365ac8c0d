import { describe, expect, it } from "vitest";
import { assemble } from "../../../../ops/fleet/assemble.ts";
import { duration } from "../../../../ops/fleet/derive/ages.ts";
import { machineInTransition, movingParts } from "../../../../ops/fleet/derive/transition.ts";
import { isReleased, spotWords, stateWords } from "../../../../ops/fleet/derive/words.ts";
import type { InstanceState, SpotRequest } from "../../../../ops/fleet/model.ts";
import { instance, OWNER, spotRequest, story } from "../fixtures.ts";

function arm(state: InstanceState, request: Partial<SpotRequest> | undefined, stateReason?: string) {
  const observation = story({
    instances: [instance("fcvm-metal-arm", "i-0b", { state, stateReason })],
    spotRequests: request ? [spotRequest("i-0b", request)] : [],
  });
  return assemble(observation, OWNER);
}

describe("state in words", () => {
  it.each<[InstanceState, Partial<SpotRequest> | undefined, string, boolean]>([
    ["pending", { state: "open", statusCode: "pending-evaluation" }, "starting: spot request being evaluated", true],
    ["pending", { state: "active", statusCode: "fulfilled" }, "starting", true],
    ["running", { state: "active", statusCode: "fulfilled" }, "running", false],
    ["running", { state: "active", statusCode: "marked-for-stop" }, "running: AWS stops it within two minutes", true],
    [
      "running",
      { state: "active", statusCode: "marked-for-termination" },
      "running: AWS terminates it within two minutes",
      true,
    ],
    [
      "running",
      { state: "cancelled", statusCode: "request-canceled-and-instance-running" },
      "running: spot request cancelled, so it can never be stopped",
      false,
    ],
    ["running", undefined, "running: spot request not found", false],
    ["stopping", { state: "active", statusCode: "marked-for-stop" }, "stopping: spot request not yet released", true],
    ["stopped", { state: "active", statusCode: "marked-for-stop" }, "stopping: spot request not yet released", true],
    ["stopped", { state: "active", statusCode: "fulfilled" }, "stopping: spot request not yet released", true],
    ["stopped", { state: "disabled", statusCode: "instance-stopped-by-user" }, "stopped", false],
    [
      "stopped",
      { state: "disabled", statusCode: "instance-stopped-no-capacity" },
      "stopped by AWS: no spot capacity; EC2 restarts it",
      false,
    ],
    [
      "stopped",
      { state: "disabled", statusCode: "instance-stopped-by-price" },
      "stopped by AWS: the spot price is too high; EC2 restarts it",
      false,
    ],
    [
      "stopped",
      { state: "disabled", statusCode: "something-new" },
      "stopped: spot request disabled, something-new",
      false,
    ],
    ["stopped", { state: "open", statusCode: "pending-evaluation" }, "starting: spot request being evaluated", true],
    [
      "stopped",
      { state: "open", statusCode: "capacity-not-available" },
      "stopped: no spot capacity; EC2 restarts it",
      false,
    ],
    ["stopped", { state: "open", statusCode: "price-too-low" }, "stopped: spot price too high; EC2 restarts it", false],
    [
      "stopped",
      { state: "cancelled", statusCode: "x" },
      "stopped: spot request cancelled, so AWS is about to terminate it",
      false,
    ],
    ["stopped", { state: "closed", statusCode: "x" }, "stopped: spot request closed, so it cannot be started", false],
    [
      "terminated",
      { state: "open", statusCode: "instance-terminated-no-capacity" },
      "terminated: by AWS, no spot capacity",
      false,
    ],
    [
      "terminated",
      { state: "closed", statusCode: "instance-terminated-by-price" },
      "terminated: by AWS, the spot price is too high",
      false,
    ],
    [
      "terminated",
      { state: "closed", statusCode: "instance-terminated-by-user" },
      "terminated: by a person or Terraform",
      false,
    ],
    ["terminated", undefined, "terminated", false],
  ])("%s with %j is %j", (state, request, text, moves) => {
    const fleet = arm(state, request);
    expect(stateWords(fleet.machines["fcvm-metal-arm"]).text).toBe(text);
    expect(machineInTransition(fleet.machines["fcvm-metal-arm"])).toBe(moves);
    expect(movingParts(fleet).length > 0).toBe(moves);
  });

  it("knows a machine without spot, without an instance, and one that AWS ended", () => {
    const { jumpbox, "fcvm-metal-x86": x86 } = arm("running", undefined).machines;
    expect(stateWords(jumpbox).text).toBe("not there: no instance of this name");
    expect(spotWords(x86)).toBeUndefined();
    const fleet = arm("shutting-down", undefined, "Server.SpotInstanceTermination");
    expect(stateWords(fleet.machines["fcvm-metal-arm"]).text).toBe("terminating: by AWS");
    expect(stateWords(assemble(story(), OWNER).machines.jumpbox).text).toBe("running");
  });

  it("calls only a user's stop released", () => {
    expect(isReleased(spotRequest("i-0b", { state: "disabled", statusCode: "instance-stopped-by-user" }))).toBe(true);
    expect(isReleased(spotRequest("i-0b", { state: "disabled", statusCode: "instance-stopped-no-capacity" }))).toBe(
      false,
    );
    expect(isReleased(spotRequest("i-0b", { state: "active", statusCode: "instance-stopped-by-user" }))).toBe(false);
    expect(isReleased(undefined)).toBe(false);
  });
});

describe("duration", () => {
  it.each([
    [-5, "0 s"],
    [8_400, "8 s"],
    [12 * 60_000, "12 min"],
    [3 * 3_600_000 + 20 * 60_000, "3 h 20 min"],
    [4 * 86_400_000 + 6 * 3_600_000, "4 d 6 h"],
    [5 * 86_400_000, "5 d"],
    [210 * 86_400_000, "210 d"],
  ])("%d ms is %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});
