/** Verdicts on the account as it is: machines that live, and an owner who gives one another root volume. */

import { describe, expect, test } from "vitest";
import { judge, said } from "../../../ops/plan/guard.ts";
import { aFleet, aVolume } from "../../harness/fleets.ts";
import { ARM_ADDRESS, ARM_VOLUME, change, machine, OWNER, plan } from "./plans.ts";

const ARM = "aws_instance.fcvm_metal_arm";
const arm = () => machine("fcvm-metal-arm", ARM_VOLUME);
type Given = Readonly<Record<string, unknown>>;
const make = (address: string, after: Given) => change(address, { actions: ["create"], after });
const rep = (address: string, before: Given, after: Given) =>
  change(address, { actions: ["delete", "create"], before, after });

describe("on the account as it is", () => {
  test("a machine is not made while one of its name lives; once that is gone it is", () => {
    const one = plan([make(ARM, arm())]);
    const lives = judge(one, { owner: OWNER, fleet: aFleet() });
    expect(lives).toMatchObject({
      kind: "refused",
      reasons: [{ sentence: expect.stringContaining("lives under that name") }],
    });
    const gone = aFleet({ "fcvm-metal-arm": { phase: "terminated" } });
    expect(judge(one, { owner: OWNER, fleet: gone }).kind).toBe("safe");
  });

  const COPY = "vol-0c0b1e5";
  const owner = { "fcvm-metal-arm": { volumeId: COPY, allocationId: ARM_ADDRESS } };
  const mark = { key: "snowglobe:persistent", value: "fcvm-metal-arm" };
  const swap = plan([
    rep(
      'aws_ec2_tag.persistent["fcvm-metal-arm"]',
      { ...mark, resource_id: ARM_VOLUME },
      { ...mark, resource_id: COPY },
    ),
  ]);
  const zone = aFleet().observation.volumes.find(({ id }) => id === ARM_VOLUME)?.availabilityZone ?? "";
  const withCopy = (over: object = {}) =>
    aFleet({}, { volumes: [aVolume(COPY, { encrypted: true, availabilityZone: zone, ...over })] });
  test("an encrypted copy that the owner names takes a persistent volume's place, by a word typed; the old one is kept", () => {
    const verdict = judge(swap, { owner, fleet: withCopy() });
    expect(verdict).toMatchObject({ kind: "dangerous" });
    expect(verdict.kind === "dangerous" && said(verdict.reasons[0] ?? { sentence: "" })).toMatch(
      /^Makes vol-0c0b1e5 \(\d+ GiB, encrypted\) the persistent root of fcvm-metal-arm in place of vol-\w+, which is kept/,
    );
  });
  test.each([
    ["that is not in the account", () => aFleet()],
    ["in another zone", () => withCopy({ availabilityZone: "us-west-1z" })],
  ])("a copy %s is refused", (_, fleet) => {
    expect(judge(swap, { owner, fleet: fleet() }).kind).toBe("refused");
  });
  test("a copy that the owner did not name is refused", () => {
    expect(judge(swap, { owner: OWNER, fleet: withCopy() }).kind).toBe("refused");
  });
});
