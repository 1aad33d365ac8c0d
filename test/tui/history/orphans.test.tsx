import { expect, it } from "vitest";
import type { Fleet, Volume } from "../../../ops/fleet/model.ts";
import { MARK_TAGS } from "../../../ops/fleet/tags.ts";
import { OrphansScreen } from "../../../tui/history/orphans.tsx";
import { fakeClock } from "../../harness/fakes.ts";
import { aVolume, NOW, storyFleet } from "../../harness/fleets.ts";
import { renderScreen } from "../../harness/screen.tsx";
import { ENVIRONMENT } from "../run/scripted.tsx";

const DAY = 24 * 3_600_000;
const ORPHAN = aVolume("vol-0123456789abcdef0", {
  name: undefined,
  state: "available",
  sizeGiB: 300,
  type: "gp3",
  createdAt: NOW - 41 * DAY,
  attachments: [],
  tags: {
    [MARK_TAGS.machine]: "fcvm-metal-arm",
    [MARK_TAGS.instance]: "i-0feedfacecafebeef",
    [MARK_TAGS.replacedBy]: "vol-09e5c3cee32bb67dc",
    evil: "\u001b[2Jtag",
  },
});
const PROTECTED = aVolume("vol-09e5c3cee32bb67dc", { state: "available", attachments: [], tags: {} });

function fleet(orphans: readonly Volume[]): Fleet {
  return {
    ...storyFleet(),
    orphans,
    straySpotRequests: [],
    strayInstances: [],
    protectedVolumeIds: new Set([PROTECTED.id]),
  };
}

async function shown(value: Fleet | undefined, size = { columns: 80, rows: 24 }) {
  const deleted: string[] = [];
  const screen = await renderScreen(
    <OrphansScreen
      {...size}
      active
      clock={fakeClock()}
      fleet={value}
      environment={ENVIRONMENT}
      onDelete={(id) => deleted.push(id)}
      onBack={() => {}}
    />,
    size,
  );
  return { screen, deleted };
}

it("says of each volume its age, size, type, cost, last machine and tags, and starts its deletion", async () => {
  const { screen, deleted } = await shown(fleet([ORPHAN]));
  expect(screen.text()).toMatch(/› vol-0123456789abcdef0 +300 GiB +gp3 +41 d +\$28.80\/month +fcvm-metal-arm/);
  expect(screen.text()).toContain("1 volume, $28.80/month");
  expect(screen.text()).toContain("It was the root of i-0feedfacecafebeef; vol-09e5c3cee32bb67dc took its");
  expect(screen.text()).toContain("evil=tag");
  await screen.press("x");
  expect(deleted).toEqual([ORPHAN.id]);
  await screen.press("c");
  await screen.waitFor(`clipboard: ${ORPHAN.id}.`);
  await screen.unmount();
});

it("never offers a protected volume, even where a fleet calls it an orphan", async () => {
  const { screen, deleted } = await shown(fleet([PROTECTED]));
  expect(screen.text()).not.toContain(PROTECTED.id);
  expect(screen.text()).toContain("None: every volume is a machine's");
  expect(screen.text()).not.toContain("delete");
  await screen.press("x", "enter");
  expect(deleted).toEqual([]);
  await screen.unmount();
});

it("goes through many volumes in a small window, with what else costs money", async () => {
  const many = Array.from({ length: 30 }, (_, index) => ({
    ...ORPHAN,
    id: `vol-0000000000000${String(index).padStart(4, "0")}`,
    tags: {},
  }));
  const value: Fleet = {
    ...fleet(many),
    straySpotRequests: storyFleet().observation.spotRequests.slice(0, 1),
  };
  const { screen, deleted } = await shown(value);
  expect(screen.text()).toContain("Also costs money unseen");
  expect(screen.text()).toContain("not known");
  expect(screen.text()).toContain("It has no tags.");
  await screen.press("pagedown", "pagedown", "pagedown", "pagedown", "x");
  expect(deleted).toEqual([many[29]?.id]);
  expect(screen.text()).toContain(`› ${many[29]?.id}`);
  expect(screen.scrolledAway()).toBe(0);
  await screen.unmount();
});

it("says that nothing was seen yet", async () => {
  const { screen, deleted } = await shown(undefined);
  expect(screen.text()).toContain("The account has not been seen yet.");
  await screen.press("x");
  expect(deleted).toEqual([]);
  await screen.unmount();
});

it("deletes nothing that the filter hides, and hears no key while one is typed", async () => {
  const other = { ...ORPHAN, id: "vol-0aaaaaaaaaaaaaaaa", tags: { team: "kernel" } };
  const { screen, deleted } = await shown(fleet([ORPHAN, other]));
  await screen.press("/");
  await screen.type("kernelx");
  await screen.waitFor("No volume matches.");
  await screen.press("backspace", "enter");
  await screen.waitFor("/kernel  1 volume");
  expect(screen.text()).not.toContain(ORPHAN.id);
  expect(deleted).toEqual([]);
  await screen.press("x");
  expect(deleted).toEqual([other.id]);
  await screen.press("escape");
  await screen.waitFor(ORPHAN.id);
  await screen.unmount();
});
