import { expect, it } from "vitest";
import { cell } from "../../ops/store.ts";
import { type Cockpit, fleetHandlers } from "../../tui/cockpit.ts";
import { chooseFirst } from "../../tui/first-selection.ts";
import { navigate, START, startOn } from "../../tui/navigation.ts";
import { fakeOps } from "../harness/fakes.ts";
import { aFleet, aSession, live, storyFleet } from "../harness/fleets.ts";
import { FOREVER, scripted } from "./run/scripted.tsx";

it("x ends the session that is drawn as chosen, also where the one that Tab chose is gone", async () => {
  const ops = fakeOps({
    sessions: ["a", "b"].map((id) => aSession(id, "jumpbox", { end: { kind: "exited", code: 0 } })),
  });
  const place = cell(START);
  const cockpit: Cockpit = {
    ops,
    place: place.get,
    dispatch: (action) => place.update((now) => navigate(now, action)),
    tell: () => {},
    lend: async () => {},
    lendBytes: async () => {},
    dropKeys: () => {},
    copy: () => {},
    end: () => {},
  };
  const handlers = fleetHandlers(cockpit);
  const press = async (key: "session" | "endSession") => {
    handlers[key]?.();
    await Promise.all(ops.operations.get().map((run) => run.finished));
    cockpit.dispatch({ type: "close" });
  };
  await press("session");
  await press("endSession");
  expect(ops.sessions.get().map(({ id }) => id)).toEqual(["b"]);
  await press("endSession");
  expect(ops.sessions.get()).toEqual([]);
});

it("the headline's machine is chosen until the person has begun something on the one that is", () => {
  const last = storyFleet();
  const calm = aFleet({ jumpbox: { phase: "running" } });
  const chosenAfter = (begun: boolean) => {
    const ops = fakeOps({ fleet: live(calm, { source: "stored" }) });
    const place = cell(START);
    const end = chooseFirst(ops, place, (action) => place.update((now) => navigate(now, action)));
    expect(place.get().selected).toBe("jumpbox");
    if (begun) ops.cells.operations.set([scripted(() => FOREVER, { machine: "jumpbox" })]);
    ops.cells.fleet.set(live(last));
    end();
    return place.get().selected;
  };
  expect(chosenAfter(false)).toBe("fcvm-metal-arm");
  expect(chosenAfter(true)).toBe("jumpbox");
});

it("a headline that has gone leaves the machine chosen that it was about", () => {
  const ops = fakeOps({ fleet: { ...live(storyFleet()), source: "stored" } });
  const place = cell(startOn(storyFleet()));
  const end = chooseFirst(ops, place, (action) => place.update((now) => navigate(now, action)));
  expect(place.get().selected).toBe("fcvm-metal-arm");
  ops.cells.fleet.set(live(aFleet()));
  end();
  expect(place.get().selected).toBe("fcvm-metal-arm");
});
