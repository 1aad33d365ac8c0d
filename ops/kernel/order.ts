/** What was ordered: a build on a machine, from kernel/ as it is here, in a run that tells of it. Made once. */

import type { MachineName } from "../fleet/machines.ts";
import type { OperationContext } from "../operation/types.ts";
import type { Ops } from "../ops.ts";
import type { Cell } from "../store.ts";
import { placeOf } from "./bring-over.ts";
import type { KernelSource } from "./inputs.ts";
import { type Site, siteOf } from "./site.ts";
import type { KernelKind, KernelView } from "./view.ts";

export type KernelOps = Pick<Ops, "access" | "clock" | "environment" | "fleet" | "kernels" | "metrics" | "sessions">;

/** What is wanted: a build of a kind (undefined: the person is asked which), or only to follow the job that runs. */
export type Wanted = { readonly kind: KernelKind | undefined } | { readonly follow: string };

export interface Order {
  readonly machine: MachineName;
  readonly wanted: Wanted;
  readonly source: KernelSource;
  readonly view: Cell<KernelView>;
  readonly ops: KernelOps;
  readonly context: OperationContext;
}

/** The machine of the order, where it answers at this address. */
export function siteFor({ context, machine, ops, source }: Order, address: string): Site {
  return siteOf(ops.access.channel, { machine, address, place: placeOf(source) }, context.signal);
}
