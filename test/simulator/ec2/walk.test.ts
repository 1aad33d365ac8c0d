/** Whatever is called and whatever happens, in any order: the account stays an account that EC2 could have. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { STORY_IDS as ID, PERSISTENT, recreatedAccount } from "../story.ts";
import { type Account, rootOf, spotRequestOf, volumesOf } from "./account.ts";
import type { Call } from "./calls.ts";
import { type Happening, happens } from "./happenings.ts";
import { apply } from "./rules.ts";
import { settle } from "./settle.ts";

const instanceIds = [ID.jumpbox, ID.arm, ID.x86, ID.armPredecessor];
const volumeIds = [
  PERSISTENT["fcvm-metal-arm"].volumeId,
  PERSISTENT["fcvm-metal-x86"].volumeId,
  ID.armTemporaryDisk,
  ID.orphan,
  ID.jumpboxHome,
];
const allocationIds = [PERSISTENT["fcvm-metal-arm"].allocationId, ID.jumpboxAddress];

const anyInstance = fc.constantFrom(...instanceIds);
const anyVolume = fc.constantFrom(...volumeIds);

const anyCall: fc.Arbitrary<Call> = fc.oneof(
  fc.record({
    name: fc.constantFrom("StartInstances", "StopInstances", "RebootInstances"),
    instanceIds: fc.array(anyInstance, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ name: fc.constant("TerminateInstances" as const), instanceIds: fc.tuple(anyInstance) }),
  fc.record({ name: fc.constant("DetachVolume" as const), volumeId: anyVolume, force: fc.boolean() }),
  fc.record({
    name: fc.constant("AttachVolume" as const),
    volumeId: anyVolume,
    instanceId: anyInstance,
    device: fc.constantFrom("/dev/sda1", "/dev/sdf"),
  }),
  fc.record({ name: fc.constant("DeleteVolume" as const), volumeId: anyVolume }),
  fc.record({
    name: fc.constant("AssociateAddress" as const),
    allocationId: fc.constantFrom(...allocationIds),
    instanceId: anyInstance,
  }),
  fc.record({
    name: fc.constant("CancelSpotInstanceRequests" as const),
    requestIds: fc.tuple(fc.constantFrom(ID.armRequest, ID.x86Request, ID.armPredecessorRequest)),
  }),
);

const anyHappening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ name: fc.constantFrom("notice-interruption", "stop-by-ec2"), instanceId: anyInstance }),
  fc.record({ name: fc.constantFrom("lose-spot-capacity", "regain-spot-capacity"), type: fc.constant("c7gd.metal") }),
  fc.record({ name: fc.constant("mount" as const), volumeId: anyVolume, mounted: fc.boolean() }),
);

type Step =
  | { readonly call: Call }
  | { readonly happening: Happening }
  /** Which of the pending transitions happens, counted around. */
  | { readonly settle: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ call: anyCall }) },
  { weight: 1, arbitrary: fc.record({ happening: anyHappening }) },
  { weight: 4, arbitrary: fc.record({ settle: fc.nat(20) }) },
);

function taken(account: Account, step: Step): Account {
  if ("happening" in step) return happens(account, step.happening, 0);
  if ("call" in step) {
    const outcome = apply(account, step.call, 0);
    return outcome.error ? account : outcome.account;
  }
  const pending = Object.keys(account.pending);
  return settle(account, pending[step.settle % pending.length] ?? "", 0);
}

function check(account: Account): void {
  for (const volume of Object.values(account.volumes)) {
    expect(volume.state === "in-use").toBe(volume.attachment !== undefined);
    const state = volume.attachment?.state;
    expect(account.pending[`attach:${volume.id}`] !== undefined).toBe(state === "attaching");
    expect(account.pending[`detach:${volume.id}`] !== undefined).toBe(state === "detaching");
    expect(account.pending[`delete-volume:${volume.id}`] !== undefined).toBe(volume.state === "deleting");
  }
  for (const instance of Object.values(account.instances)) {
    const devices = volumesOf(account, instance.id).map((volume) => volume.attachment.device);
    expect(new Set(devices).size).toBe(devices.length);
    const awake = instance.state === "running" || instance.state === "stopping" || instance.state === "pending";
    if (awake) expect(rootOf(account, instance)?.attachment?.state).toBe("attached");
    const named = spotRequestOf(account, instance);
    // A persistent request may have gone on to another instance.
    const request = named?.instanceId === instance.id ? named : undefined;
    if (request?.state === "disabled") expect(["stopped", "shutting-down"]).toContain(instance.state);
    if (request?.statusCode === "fulfilled") {
      expect(["pending", "running", "shutting-down"]).toContain(instance.state);
    }
    // Whatever is on its way has something that brings it to its end.
    const onItsWay = {
      pending: account.pending[`run:${instance.id}`] ?? account.pending[`fulfil:${instance.spotRequestId}`],
      stopping: account.pending[`stop:${instance.id}`],
      "shutting-down": account.pending[`terminate:${instance.id}`],
    } as const;
    if (instance.state in onItsWay) expect(onItsWay[instance.state as keyof typeof onItsWay]).toBeDefined();
  }
  for (const address of Object.values(account.addresses)) {
    if (address.instanceId) expect(account.instances[address.instanceId]?.state).not.toBe("terminated");
  }
  for (const pending of Object.values(account.pending)) expect(`${pending.kind}:${pending.subject}`).toBe(pending.id);
}

it("holds together through any walk", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 20, maxLength: 120 }), (steps) => {
      let account: Account = { ...recreatedAccount(0) };
      for (const step of steps) {
        const before = JSON.stringify(account);
        const next = taken(account, step);
        expect(JSON.stringify(account)).toBe(before);
        account = next;
        check(account);
      }
    }),
    { numRuns: 150 },
  );
});
