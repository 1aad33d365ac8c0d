/** The last row: the keys that work here and now, from the registry. Pure. */

import type { Machine } from "../../ops/fleet/model.ts";
import { join, type Line, lineWidth, t } from "../format/line.ts";
import type { Availability } from "./availability.ts";
import { type Binding, bindingsOf, type Command, shownKey } from "./registry.ts";

/** Without these two nobody finds the rest, nor the way out. */
const ALWAYS: readonly Command[] = ["help", "quit"];

/** Keys that would do nothing now are dimmed, and left out where room is short; then the later ones go. */
export function footerLine(
  availability: (command: Command) => Availability,
  machine: Machine | undefined,
  columns: number,
): Line {
  const all = bindingsOf("fleet").filter((binding) => binding.label !== undefined);
  const works = (binding: Binding) => availability(binding.command).ok;
  const line = (bindings: readonly Binding[]): Line => [
    t(" "),
    ...join(
      bindings.map((binding) => keyLine(binding, labelOf(binding, machine), works(binding))),
      t("  "),
    ),
  ];
  const fits = (bindings: readonly Binding[]) => lineWidth(line(bindings), 0) <= columns;
  if (fits(all)) return line(all);
  let shown = all.filter((binding) => works(binding) || ALWAYS.includes(binding.command));
  while (!fits(shown)) {
    const going = shown.findLast((binding) => !ALWAYS.includes(binding.command));
    if (!going) break;
    shown = shown.filter((binding) => binding !== going);
  }
  return line(shown);
}

function keyLine({ keys }: Binding, label: string, works: boolean): Line {
  const key = shownKey(keys[0] ?? "");
  return works ? [t(key, "key"), t(` ${label}`)] : [t(`${key} ${label}`, "text.dim")];
}

/** `p` does one of two things; where it is clear which, the footer says it. */
export function labelOf({ command, label = "" }: Binding, machine: Machine | undefined): string {
  if (command !== "power") return label;
  switch (machine?.instance?.state) {
    case "running":
      return "stop";
    case "stopped":
      return "start";
    default:
      return label;
  }
}
