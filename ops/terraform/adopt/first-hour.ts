/** What an account must have before its first machines can be made and be of use: looked at, and said with its remedy. */

import { MACHINES } from "../../fleet/machines.ts";
import { type Fields, fields, list } from "../../plan/plan.ts";

/** EC2's quotas of vCPUs by their codes (Service Quotas, service ec2): All Standard Spot, Running On-Demand Standard. */
const SPOT = "L-34B43A08";
const ON_DEMAND = "L-1216C47A";

const TYPES = Object.values(MACHINES).map(({ instanceType }) => instanceType);

/** The calls whose answers `prerequisites` takes, in its order. */
export const prerequisiteCalls: readonly string[] = [
  `service-quotas get-service-quota --service-code ec2 --quota-code ${SPOT}`,
  `service-quotas get-service-quota --service-code ec2 --quota-code ${ON_DEMAND}`,
  "secretsmanager describe-secret --secret-id github-pat-ejc3",
  `ec2 describe-instance-type-offerings --location-type availability-zone --filters Name=instance-type,Values=${TYPES.join(",")}`,
];

/**
 * What is lacking, a line each. `answers`: undefined for a call that failed, of which nothing is then said.
 * `isThere`: whether a resource exists already, so that nothing is needed for it.
 */
export function prerequisites(
  answers: readonly (Fields | undefined)[],
  isThere: (resource: string) => boolean,
): readonly string[] {
  const [spot, onDemand, secret, offerings] = answers;
  return [
    ...quota(spot, "spot", isThere),
    ...quota(onDemand, "on-demand", isThere),
    ...(secret && secret.ARN === undefined
      ? [
          "There is no secret github-pat-ejc3: first boot goes on without GitHub. README.md says how to make it (The infrastructure).",
        ]
      : []),
    ...zones(offerings),
  ];
}

function quota(
  answer: Fields | undefined,
  market: "spot" | "on-demand",
  isThere: (resource: string) => boolean,
): readonly string[] {
  const value = fields(answer?.Quota).Value;
  const wanted = Object.values(MACHINES).filter(
    (machine) => machine.market === market && !isThere(`aws_instance.${machine.name.replaceAll("-", "_")}`),
  );
  const sum = wanted.reduce((vcpus, machine) => vcpus + machine.vcpus, 0);
  if (typeof value !== "number" || value >= sum) return [];
  const each = wanted.map(({ name, vcpus }) => `${name} ${vcpus}`).join(" and ");
  const which =
    market === "spot"
      ? "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests"
      : "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances";
  return [
    `The account's ${market} quota is ${value} vCPUs, and ${each} are wanted: ask for ${sum} of "${which}" in us-west-1 (Service Quotas in the AWS console); what does not fit fails until then, and make apply goes on from there.`,
  ];
}

function zones(answer: Fields | undefined): readonly string[] {
  const offered = list(answer?.InstanceTypeOfferings).map((one) => fields(one).InstanceType);
  if (offered.length === 0) return [];
  return TYPES.filter((type) => !offered.includes(type)).map(
    (type) => `No zone of us-west-1 offers ${type} to this account: ask AWS Support which zones do.`,
  );
}
