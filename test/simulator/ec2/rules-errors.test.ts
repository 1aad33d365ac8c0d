/** Every refusal of the rules: from which state, of which call, in which words. */

import { describe, expect, it } from "vitest";
import { healthyAccount, STORY_IDS as ID, interruptedByAws, recreatedAccount } from "../story.ts";
import type { Account } from "./account.ts";
import type { Call } from "./calls.ts";
import { apply } from "./rules.ts";
import {
  ARM_ADDRESS,
  ARM_VOLUME,
  associate,
  attach,
  cancel,
  detach,
  NOW,
  play,
  start,
  stop,
  X86_VOLUME,
} from "./steps.ts";

const story = recreatedAccount(NOW);
const healthy = healthyAccount(NOW);
describe("errors", () => {
  const stopping = play(story, stop(ID.arm));
  const stopped = play(stopping, `stop:${ID.arm}`);
  const released = play(stopped, `release:${ID.armRequest}`);
  const rootless = play(released, detach(ID.armTemporaryDisk), `detach:${ID.armTemporaryDisk}`);
  const attaching = play(rootless, attach(ARM_VOLUME, ID.arm));
  const ready = play(attaching, `attach:${ARM_VOLUME}`);
  const lost = play(ready, { happens: { name: "lose-spot-capacity", type: "c7gd.metal" } });
  const pending = play(ready, start(ID.arm));
  const otherZone = { ...rootless, volumes: { ...rootless.volumes } };
  const moved = rootless.volumes[ARM_VOLUME];
  if (moved) otherZone.volumes[ARM_VOLUME] = { ...moved, zone: "us-west-1c" };

  const cases: readonly (readonly [string, Account, Call, string, RegExp])[] = [
    ["start while stopping", stopping, start(ID.arm), "IncorrectInstanceState", /cannot|not in a state/],
    [
      "start before the request is released",
      stopped,
      start(ID.arm),
      "IncorrectSpotRequestState",
      /You can't start the Spot Instance 'i-[0-9a-f]+' because the associated Spot Instance request is not in an appropriate state to support start\./,
    ],
    [
      "start what EC2 stopped",
      interruptedByAws(NOW),
      start(ID.arm),
      "IncorrectSpotRequestState",
      /not in an appropriate state to support start/,
    ],
    [
      "start without a root",
      rootless,
      start(ID.arm),
      "InvalidParameterValue",
      /Invalid value 'i-[0-9a-f]+' for instanceId\. Instance does not have a volume attached at root \(\/dev\/sda1\)/,
    ],
    ["start while the root is attaching", attaching, start(ID.arm), "InvalidParameterValue", /attached at root/],
    ["start fails for all when one has no root", rootless, start(ID.x86, ID.arm), "InvalidParameterValue", /at root/],
    ["start without capacity", lost, start(ID.arm), "InsufficientInstanceCapacity", /no available Spot capacity/],
    ["stop while pending", pending, stop(ID.arm), "IncorrectInstanceState", /from which it can be stopped/],
    ["stop what is terminated", story, stop(ID.armPredecessor), "IncorrectInstanceState", /can be stopped/],
    [
      "stop under a cancelled request",
      play(story, cancel(ID.armRequest)),
      stop(ID.arm),
      "IncorrectSpotRequestState",
      /support stop/,
    ],
    [
      "reboot what is stopped",
      story,
      { name: "RebootInstances", instanceIds: [ID.x86] },
      "IncorrectInstanceState",
      /rebooted/,
    ],
    ["no such instance", story, start("i-00000000000000000"), "InvalidInstanceID.NotFound", /does not exist/],
    ["no instance ID", story, start("jumpbox"), "InvalidInstanceID.Malformed", /Invalid id: "jumpbox"/],
    [
      "detach the root of a running machine",
      story,
      detach(ID.armTemporaryDisk),
      "IncorrectState",
      /Unable to detach root volume 'vol-[0-9a-f]+' from instance 'i-[0-9a-f]+'/,
    ],
    ["detach the root of a stopping one", stopping, detach(ID.armTemporaryDisk), "IncorrectState", /detach root/],
    ["detach what is available", story, detach(ARM_VOLUME), "IncorrectState", /'available'/],
    ["detach what is attaching", attaching, detach(ARM_VOLUME), "IncorrectState", /'attaching'/],
    [
      "detach from another instance",
      story,
      { name: "DetachVolume", volumeId: X86_VOLUME, instanceId: ID.arm },
      "InvalidAttachment.NotFound",
      /not attached/,
    ],
    [
      "attach where something is",
      released,
      attach(ARM_VOLUME, ID.arm),
      "InvalidParameterValue",
      /Attachment point \/dev\/sda1 is already in use/,
    ],
    [
      "attach what is attached",
      story,
      attach(X86_VOLUME, ID.arm, "/dev/sdg"),
      "VolumeInUse",
      /is already attached to an instance/,
    ],
    [
      "attach from another zone",
      otherZone,
      attach(ARM_VOLUME, ID.arm),
      "InvalidVolume.ZoneMismatch",
      /same availability zone/,
    ],
    [
      "attach to a stopping machine",
      stopping,
      attach(ARM_VOLUME, ID.arm, "/dev/sdg"),
      "IncorrectState",
      /not 'running'/,
    ],
    [
      "attach what is not there",
      story,
      attach("vol-00000000000000000", ID.arm),
      "InvalidVolume.NotFound",
      /does not exist/,
    ],
    [
      "delete what is attached",
      story,
      { name: "DeleteVolume", volumeId: X86_VOLUME },
      "VolumeInUse",
      /currently attached/,
    ],
    [
      "associate with a pending machine",
      pending,
      associate(ID.arm),
      "InvalidInstanceID",
      /The pending instance 'i-[0-9a-f]+' is not in a valid state for this operation\./,
    ],
    [
      "associate an unknown address",
      story,
      { name: "AssociateAddress", allocationId: "eipalloc-0", instanceId: ID.arm },
      "InvalidAllocationID.NotFound",
      /does not exist/,
    ],
    [
      "move an address that may not be moved",
      healthy,
      { name: "AssociateAddress", allocationId: ARM_ADDRESS, instanceId: ID.x86, allowReassociation: false },
      "Resource.AlreadyAssociated",
      /already associated/,
    ],
    [
      "disassociate what is not associated",
      story,
      { name: "DisassociateAddress", associationId: "eipassoc-0" },
      "InvalidAssociationID.NotFound",
      /does not exist/,
    ],
    [
      "cancel what is not there",
      story,
      cancel("sir-zzzzzzzz"),
      "InvalidSpotInstanceRequestID.NotFound",
      /does not exist/,
    ],
    [
      "tag what is not there",
      story,
      { name: "CreateTags", resources: ["vol-0000000000000000f"], tags: {} },
      "InvalidVolume.NotFound",
      /not exist/,
    ],
    [
      "tag with a reserved key",
      story,
      { name: "CreateTags", resources: [ID.arm], tags: { "aws:x": "1" } },
      "InvalidParameterValue",
      /reserved/,
    ],
    [
      "set DeleteOnTermination of an empty device",
      story,
      { name: "ModifyInstanceAttribute", instanceId: ID.arm, deleteOnTermination: { "/dev/sdz": false } },
      "InvalidInstanceAttributeValue",
      /No device/,
    ],
    [
      "launch an image of the other architecture",
      story,
      { name: "RunInstances", imageId: "ami-0d4a5b6c7e8f90123", type: "c5.metal", count: 1 },
      "InvalidParameterValue",
      /architecture/,
    ],
  ];
  it.each(cases)("%s", (_title, account, call, code, message) => {
    const outcome = apply(account, call, NOW);
    expect(outcome.error?.code).toBe(code);
    expect(outcome.error?.message).toMatch(message);
  });
});
