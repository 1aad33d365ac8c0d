/** Plans as `terraform show -json` gives them, one change at a time. */

import { type PlanModel, planOf } from "../../../ops/plan/plan.ts";

export const ARM_VOLUME = "vol-09e5c3cee32bb67dc";
export const ARM_ADDRESS = "eipalloc-034a515771765d101";
export const HOME_VOLUME = "vol-0a11ce0000000001";

export const OWNER = {
  "fcvm-metal-arm": { volumeId: ARM_VOLUME, allocationId: ARM_ADDRESS },
} as const;

type Fields = Readonly<Record<string, unknown>>;

interface Given {
  readonly actions: readonly string[];
  readonly before?: Fields | null;
  readonly after?: Fields | null;
  readonly unknown?: Fields;
  readonly beforeSensitive?: unknown;
  readonly afterSensitive?: unknown;
  readonly replacePaths?: readonly (readonly (string | number)[])[];
  readonly reason?: string;
  readonly previous?: string;
  readonly importing?: Fields;
  readonly mode?: "managed" | "data";
  readonly deposed?: string;
}

/** One entry of `resource_changes`. */
export function change(address: string, given: Given): Fields {
  const [type, name] = address
    .replaceAll(/\[[^\]]*\]/g, "")
    .split(".")
    .slice(-2);
  return {
    address,
    mode: given.mode ?? "managed",
    type,
    name,
    ...(given.previous ? { previous_address: given.previous } : {}),
    ...(given.deposed ? { deposed: given.deposed } : {}),
    ...(given.reason ? { action_reason: given.reason } : {}),
    change: {
      actions: given.actions,
      before: given.before ?? null,
      after: given.after ?? null,
      after_unknown: given.unknown ?? {},
      before_sensitive: given.beforeSensitive ?? {},
      after_sensitive: given.afterSensitive ?? {},
      ...(given.replacePaths ? { replace_paths: given.replacePaths } : {}),
      ...(given.importing ? { importing: given.importing } : {}),
    },
  };
}

/** A whole plan of these changes. */
export function planJson(changes: readonly Fields[], more: Fields = {}): Fields {
  return {
    format_version: "1.2",
    terraform_version: "1.11.4",
    resource_changes: changes,
    timestamp: "2026-11-22T19:34:32Z",
    applyable: true,
    complete: true,
    errored: false,
    ...more,
  };
}

export function plan(changes: readonly Fields[], more: Fields = {}): PlanModel {
  return planOf(planJson(changes, more));
}

export const CREATE = ["create"];
export const UPDATE = ["update"];
export const DELETE = ["delete"];
export const REPLACE = ["delete", "create"];
export const FORGET = ["forget"];

const SPOT = { spot_instance_type: "persistent", instance_interruption_behavior: "stop" };

/** A dev server's attributes, on the volume `root`. */
export function machine(name: string, root: string, over: Fields = {}, block: Fields = {}): Fields {
  return {
    id: "i-0123456789abcdef0",
    instance_type: name === "fcvm-metal-x86" ? "c5.metal" : name === "jumpbox" ? "t4g.large" : "c7gd.metal",
    instance_market_options: name === "jumpbox" ? [] : [{ market_type: "spot", spot_options: [SPOT] }],
    metadata_options: [{ http_tokens: "required", http_endpoint: "enabled", http_put_response_hop_limit: 2 }],
    tags: { Name: name },
    root_block_device: [
      {
        volume_id: root,
        volume_size: 300,
        volume_type: "gp3",
        encrypted: true,
        delete_on_termination: false,
        tags: {},
        ...block,
      },
    ],
    ...over,
  };
}
