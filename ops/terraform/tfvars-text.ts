/** Edits of terraform.tfvars that keep everything else as the owner wrote it. Pure. */

import { FailureError } from "../failure.ts";
import { MACHINE_NAMES } from "../fleet/machines.ts";
import type { OwnerValues, PersistentRoot } from "../fleet/model.ts";
import { parseOwnerValues } from "../fleet/owner-text.ts";

/** Adds the roots of machines that have none yet. Gives the same text where there is nothing to add. Throws as owner.ts does. */
export function withRoots(text: string, found: OwnerValues): string {
  const recorded = parseOwnerValues(text);
  const added = MACHINE_NAMES.flatMap((name) => {
    const root = recorded[name] ? undefined : found[name];
    return root ? [[name, root] as const] : [];
  });
  if (added.length === 0) return text;
  const lines = added.map(([name, root]) => `  ${name} = ${literal(root)}\n`).join("");
  const open = openingOf(text, "persistent_roots");
  const edited =
    open === undefined
      ? `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}\npersistent_roots = {\n${lines}}\n`
      : `${text.slice(0, open)}\n${lines}${text.slice(open).replace(/^[ \t]*\n/, "")}`;
  const expected = { ...Object.fromEntries(added), ...recorded };
  if (!same(parseOwnerValues(edited), expected)) {
    throw new FailureError({
      kind: "malformed",
      sentence:
        "terraform/terraform.tfvars is written in a way that new root volumes cannot be added to by themselves.",
      action: `Add to persistent_roots: ${added.map(([name, root]) => `${name} = ${literal(root)}`).join(", ")}`,
    });
  }
  return edited;
}

/** Sets a text variable that is not set yet, at the end. */
export function withValue(text: string, name: string, value: string): string {
  if (textValue(text, name) !== undefined) return text;
  return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}\n${name} = ${quoted(value)}\n`;
}

/** The text that a variable is set to, where it is set to one. */
export function textValue(text: string, name: string): string | undefined {
  return new RegExp(`^[ \\t]*${name}[ \\t]*=[ \\t]*"([^"\\\\\\n]*)"`, "m").exec(withoutComments(text))?.[1];
}

function literal({ volumeId, allocationId }: PersistentRoot): string {
  const address = allocationId === undefined ? "" : `, address = ${quoted(allocationId)}`;
  return `{ volume = ${quoted(volumeId)}${address} }`;
}

/** As an HCL string; a template marker in it stays text. */
function quoted(text: string): string {
  // Functions, because a dollar means something in a replacement.
  return JSON.stringify(text)
    .replaceAll("${", () => "$${")
    .replaceAll("%{", () => "%%{");
}

/** Just after the opening brace of an attribute's value. */
function openingOf(text: string, name: string): number | undefined {
  const found = new RegExp(`^[ \\t]*${name}[ \\t]*=[ \\t]*\\{`, "m").exec(withoutComments(text));
  return found ? found.index + found[0].length : undefined;
}

/** Comments as blanks, so that places stay the same. */
function withoutComments(text: string): string {
  return text.replaceAll(/"(?:\\.|[^"\\\n])*"?|(?:#|\/\/)[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g, (part) =>
    part.startsWith('"') ? part : part.replaceAll(/[^\n]/g, " "),
  );
}

function same(a: OwnerValues, b: OwnerValues): boolean {
  return MACHINE_NAMES.every(
    (name) => a[name]?.volumeId === b[name]?.volumeId && a[name]?.allocationId === b[name]?.allocationId,
  );
}
