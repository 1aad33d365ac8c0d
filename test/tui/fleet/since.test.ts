import { expect, it } from "vitest";
import { refreshingFor, stateSince } from "../../../tui/fleet/since.ts";
import { aFleet, NOW } from "../../harness/fleets.ts";

it("a refresh is marked by how long it takes, from its beginning on", () => {
  const core = {};
  expect(refreshingFor(core, true, NOW)).toBe(0);
  expect(refreshingFor(core, true, NOW + 1500)).toBe(1500);
  expect(refreshingFor(core, false, NOW + 1600)).toBe(0);
  expect(refreshingFor(core, true, NOW + 9000)).toBe(0);
});

it("a wait is counted from what AWS says, else from when it was first seen, also across screens", () => {
  const core = {};
  const stopping = aFleet({ jumpbox: { phase: "stopping" }, "fcvm-metal-arm": { phase: "releasing" } }).machines;
  const starting = aFleet({ "fcvm-metal-arm": { phase: "pending", upFor: 7000 } }).machines;
  expect(stateSince(core, stopping["fcvm-metal-arm"], NOW)).toBe(NOW - 42_000);
  expect(stateSince(core, starting["fcvm-metal-arm"], NOW)).toBe(NOW - 7000);
  // The jumpbox has no spot request that could tell.
  expect(stateSince(core, stopping.jumpbox, NOW)).toBe(NOW);
  expect(stateSince(core, stopping.jumpbox, NOW + 5000)).toBe(NOW);
  expect(stateSince(core, aFleet().machines.jumpbox, NOW + 6000)).toBeUndefined();
  expect(stateSince(core, stopping.jumpbox, NOW + 9000)).toBe(NOW + 9000);
});
