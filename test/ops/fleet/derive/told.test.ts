import { describe, expect, it } from "vitest";
import { assemble } from "../../../../ops/fleet/assemble.ts";
import { changes } from "../../../../ops/fleet/derive/changes.ts";
import { headlines } from "../../../../ops/fleet/derive/headline.ts";
import type { Observation } from "../../../../ops/fleet/model.ts";
import {
  ARM_ADDRESS,
  ARM_ROOT,
  address,
  attachment,
  instance,
  OWNER,
  RELEASED,
  spotRequest,
  story,
  volume,
  X86_ROOT,
} from "../fixtures.ts";

const told = (before: Partial<Observation>, after: Partial<Observation>) =>
  changes(assemble(story(before), OWNER), assemble(story(after), OWNER)).map((change) => change.sentence);
const kinds = (more: Partial<Observation>, owner = OWNER) =>
  headlines(assemble(story(more), owner)).map((headline) => headline.kind);

describe("headline", () => {
  it("is the temporary disk in the story", () => {
    const [first, ...rest] = headlines(assemble(story(), OWNER));
    expect(first?.sentence).toBe(`fcvm-metal-arm is running on a temporary disk (vol-0b); yours is ${ARM_ROOT}.`);
    expect(first?.severity).toBe("alarm");
    expect(rest.map((one) => one.kind)).toEqual(["address", "orphans"]);
  });

  it("says when the recorded volume is not there", () => {
    expect(kinds({ volumes: [] })).toEqual(["persistent-missing", "persistent-missing", "address"]);
  });

  it("ranks what AWS took above strays, and strays above addresses", () => {
    expect(
      kinds({
        spotRequests: [
          spotRequest("i-0b", { statusCode: "marked-for-stop" }),
          spotRequest("i-0c", { state: "disabled", statusCode: "instance-stopped-no-capacity" }),
          spotRequest("i-gone", { state: "open" }),
        ],
        instances: [...story().instances, instance("jumpbox", "i-0z", { launchedAt: 0 })],
      }),
    ).toEqual(["temporary-disk", "interrupted", "taken", "stray-spot-request", "stray-instance", "address", "orphans"]);
  });

  it("does not call it well that a machine was ended or is not there", () => {
    const [jumpbox, arm] = story().instances;
    const without = [jumpbox, arm].flatMap((one) => one ?? []);
    const x86 = instance("fcvm-metal-x86", "i-0c", { state: "shutting-down" });
    const sentences = (instances: Observation["instances"]) =>
      headlines(assemble(story({ instances, spotRequests: [] }), OWNER))
        .filter(({ kind }) => kind === "ended")
        .map(({ sentence }) => sentence);
    expect(sentences([...without, x86])).toEqual(["fcvm-metal-x86 is terminating."]);
    expect(sentences(without)).toEqual(["There is no fcvm-metal-x86 in this account and region."]);
    expect(sentences(story().instances)).toEqual([]);
  });

  it("tells of an account without machines, a cancelled request and a persistent root at risk", () => {
    expect(kinds({ instances: [] }, {})[0]).toBe("no-machines");
    expect(
      kinds({
        spotRequests: [
          spotRequest("i-0b", { state: "cancelled", statusCode: "request-canceled-and-instance-running" }),
        ],
        volumes: [
          volume(ARM_ROOT),
          volume(X86_ROOT, { attachments: [attachment(X86_ROOT, "i-0c", { deleteOnTermination: true })] }),
        ],
      }),
    ).toEqual(["spot-cancelled", "persistent-at-risk", "address"]);
  });

  it("names another volume that is tagged as the disk of the same machine, for only its owner knows which it is", () => {
    const tagged = volume("vol-0other", { tags: { "snowglobe:persistent": "fcvm-metal-arm" } });
    const found = headlines(assemble(story({ volumes: [...story().volumes, tagged] }), OWNER));
    const said = found.find(({ kind }) => kind === "record-contradiction");
    expect(said?.sentence).toBe(
      `${ARM_ROOT} counts as the disk of fcvm-metal-arm, but vol-0other is tagged as it too.`,
    );
    expect(said?.action).toContain("terraform.tfvars");
  });

  it("is silent where all is well", () => {
    expect(
      kinds({
        volumes: [
          volume(ARM_ROOT, { attachments: [attachment(ARM_ROOT, "i-0b")] }),
          volume(X86_ROOT, { attachments: [attachment(X86_ROOT, "i-0c")] }),
        ],
        addresses: [],
      }),
    ).toEqual([]);
  });
});

describe("changes", () => {
  it("are none between equal fleets", () => {
    expect(told({}, {})).toEqual([]);
  });

  it("tell of a spot request released", () => {
    const stopped = [instance("fcvm-metal-arm", "i-0b", { state: "stopped" })];
    expect(
      told(
        { instances: stopped, spotRequests: [spotRequest("i-0b", { statusCode: "marked-for-stop" })] },
        { instances: stopped, spotRequests: [spotRequest("i-0b", RELEASED)] },
      ),
    ).toEqual(["fcvm-metal-arm stopped: spot request released"]);
  });

  it("tell of a state", () => {
    expect(
      told(
        {},
        { instances: story().instances.map((one) => (one.id === "i-0a" ? { ...one, state: "stopping" } : one)) },
      ),
    ).toEqual(["jumpbox is stopping"]);
  });

  it("tell of a recreated machine on a temporary disk", () => {
    const own = [volume(ARM_ROOT, { attachments: [attachment(ARM_ROOT, "i-0f")] })];
    const before = {
      instances: [instance("fcvm-metal-arm", "i-0f")],
      volumes: own,
      spotRequests: [spotRequest("i-0f")],
    };
    const after = {
      instances: [instance("fcvm-metal-arm", "i-0b")],
      volumes: [volume(ARM_ROOT), volume("vol-0b", { attachments: [attachment("vol-0b", "i-0b")] })],
      spotRequests: [spotRequest("i-0b")],
    };
    expect(told(before, after)).toEqual([
      "fcvm-metal-arm is a new instance, i-0b, running",
      "fcvm-metal-arm is running on a temporary disk",
    ]);
    expect(
      told(after, {
        ...after,
        volumes: own.map(() => volume(ARM_ROOT, { attachments: [attachment(ARM_ROOT, "i-0b")] })),
      }),
    ).toEqual(["fcvm-metal-arm has your disk again", "volume vol-0b is deleted"]);
    expect(told(before, { ...before, instances: [] })[0]).toBe("fcvm-metal-arm is gone");
  });

  it("tell of an address that moved, an orphan and a stray", () => {
    expect(
      told({}, { addresses: [address(ARM_ADDRESS, "184.72.40.255", { instanceId: "i-0b", associationId: "a" })] }),
    ).toEqual(["address 184.72.40.255 is now on fcvm-metal-arm"]);
    expect(told({}, { volumes: [...story().volumes, volume("vol-0f")] })).toEqual([
      "volume vol-0f (300 GiB) is unattached now",
    ]);
    expect(told({}, { spotRequests: [...story().spotRequests, spotRequest("i-x", { state: "open" })] })).toEqual([
      "spot request sir-x is open without its machine",
    ]);
  });
});
