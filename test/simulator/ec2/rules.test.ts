import { describe, expect, it } from "vitest";
import { healthyAccount, STORY_IDS as ID, PERSISTENT, recreatedAccount } from "../story.ts";
import { type Account, publicIpOf, volumesOf } from "./account.ts";
import type { Call } from "./calls.ts";
import {
  ARM_ADDRESS,
  ARM_VOLUME,
  associate,
  attach,
  cancel,
  detach,
  NOW,
  play,
  type Step,
  start,
  stop,
  terminate,
  X86_VOLUME,
} from "./steps.ts";
import { FAILED_STARTS } from "./transitions.ts";

const story = recreatedAccount(NOW);
const healthy = healthyAccount(NOW);
const requestOf = (account: Account, id: string) => {
  const { state, statusCode } = account.spotRequests[id] ?? {};
  return `${state}/${statusCode}`;
};

describe("stopping and starting a spot machine", () => {
  it("passes through every state of the spot request, which lags behind the instance", () => {
    const stopping = play(story, stop(ID.arm));
    expect(stopping.instances[ID.arm]?.state).toBe("stopping");
    expect(requestOf(stopping, ID.armRequest)).toBe("active/marked-for-stop");
    const stopped = play(stopping, `stop:${ID.arm}`);
    expect(stopped.instances[ID.arm]?.state).toBe("stopped");
    expect(requestOf(stopped, ID.armRequest)).toBe("active/marked-for-stop");
    const released = play(stopped, `release:${ID.armRequest}`);
    expect(requestOf(released, ID.armRequest)).toBe("disabled/instance-stopped-by-user");
    expect(Object.keys(released.pending)).toEqual(Object.keys(story.pending));
    const starting = play(released, start(ID.arm));
    expect(starting.instances[ID.arm]?.state).toBe("pending");
    expect(requestOf(starting, ID.armRequest)).toBe("open/pending-evaluation");
    const fulfilled = play(starting, `fulfil:${ID.armRequest}`);
    expect(fulfilled.instances[ID.arm]?.state).toBe("pending");
    expect(requestOf(fulfilled, ID.armRequest)).toBe("active/fulfilled");
    const running = play(fulfilled, `run:${ID.arm}`);
    expect(running.instances[ID.arm]).toMatchObject({ state: "running", launchedAt: NOW, endedAt: undefined });
  });

  it("comes back to the same state after every round, so that the states stay few", () => {
    const round: readonly Step[] = [
      stop(ID.arm),
      `stop:${ID.arm}`,
      `release:${ID.armRequest}`,
      start(ID.arm),
      `fulfil:${ID.armRequest}`,
      `run:${ID.arm}`,
    ];
    const once = play(story, ...round);
    expect(play(once, ...round)).toEqual(once);
  });

  it("does nothing when told to start a running or to stop a stopped machine", () => {
    expect(play(story, start(ID.arm))).toEqual(story);
    expect(play(story, stop(ID.x86))).toEqual(story);
    const stopping = play(story, stop(ID.arm));
    expect(play(stopping, stop(ID.arm))).toEqual(stopping);
  });

  it("stops and starts an on-demand machine without any request", () => {
    const stopped = play(story, stop(ID.jumpbox), `stop:${ID.jumpbox}`);
    expect(play(stopped, start(ID.jumpbox), `run:${ID.jumpbox}`).instances[ID.jumpbox]?.state).toBe("running");
  });
});

describe("the swap by hand", () => {
  it("leads from the temporary disk to the persistent one", () => {
    const done = play(
      story,
      stop(ID.arm),
      `stop:${ID.arm}`,
      `release:${ID.armRequest}`,
      detach(ID.armTemporaryDisk),
      `detach:${ID.armTemporaryDisk}`,
      attach(ARM_VOLUME, ID.arm),
      `attach:${ARM_VOLUME}`,
      start(ID.arm),
      `fulfil:${ID.armRequest}`,
      `run:${ID.arm}`,
      associate(ID.arm),
      { name: "DeleteVolume", volumeId: ID.armTemporaryDisk },
      `delete-volume:${ID.armTemporaryDisk}`,
    );
    const machine = done.instances[ID.arm];
    if (!machine) throw new Error("no machine");
    expect(publicIpOf(done, machine)).toBe("203.0.113.140");
    expect(
      volumesOf(done, ID.arm).map(({ id, attachment }) => [id, attachment.device, attachment.deleteOnTermination]),
    ).toEqual([[ARM_VOLUME, "/dev/sda1", false]]);
    expect(done.volumes[ID.armTemporaryDisk]).toBeUndefined();
  });
});

