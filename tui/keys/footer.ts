/** The last row: the keys that work here and now, from the registry. Pure. */

import { join, type Line, lineWidth, t } from "../format/line.ts";
import type { WhyNot } from "./availability.ts";
import { shownKey } from "./key-names.ts";
import { bindingsOf, type Command } from "./registry.ts";

/** Without these two nobody finds the rest, nor the way out. */
const ALWAYS: readonly Command[] = ["help", "quit"];

interface FooterKey {
  readonly command: Command;
  readonly key: string;
  readonly label: string;
  readonly works: boolean;
  readonly minor: boolean;
}

/** The keys that have a word, each once: where a key means one of several commands, the one that can be had now. */
export function footerKeys(whyNot: WhyNot): readonly FooterKey[] {
  const byKey = Map.groupBy(
    bindingsOf("fleet").filter(({ label }) => label !== undefined),
    ({ keys }) => shownKey(keys[0] ?? ""),
  );
  return [...byKey].flatMap(([key, bindings]) => {
    const able = bindings.filter(({ command }) => whyNot(command) === undefined);
    const [first] = able.length ? able : bindings;
    const label = able.length ? first?.label : bindings.map((one) => one.label).join("/");
    return first && label ? [{ command: first.command, key, label, works: able.length > 0, minor: first.minor }] : [];
  });
}

/**
 * Keys that would do nothing now are dimmed, and left out where room is short; then the later ones go. What is minor takes
 * the room that is left over, and stands there only where it does something.
 */
export function footerLine(whyNot: WhyNot, columns: number): Line {
  const all = footerKeys(whyNot).filter(({ minor, works }) => works || !minor);
  const line = (keys: readonly FooterKey[]): Line => [t(" "), ...join(keys.map(keyLine), t("  "))];
  const fits = (keys: readonly FooterKey[]) => lineWidth(line(keys), 0) <= columns;
  let shown = all.filter(({ minor }) => !minor);
  if (!fits(shown)) shown = shown.filter(({ command, works }) => works || ALWAYS.includes(command));
  while (!fits(shown)) {
    const going = shown.findLast(({ command }) => !ALWAYS.includes(command));
    if (!going) break;
    shown = shown.filter((one) => one !== going);
  }
  for (const one of all.filter(({ minor }) => minor)) {
    const more = all.filter((key) => key === one || shown.includes(key));
    if (fits(more)) shown = more;
  }
  return line(shown);
}

function keyLine({ key, label, works }: FooterKey): Line {
  return works ? [t(key, "key"), t(` ${label}`)] : [t(`${key} ${label}`, "text.dim")];
}
