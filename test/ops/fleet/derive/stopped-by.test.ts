import { describe, expect, it } from "vitest";
import { assemble } from "../../../../ops/fleet/assemble.ts";
import { headlines } from "../../../../ops/fleet/derive/headline.ts";
import { goneSentence, stoppedBy } from "../../../../ops/fleet/derive/stopped-by.ts";
import { stateWords } from "../../../../ops/fleet/derive/words.ts";
import type { Instance, InstanceState, SpotRequest } from "../../../../ops/fleet/model.ts";
import { instance, OWNER, spotRequest, story } from "../fixtures.ts";

const ARM = "fcvm-metal-arm";

function arm(over: Partial<Instance>, request?: Partial<SpotRequest>) {
  return assemble(
    story({ instances: [instance(ARM, "i-0b", over)], spotRequests: request ? [spotRequest("i-0b", request)] : [] }),
    OWNER,
  );
}

const marked: Partial<SpotRequest> = { state: "active", statusCode: "marked-for-stop" };
const disabled = (how: string): Partial<SpotRequest> => ({ state: "disabled", statusCode: `instance-stopped-${how}` });
const closed = (how: string): Partial<SpotRequest> => ({ state: "closed", statusCode: `instance-terminated-${how}` });

describe("who stopped a machine", () => {
  it.each<[InstanceState, string | undefined, Partial<SpotRequest> | undefined, string]>([
    ["stopping", undefined, marked, `${ARM} was stopped.`],
    ["stopped", undefined, marked, `${ARM} was stopped.`],
    ["stopping", "Client.UserInitiatedShutdown", marked, `${ARM} was stopped.`],
    ["stopping", "Server.SpotInstanceShutdown", marked, `AWS took ${ARM} back and stopped it.`],
    ["stopped", "Server.SpotInstanceShutdown", marked, `AWS took ${ARM} back and stopped it.`],
    ["stopped", undefined, disabled("by-user"), `${ARM} was stopped.`],
    ["stopped", undefined, disabled("no-capacity"), `AWS took ${ARM} back and stopped it: no spot capacity.`],
    ["stopped", undefined, disabled("by-price"), `AWS took ${ARM} back and stopped it: the spot price is too high.`],
    [
      "stopping",
      undefined,
      { state: "active", statusCode: "marked-for-stop-by-experiment" },
      `An interruption experiment (AWS FIS) stopped ${ARM}.`,
    ],
    [
      "stopped",
      "Server.SpotInstanceShutdown",
      disabled("by-experiment"),
      `An interruption experiment (AWS FIS) stopped ${ARM}.`,
    ],
    ["stopped", "Client.InstanceInitiatedShutdown", disabled("by-user"), `${ARM} was shut down from inside.`],
    ["stopped", "Client.InternalError", disabled("by-user"), `AWS took the start of ${ARM} back.`],
    ["terminated", undefined, closed("by-user"), `${ARM} was terminated.`],
    ["terminated", undefined, closed("no-capacity"), `AWS took ${ARM} back and terminated it: no spot capacity.`],
    [
      "terminated",
      undefined,
      { state: "cancelled", statusCode: "instance-terminated-by-service" },
      `${ARM} was terminated.`,
    ],
    ["shutting-down", "Server.SpotInstanceTermination", undefined, `AWS took ${ARM} back and terminated it.`],
    ["stopped", "Server.ScheduledStop", undefined, `AWS took ${ARM} back and stopped it.`],
    ["stopped", undefined, undefined, `${ARM} was stopped.`],
  ])("%s, %s, %j: %s", (state, stateReason, request, sentence) => {
    expect(goneSentence(arm({ state, stateReason }, request).machines[ARM])).toBe(sentence);
  });

  it("says nothing of one that runs, notice or not, and that one is gone which AWS does not know", () => {
    for (const state of ["running", "pending"] as const) {
      expect(stoppedBy(arm({ state }, marked).machines[ARM])).toBeUndefined();
      expect(goneSentence(arm({ state }, marked).machines[ARM])).toBeUndefined();
    }
    const none = assemble(story({ instances: [], spotRequests: [] }), OWNER).machines[ARM];
    expect(goneSentence(none)).toBe(`${ARM} is gone: AWS knows no such instance any more.`);
  });

  it("takes a final status from before the last start for that of an earlier stop", () => {
    const launchedAt = Date.UTC(2026, 0, 15, 12);
    const before = { ...disabled("no-capacity"), statusAt: launchedAt - 60_000 };
    const seen = arm({ state: "stopping", stateReason: "Client.UserInitiatedShutdown", launchedAt }, before);
    expect(stoppedBy(seen.machines[ARM])?.who).toBe("person");
  });

  it("the screen says the same as the sentences", () => {
    const experiment = arm({ state: "stopped" }, disabled("by-experiment"));
    expect(stateWords(experiment.machines[ARM]).text).toBe(
      "stopped: by an interruption experiment; EC2 does not restart it",
    );
    expect(headlines(experiment)).toContainEqual(
      expect.objectContaining({ kind: "taken", action: "Start it: p, or make start-arm." }),
    );
    const taken = arm({ state: "stopping", stateReason: "Server.SpotInstanceShutdown" }, marked);
    expect(stateWords(taken.machines[ARM]).text).toBe("stopping: AWS takes it back");
    const stopped = arm({ state: "stopping", stateReason: "Client.UserInitiatedShutdown" }, marked);
    expect(stateWords(stopped.machines[ARM]).text).toBe("stopping: spot request not yet released");
    expect(headlines(stopped).filter(({ kind }) => kind === "taken")).toEqual([]);
  });
});