describe("what EC2 does of itself", () => {
  const noticed = play(healthy, { happens: { name: "notice-interruption", instanceId: ID.arm } });
  const taken = play(noticed, `interrupt:${ID.arm}`, `stop:${ID.arm}`, `release:${ID.armRequest}`);

  it("gives notice, stops the machine, and the request says for what reason", () => {
    expect(noticed.instances[ID.arm]).toMatchObject({
      state: "running",
      interruption: { action: "stop", noticedAt: NOW },
    });
    expect(requestOf(noticed, ID.armRequest)).toBe("active/marked-for-stop");
    expect(taken.instances[ID.arm]).toMatchObject({ state: "stopped", interruption: undefined });
    expect(requestOf(taken, ID.armRequest)).toBe("disabled/instance-stopped-no-capacity");
  });

  it("starts it again when there is capacity, and not before", () => {
    const without = play(taken, { happens: { name: "lose-spot-capacity", type: "c7gd.metal" } });
    const waiting = play(without, `restart:${ID.armRequest}`);
    expect(waiting.instances[ID.arm]?.state).toBe("stopped");
    const regained = play(waiting, { happens: { name: "regain-spot-capacity", type: "c7gd.metal" } });
    const again = play(regained, `restart:${ID.armRequest}`, `fulfil:${ID.armRequest}`, `run:${ID.arm}`);
    expect(again.instances[ID.arm]?.state).toBe("running");
    expect(requestOf(again, ID.armRequest)).toBe("active/fulfilled");
  });

  it("terminates it if its root is off when it tries; the request is cancelled, and no stranger comes", () => {
    const opened = play(taken, detach(ARM_VOLUME), `detach:${ARM_VOLUME}`, `restart:${ID.armRequest}`);
    expect(opened.instances[ID.arm]?.state).toBe("shutting-down");
    const ended = play(opened, `terminate:${ID.arm}`);
    expect(requestOf(ended, ID.armRequest)).toBe("cancelled/instance-terminated-by-service");
    expect(ended.addresses[ARM_ADDRESS]?.instanceId).toBeUndefined();
    expect(ended.pending[`relaunch:${ID.armRequest}`]).toBeUndefined();
    expect(ended.volumes[ARM_VOLUME]?.state).toBe("available");
    expect(play(ended, `forget-request:${ID.armRequest}`).spotRequests[ID.armRequest]).toBeUndefined();
  });

  it("leaves the request open beside the stopped machine while there is no room, and starts it when there is", () => {
    const off = play(healthy, stop(ID.arm), `stop:${ID.arm}`, `release:${ID.armRequest}`);
    const full = play(off, start(ID.arm), { happens: { name: "lose-spot-capacity", type: "c7gd.metal" } });
    const waiting = play(full, `fulfil:${ID.armRequest}`);
    expect(waiting.instances[ID.arm]?.state).toBe("stopped");
    expect(requestOf(waiting, ID.armRequest)).toBe("open/capacity-not-available");
    const room = play(waiting, { happens: { name: "regain-spot-capacity", type: "c7gd.metal" } });
    expect(play(room, `restart:${ID.armRequest}`).instances[ID.arm]?.state).toBe("pending");
  });

  it("leaves what an experiment stopped to its owner, who can start it", () => {
    const marked = play(healthy, { happens: { name: "stop-by-experiment", instanceId: ID.arm } });
    expect(requestOf(marked, ID.armRequest)).toBe("active/marked-for-stop-by-experiment");
    const stopped = play(marked, `stop:${ID.arm}`, `release:${ID.armRequest}`);
    expect(requestOf(stopped, ID.armRequest)).toBe("disabled/instance-stopped-by-experiment");
    expect(stopped.pending[`restart:${ID.armRequest}`]).toBeUndefined();
    expect(play(stopped, start(ID.arm)).instances[ID.arm]?.state).toBe("pending");
  });

  it("hibernates at once, and tells a termination as done while the machine runs on", () => {
    const behaves = (how: "hibernate" | "terminate", type: "persistent" | "one-time") => ({
      ...healthy,
      spotRequests: {
        ...healthy.spotRequests,
        [ID.armRequest]: { ...healthy.spotRequests[ID.armRequest], interruptionBehavior: how, type },
      } as typeof healthy.spotRequests,
    });
    const notice: Step = { happens: { name: "notice-interruption", instanceId: ID.arm } };
    expect(play(behaves("hibernate", "persistent"), notice).instances[ID.arm]?.state).toBe("stopping");
    const doomed = play(behaves("terminate", "one-time"), notice);
    expect(requestOf(doomed, ID.armRequest)).toBe("closed/instance-terminated-no-capacity");
    expect(doomed.instances[ID.arm]?.state).toBe("running");
    expect(play(doomed, `interrupt:${ID.arm}`).instances[ID.arm]?.state).toBe("shutting-down");
  });

  it("counts a stop by the user during the notice as the user's", () => {
    const stopped = play(noticed, stop(ID.arm), `stop:${ID.arm}`, `release:${ID.armRequest}`);
    expect(requestOf(stopped, ID.armRequest)).toBe("disabled/instance-stopped-by-user");
    expect(stopped.pending[`interrupt:${ID.arm}`]).toBeUndefined();
  });
});

