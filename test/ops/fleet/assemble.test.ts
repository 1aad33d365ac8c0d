import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assemble } from "../../../ops/fleet/assemble.ts";
import { MACHINE_NAMES } from "../../../ops/fleet/machines.ts";
import { MARK_TAGS, PERSISTENT_TAG } from "../../../ops/fleet/tags.ts";
import {
  ARM_ADDRESS,
  ARM_ROOT,
  address,
  attachment,
  instance,
  NOW,
  OWNER,
  RELEASED,
  spotRequest,
  story,
  volume,
  X86_ROOT,
} from "./fixtures.ts";

describe("assemble", () => {
  it("tells the story that the product is for", () => {
    const fleet = assemble(story(), OWNER);
    const { jumpbox, "fcvm-metal-arm": arm, "fcvm-metal-x86": x86 } = fleet.machines;
    expect(jumpbox.rootKind).toBe("unrecorded");
    expect(jumpbox.addressPlace).toBe("here");
    expect(jumpbox.dataVolumes.map((one) => one.id)).toEqual(["vol-0d"]);
    expect(arm.rootKind).toBe("temporary");
    expect(arm.root?.id).toBe("vol-0b");
    expect(arm.persistent?.volume?.id).toBe(ARM_ROOT);
    expect(arm.addressPlace).toBe("nowhere");
    expect(x86.rootKind).toBe("persistent");
    expect(x86.spotRequest?.statusCode).toBe("instance-stopped-by-user");
    expect(x86.addressPlace).toBe("here");
    expect(fleet.orphans.map((one) => one.id)).toEqual(["vol-0e"]);
    expect(fleet.straySpotRequests).toEqual([]);
    expect(fleet.strayInstances).toEqual([]);
    expect([...fleet.protectedVolumeIds].sort()).toEqual([X86_ROOT, ARM_ROOT].sort());
  });

  it("prefers the living instance to a terminated predecessor of the same name, whichever is newer", () => {
    const observation = story({
      instances: [
        instance("fcvm-metal-arm", "i-01", { state: "terminated", launchedAt: NOW }),
        instance("fcvm-metal-arm", "i-02", { state: "stopped", launchedAt: NOW - 1000 }),
      ],
    });
    const fleet = assemble(observation, OWNER);
    expect(fleet.machines["fcvm-metal-arm"].instance?.id).toBe("i-02");
    expect(fleet.machines["fcvm-metal-arm"].others.map((one) => one.id)).toEqual(["i-01"]);
    expect(fleet.strayInstances).toEqual([]);
  });

  it("takes the newest of two that live, and shows the other as a stray", () => {
    const observation = story({
      instances: [
        instance("jumpbox", "i-01", { launchedAt: NOW - 5000 }),
        instance("jumpbox", "i-02", { launchedAt: NOW }),
      ],
    });
    const fleet = assemble(observation, OWNER);
    expect(fleet.machines.jumpbox.instance?.id).toBe("i-02");
    expect(fleet.strayInstances.map((one) => one.id)).toEqual(["i-01"]);
  });

  it("knows the machine by its own volume, then by its own address, before its age", () => {
    const twins = [
      instance("fcvm-metal-x86", "i-0c", { launchedAt: 1 }),
      instance("fcvm-metal-x86", "i-0d", { launchedAt: 2 }),
    ];
    const chosen = (more: Partial<Parameters<typeof story>[0]>) =>
      assemble(story({ instances: twins, ...more }), OWNER).machines["fcvm-metal-x86"].instance?.id;
    expect(chosen({})).toBe("i-0c");
    expect(chosen({ volumes: [] })).toBe("i-0c");
    expect(chosen({ volumes: [], addresses: [] })).toBe("i-0d");
  });

  it("shows a terminated one where none lives, and nothing of its disks as a root", () => {
    const observation = story({ instances: [instance("fcvm-metal-arm", "i-0b", { state: "terminated" })] });
    const arm = assemble(observation, OWNER).machines["fcvm-metal-arm"];
    expect(arm.instance?.state).toBe("terminated");
    expect(arm.rootKind).toBe("none");
  });

  it("assembles an empty account", () => {
    const fleet = assemble({ at: NOW, instances: [], spotRequests: [], volumes: [], addresses: [] }, OWNER);
    expect(MACHINE_NAMES.map((name) => fleet.machines[name].instance)).toEqual([undefined, undefined, undefined]);
    expect(fleet.machines["fcvm-metal-arm"].persistent).toEqual({ volumeId: ARM_ROOT, volume: undefined });
    expect(fleet.machines["fcvm-metal-arm"].addressPlace).toBe("nowhere");
    expect(fleet.machines.jumpbox.addressPlace).toBe("unrecorded");
  });

  it("takes the root from where this instance says, also while it is being attached", () => {
    const observation = story({
      instances: [instance("fcvm-metal-arm", "i-0b", { rootDeviceName: "/dev/xvda" })],
      volumes: [
        volume(ARM_ROOT, { attachments: [attachment(ARM_ROOT, "i-0b", { device: "/dev/xvda", state: "attaching" })] }),
        volume("vol-0b", { attachments: [attachment("vol-0b", "i-0b", { device: "/dev/sdf" })] }),
      ],
    });
    const arm = assemble(observation, OWNER).machines["fcvm-metal-arm"];
    expect(arm.rootKind).toBe("persistent");
    expect(arm.dataVolumes.map((one) => one.id)).toEqual(["vol-0b"]);
  });

  it("lets the owner's file say which volume, and protects by the tag as well", () => {
    const observation = story({
      volumes: [volume("vol-0f", { tags: { [PERSISTENT_TAG]: "fcvm-metal-arm" } }), volume(ARM_ROOT)],
    });
    const fleet = assemble(observation, OWNER);
    expect(fleet.machines["fcvm-metal-arm"].persistent?.volumeId).toBe(ARM_ROOT);
    expect(fleet.protectedVolumeIds.has("vol-0f")).toBe(true);
    expect(fleet.orphans).toEqual([]);
    expect(assemble(observation, {}).machines["fcvm-metal-arm"].persistent?.volumeId).toBe("vol-0f");
  });

  it("calls nothing an orphan that a name or a tag claims: the home of a jumpbox that is gone is one of ours", () => {
    const mark = Object.fromEntries(Object.values(MARK_TAGS).map((tag) => [tag, "2026-01-15T12:00:00.000Z"]));
    const { [MARK_TAGS.markedAt]: _when, ...part } = mark;
    const loose = (id: string, name: string | undefined, tags: Readonly<Record<string, string>>) =>
      volume(id, { name, tags: name === undefined ? tags : { Name: name, ...tags } });
    const observation = story({
      instances: [],
      volumes: [
        volume(ARM_ROOT),
        loose("vol-0a", "jumpbox-home", {}),
        loose("vol-0b", "fcvm-metal-x86", {}),
        loose("vol-0c", undefined, { "aws:backup:source-resource": ARM_ROOT }),
        loose("vol-0d", undefined, { "snowglobe:machine": "jumpbox" }),
        loose("vol-0e", undefined, part),
        loose("vol-0f", undefined, mark),
        loose("vol-10", undefined, { ...mark, "snowglobe:keep:one": "" }),
        loose("vol-11", "somebody's", { project: "x" }),
      ],
    });
    const orphans = assemble(observation, OWNER).orphans.map(({ id }) => id);
    expect(orphans).toEqual(["vol-0f", "vol-10", "vol-11"]);
  });

  it("calls nothing an orphan while no volume is known to be persistent", () => {
    const fleet = assemble(story(), {});
    expect(fleet.protectedVolumeIds.size).toBe(0);
    expect(fleet.orphans).toEqual([]);
    expect(assemble(story(), OWNER).orphans).not.toEqual([]);
  });

  it("finds live spot requests whose machine is gone or is none of ours", () => {
    const observation = story({
      instances: [instance("fcvm-metal-arm", "i-0b"), instance("jumpbox", "i-0x", { name: undefined })],
      spotRequests: [
        spotRequest("i-0b"),
        spotRequest("i-0x"),
        spotRequest(undefined, { id: "sir-open", state: "open", statusCode: "capacity-not-available" }),
        spotRequest("i-gone", { state: "cancelled", statusCode: "canceled-before-fulfillment" }),
        spotRequest("i-gone", { id: "sir-gone", ...RELEASED }),
      ],
    });
    expect(assemble(observation, OWNER).straySpotRequests.map((one) => one.id)).toEqual([
      "sir-0x",
      "sir-open",
      "sir-gone",
    ]);
  });

  it("says where the address is", () => {
    const place = (more: Parameters<typeof address>[2]) =>
      assemble(story({ addresses: [address(ARM_ADDRESS, "184.72.40.255", more)] }), OWNER).machines["fcvm-metal-arm"]
        .addressPlace;
    expect(place({})).toBe("nowhere");
    expect(place({ instanceId: "i-0b", associationId: "a" })).toBe("here");
    expect(place({ instanceId: "i-0a", associationId: "a" })).toBe("elsewhere");
    expect(place({ associationId: "a" })).toBe("elsewhere");
  });

  it("never calls a protected or held volume an orphan, and never throws", () => {
    const ids = ["vol-0a", "vol-0b", ARM_ROOT, X86_ROOT];
    const anyVolume = fc
      .record({
        id: fc.constantFrom(...ids),
        state: fc.constantFrom("available" as const, "in-use" as const, "error" as const, "deleting" as const),
        holder: fc.option(fc.constantFrom("i-0a", "i-0b", "i-0z")),
        how: fc.constantFrom("attaching" as const, "attached" as const, "detached" as const, "busy" as const),
        tagged: fc.boolean(),
      })
      .map(({ id, state, holder, how, tagged }) =>
        volume(id, {
          state,
          tags: tagged ? { [PERSISTENT_TAG]: "jumpbox" } : {},
          attachments: holder ? [attachment(id, holder, { state: how })] : [],
        }),
      );
    fc.assert(
      fc.property(fc.uniqueArray(anyVolume, { selector: (one) => one.id }), (volumes) => {
        const fleet = assemble(story({ volumes }), OWNER);
        for (const orphan of fleet.orphans) {
          expect(fleet.protectedVolumeIds.has(orphan.id)).toBe(false);
          expect(orphan.attachments.every((one) => one.state === "detached")).toBe(true);
        }
        for (const machine of Object.values(fleet.machines)) {
          expect(machine.dataVolumes).not.toContain(machine.root);
        }
      }),
    );
  });
});
