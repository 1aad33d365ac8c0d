/** Which machine, disks and address a run is about, each ID once. Pure. */

import type { Machine } from "../../ops/fleet/model.ts";
import { join, type Line, t } from "../format/line.ts";
import { clean } from "../format/text.ts";

const GAP = t("   ");

/** Two lines: the instance and its address; the disk that it runs on and the person's own. */
export function machineHead({ instance, spec, address, root, rootKind, persistent }: Machine): readonly Line[] {
  const said = (label: string, id: string | undefined): Line => (id ? [t(`${label} `, "text.dim"), t(clean(id))] : []);
  const first = [
    said("machine", instance && `${instance.id} ${instance.type || spec.instanceType}`),
    said("address", address?.publicIp ?? instance?.publicIp),
  ];
  const second = [
    rootKind === "temporary" ? said("temporary disk", root?.id) : [],
    said(persistent ? "your disk" : "disk", persistent?.volumeId ?? root?.id),
  ];
  return [join(first, GAP), join(second, GAP)].filter((line) => line.length > 0);
}