describe("what is accepted and undone", () => {
  it("takes an accepted start back, with the reason, and tries again only where that is its habit", () => {
    const off = play(healthy, stop(ID.arm), `stop:${ID.arm}`, `release:${ID.armRequest}`);
    const doomed = play(off, { happens: { name: "doom", id: ARM_VOLUME, reason: FAILED_STARTS.kms } });
    const starting = play(doomed, start(ID.arm), `fulfil:${ID.armRequest}`);
    expect(starting.instances[ID.arm]?.state).toBe("pending");
    const back = play(starting, `run:${ID.arm}`);
    expect(back.instances[ID.arm]).toMatchObject({ state: "stopped", stateReason: FAILED_STARTS.kms });
    const idle = play(back, `release:${ID.armRequest}`);
    expect(requestOf(idle, ID.armRequest)).toBe("disabled/instance-stopped-by-user");
    const stubborn = play({ ...starting, habits: { retriesStarts: true } }, `run:${ID.arm}`);
    expect(requestOf(stubborn, ID.armRequest)).toBe("open/pending-evaluation");
    expect(play(stubborn, `restart:${ID.armRequest}`).instances[ID.arm]?.state).toBe("pending");
  });

  it("undoes a stop, an attach and a detach", () => {
    const undo = (pendingId: string): Step => ({ happens: { name: "take-back", pendingId } });
    const stopping = play(healthy, stop(ID.arm));
    const running = play(stopping, undo(`stop:${ID.arm}`));
    expect(running.instances[ID.arm]).toMatchObject({ state: "running", stateReason: undefined });
    expect(requestOf(running, ID.armRequest)).toBe("active/fulfilled");
    const off = play(stopping, `stop:${ID.arm}`, `release:${ID.armRequest}`);
    const detaching = play(off, detach(ARM_VOLUME));
    expect(play(detaching, undo(`detach:${ARM_VOLUME}`)).volumes).toEqual(off.volumes);
    const free = play(detaching, `detach:${ARM_VOLUME}`);
    expect(play(free, attach(ARM_VOLUME, ID.arm), undo(`attach:${ARM_VOLUME}`)).volumes).toEqual(free.volumes);
  });
});

describe("terminating and cancelling", () => {
  it("keeps a terminated machine visible with its name, lets its disks go and its address too", () => {
    const ending = play(healthy, cancel(ID.armRequest), terminate(ID.arm));
    expect(requestOf(ending, ID.armRequest)).toBe("cancelled/request-canceled-and-instance-running");
    const ended = play(ending, `terminate:${ID.arm}`);
    expect(ended.instances[ID.arm]).toMatchObject({ state: "terminated", tags: { Name: "fcvm-metal-arm" } });
    expect(requestOf(ended, ID.armRequest)).toBe("closed/instance-terminated-by-user");
    expect(ended.volumes[ARM_VOLUME]?.attachment).toMatchObject({ state: "detaching", instanceId: ID.arm });
    expect(play(ended, `detach:${ARM_VOLUME}`).volumes[ARM_VOLUME]).toMatchObject({ state: "available" });
    expect(play(ended, `forget-instance:${ID.arm}`).instances[ID.arm]).toBeUndefined();
  });

  it("launches another instance when a persistent request was not cancelled", () => {
    const ended = play(healthy, terminate(ID.arm), `terminate:${ID.arm}`);
    expect(requestOf(ended, ID.armRequest)).toBe("open/instance-terminated-by-user");
    const relaunched = play(ended, `relaunch:${ID.armRequest}`);
    expect(Object.keys(relaunched.instances)).toHaveLength(4);
    const tags = { Name: "fcvm-metal-arm" };
    const request = ended.spotRequests[ID.armRequest];
    if (!request) throw new Error("no request");
    const launch = { ...request.launch, tags };
    for (const tagsRelaunched of [true, false]) {
      const spotRequests = { ...ended.spotRequests, [request.id]: { ...request, launch } };
      const stranger = play({ ...ended, habits: { tagsRelaunched }, spotRequests }, `relaunch:${ID.armRequest}`);
      const made = stranger.instances[stranger.spotRequests[request.id]?.instanceId ?? ""];
      expect(made?.tags).toEqual(tagsRelaunched ? tags : {});
    }
    expect(play(ended, cancel(ID.armRequest)).pending[`relaunch:${ID.armRequest}`]).toBeUndefined();
  });

  it("terminates a stopped machine whose request is cancelled", () => {
    const ending = play(healthy, cancel(ID.x86Request));
    expect(ending.instances[ID.x86]?.state).toBe("shutting-down");
    const ended = play(ending, `terminate:${ID.x86}`, `detach:${X86_VOLUME}`);
    expect(ended.instances[ID.x86]?.state).toBe("terminated");
    expect(requestOf(ended, ID.x86Request)).toBe("cancelled/instance-terminated-by-service");
    expect(ended.volumes[X86_VOLUME]?.state).toBe("available");
  });

  it("terminates a machine that was stopping when its request was cancelled", () => {
    const ending = play(healthy, stop(ID.arm), cancel(ID.armRequest), `stop:${ID.arm}`);
    expect(ending.instances[ID.arm]?.state).toBe("shutting-down");
  });

  it("deletes the volumes that are to go with the machine, and only those", () => {
    const ended = play(healthy, terminate(ID.jumpbox), `terminate:${ID.jumpbox}`);
    expect(ended.volumes[ID.jumpboxRoot]?.state).toBe("deleting");
    expect(ended.volumes[ID.jumpboxHome]?.attachment?.state).toBe("detaching");
    const doomed = play(
      healthy,
      { name: "ModifyInstanceAttribute", instanceId: ID.arm, deleteOnTermination: { "/dev/sda1": true } },
      terminate(ID.arm),
      `terminate:${ID.arm}`,
      `delete-volume:${ARM_VOLUME}`,
    );
    expect(doomed.volumes[ARM_VOLUME]).toBeUndefined();
  });
});

