/**
 * What `destroy` does not destroy. Terraform refuses a plan that would touch anything with prevent_destroy, so the plan is
 * made for everything else: what is kept, and all that it depends on, is left out by naming the rest as targets. Pure.
 */

import { fields, list } from "../plan/plan.ts";

/** What holds data or an address, or marks what does. A test holds this list against every prevent_destroy in terraform/. */
const KEPT_TYPES: Readonly<Record<string, string>> = {
  aws_eip: "Elastic IP",
  aws_ebs_volume: "home volume",
  aws_ec2_tag: "mark of a persistent root",
  aws_ebs_encryption_by_default: "encryption of the account's new volumes",
  aws_key_pair: "key pair",
  aws_rds_cluster: "database",
  aws_backup_vault: "backup vault",
};

export function isKept(type: string): boolean {
  return Object.hasOwn(KEPT_TYPES, type);
}

interface Destruction {
  /** What may go, as `-target` takes it. */
  readonly targets: readonly string[];
  /** What stays because it holds something, one line each. */
  readonly kept: readonly string[];
}

interface StateResource {
  readonly address: string;
  readonly type: string;
  readonly mode: string;
  readonly dependsOn: readonly string[];
}

/** @param state what `terraform show -json` gives: resources have `address`, `type`, `mode` and `depends_on` (without keys). */
export function destruction(state: unknown): Destruction {
  const managed = resourcesOf(state).filter(({ mode }) => mode === "managed");
  const kept = managed.filter(({ type }) => isKept(type));
  const stays = new Set<string>();
  const visit = (name: string) => {
    if (stays.has(name)) return;
    stays.add(name);
    for (const { address, dependsOn } of managed) {
      if (withoutKey(address) !== name) continue;
      for (const dependency of dependsOn) visit(withoutKey(dependency));
    }
  };
  for (const { address } of kept) visit(withoutKey(address));
  return {
    targets: managed.filter(({ address }) => !stays.has(withoutKey(address))).map(({ address }) => address),
    kept: kept.map(({ address, type }) => `${address} (${KEPT_TYPES[type]})`),
  };
}

function resourcesOf(state: unknown): StateResource[] {
  const walk = (module: unknown): StateResource[] => {
    const { resources, child_modules } = fields(module);
    const own = list(resources).map((one) => {
      const { address, type, mode, depends_on } = fields(one);
      return {
        address: String(address),
        type: String(type),
        mode: String(mode),
        dependsOn: list(depends_on).map(String),
      };
    });
    return [...own, ...list(child_modules).flatMap(walk)];
  };
  return walk(fields(fields(state).values).root_module);
}

function withoutKey(address: string): string {
  return address.replace(/\[[^\]]*\]$/, "");
}
