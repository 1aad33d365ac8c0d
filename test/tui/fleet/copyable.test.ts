import { expect, it } from "vitest";
import { copyable } from "../../../tui/fleet/copyable.ts";
import { storyFleet } from "../../harness/fleets.ts";
import { ENVIRONMENT } from "../run/scripted.tsx";

const ARM = storyFleet().machines["fcvm-metal-arm"];

it("names what a machine has, each once, and the ssh command as a shell takes it", () => {
  const rows = copyable(ARM, { ...ENVIRONMENT, home: "/home/o'hara" }).map(({ label, id }) => [label, id]);
  expect(rows).toEqual([
    ["instance", ARM.instance?.id],
    ["address", ARM.address?.publicIp],
    ["ssh command", `ssh -i '/home/o'\\''hara/.ssh/fcvm-ec2' ubuntu@${ARM.address?.publicIp}`],
    ["root volume", ARM.root?.id],
    ["your disk", ARM.persistent?.volumeId],
    ["page at AWS", expect.stringContaining(`us-west-1#InstanceDetails:instanceId=${ARM.instance?.id}`)],
  ]);
});

it("has no page at AWS to offer for a simulated account, and nothing for a machine that is not there", () => {
  expect(copyable(ARM, { ...ENVIRONMENT, demo: true }).map(({ label }) => label)).not.toContain("page at AWS");
  const gone = {
    ...ARM,
    instance: undefined,
    root: undefined,
    address: undefined,
    persistent: undefined,
    dataVolumes: [],
  };
  expect(copyable(gone, ENVIRONMENT)).toEqual([]);
});
