/** What Terraform's outputs say, as far as we use it. */

import { MACHINE_NAMES, type MachineName } from "../fleet/machines.ts";
import type { OwnerValues } from "../fleet/model.ts";
import { fields } from "../plan/plan.ts";
import type { Workspace } from "./workspace.ts";

export type Outputs = Readonly<Record<string, unknown>>;

/** Where the database is, and what it takes to make its IAM user (terraform/outputs.tf). */
export interface DatabaseOutput {
  readonly endpoint: string;
  readonly port: number;
  readonly name: string;
  readonly clusterArn: string;
  readonly secretArn: string;
  readonly vpcCidr: string;
}

/** The values of all outputs; none where nothing was applied yet. */
export async function readOutputs(workspace: Workspace): Promise<Outputs> {
  const parsed = fields(JSON.parse(await workspace.capture(["output", "-json"])));
  return Object.fromEntries(Object.entries(parsed).map(([name, output]) => [name, fields(output).value]));
}

/** The persistent roots as the state knows them: `persistent_roots` with the addresses of `allocation_ids`. */
export function rootsOf(outputs: Outputs): OwnerValues {
  const volumes = fields(outputs.persistent_roots);
  const allocations = fields(outputs.allocation_ids);
  return Object.fromEntries(
    MACHINE_NAMES.flatMap((name) => {
      const volumeId = volumes[name];
      const allocationId = allocations[name];
      if (typeof volumeId !== "string" || !/^vol-[0-9a-f]+$/.test(volumeId)) return [];
      const address =
        typeof allocationId === "string" && /^eipalloc-[0-9a-f]+$/.test(allocationId) ? allocationId : undefined;
      return [[name, { volumeId, allocationId: address }]];
    }),
  );
}

export function databaseOf(outputs: Outputs): DatabaseOutput | undefined {
  const { endpoint, port, name, cluster_arn, secret_arn, vpc_cidr } = fields(outputs.database);
  const texts = [endpoint, name, cluster_arn, secret_arn, vpc_cidr];
  if (typeof port !== "number" || !texts.every((text) => typeof text === "string" && text !== "")) return undefined;
  const [host = "", database = "", clusterArn = "", secretArn = "", vpcCidr = ""] = texts.map(String);
  return { endpoint: host, port, name: database, clusterArn, secretArn, vpcCidr };
}

export function addressIn(outputs: Outputs, machine: MachineName): string | undefined {
  const address = fields(outputs.addresses)[machine];
  return typeof address === "string" ? address : undefined;
}

/** Every output as lines, `name` or `name.key` and its value. */
export function outputLines(outputs: Outputs): readonly string[] {
  return Object.entries(outputs).flatMap(([name, value]) =>
    typeof value === "object" && value !== null
      ? Object.entries(value).map(([key, one]) => `${name}.${key} = ${shown(one)}`)
      : [`${name} = ${shown(value)}`],
  );
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