describe("volumes, addresses, tags, launches", () => {
  it("keeps a mounted volume busy until it is unmounted, forced off, or its machine stops", () => {
    const busy = play(story, detach(ID.jumpboxHome));
    expect(busy.volumes[ID.jumpboxHome]?.attachment?.state).toBe("busy");
    const unmounted = play(busy, { happens: { name: "mount", volumeId: ID.jumpboxHome, mounted: false } });
    expect(unmounted.volumes[ID.jumpboxHome]?.attachment?.state).toBe("detaching");
    const stopped = play(busy, stop(ID.jumpbox), `stop:${ID.jumpbox}`, `detach:${ID.jumpboxHome}`);
    expect(stopped.volumes[ID.jumpboxHome]?.state).toBe("available");
    const forced = play(story, { name: "DetachVolume", volumeId: ID.jumpboxHome, force: true });
    expect(forced.volumes[ID.jumpboxHome]?.attachment?.state).toBe("detaching");
  });

  it("moves an address by default, lets go of the one that was there, and does it twice without harm", () => {
    const moved = play(healthy, associate(ID.x86));
    expect(moved.addresses[ARM_ADDRESS]?.instanceId).toBe(ID.x86);
    expect(moved.addresses[PERSISTENT["fcvm-metal-x86"].allocationId]?.instanceId).toBeUndefined();
    expect(play(moved, associate(ID.x86))).toEqual(moved);
  });

  it("launches a persistent spot machine on a fresh root, once for one token", () => {
    const call: Call = {
      name: "RunInstances",
      imageId: "ami-0d4a5b6c7e8f90123",
      type: "c7gd.metal",
      count: 1,
      clientToken: "terraform-1",
      devices: [{ device: "/dev/sda1", sizeGiB: 300, deleteOnTermination: false }],
      spot: { type: "persistent", interruptionBehavior: "stop" },
      tags: { instance: { Name: "fcvm-metal-arm" } },
    };
    const launched = play(story, call);
    const fresh = Object.values(launched.instances).find((instance) => instance.clientToken === "terraform-1");
    expect(fresh).toMatchObject({ state: "pending", tags: { Name: "fcvm-metal-arm" }, rootDeviceName: "/dev/sda1" });
    expect(volumesOf(launched, fresh?.id ?? "")).toMatchObject([
      { sizeGiB: 300, attachment: { deleteOnTermination: false, device: "/dev/sda1" } },
    ]);
    expect(requestOf(launched, fresh?.spotRequestId ?? "")).toBe("active/fulfilled");
    expect(play(launched, call)).toEqual(launched);
  });

  it("adds, replaces and deletes tags", () => {
    const tagged = play(story, { name: "CreateTags", resources: [ARM_VOLUME, ID.arm], tags: { a: "1", Name: "new" } });
    expect(tagged.volumes[ARM_VOLUME]?.tags).toMatchObject({ a: "1", Name: "new", Project: "snowglobe" });
    const less = play(tagged, { name: "DeleteTags", resources: [ARM_VOLUME], tags: { a: "2", Name: undefined } });
    expect(less.volumes[ARM_VOLUME]?.tags).toMatchObject({ a: "1", Project: "snowglobe" });
    expect(less.volumes[ARM_VOLUME]?.tags.Name).toBeUndefined();
    expect(play(less, { name: "DeleteTags", resources: [ARM_VOLUME], tags: {} }).volumes[ARM_VOLUME]?.tags).toEqual({});
  });
});
