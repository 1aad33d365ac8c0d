/**
 * The AWS configuration file as text: read strictly, changed only inside the sections that we name. It is never
 * parsed and printed again, so comments, order and everything that is not ours stay byte for byte.
 */

import { FailureError } from "../failure.ts";

/** The code of every failure that is the configuration's own fault: no waiting mends it. */
export const UNREADABLE_CONFIG = "UnreadableConfig";

export interface Section {
  /** As it stands between the brackets. */
  readonly header: string;
  /** Line numbers, counted from 0: the header's own, and the one after the section's last setting. */
  readonly from: number;
  readonly to: number;
  /** The settings; those nested below a setting (`s3 =`) are not looked into. */
  readonly values: ReadonlyMap<string, string>;
  /** The line of each setting. */
  readonly lines: ReadonlyMap<string, number>;
}

/**
 * Reads the sections. Strict as the AWS CLI is (Python's configparser), because a file that it refuses is of no use
 * to Terraform and the CLI: throws a FailureError that names `file` and the line.
 */
export function readSections(text: string, file: string): readonly Section[] {
  const sections: {
    header: string;
    from: number;
    to: number;
    values: Map<string, string>;
    lines: Map<string, number>;
  }[] = [];
  let keyIndent: number | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    const refuse = (what: string): never => {
      throw new FailureError({
        kind: "malformed",
        sentence: `${file}, line ${index + 1}: ${what}.`,
        action: "Fix that line, then try again; the file was not changed.",
        code: UNREADABLE_CONFIG,
      });
    };
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    const section = sections.at(-1);
    const indent = raw.length - raw.trimStart().length;
    if (section && keyIndent !== undefined && indent > keyIndent) {
      section.to = index + 1;
      continue;
    }
    const header = /^\[(.+)\]/.exec(line)?.[1];
    if (header !== undefined) {
      if (sections.some((other) => other.header === header)) refuse(`the section [${header}] is there a second time`);
      sections.push({ header, from: index, to: index + 1, values: new Map(), lines: new Map() });
      keyIndent = undefined;
      continue;
    }
    if (line.startsWith("[")) refuse("a section's name lacks its closing bracket");
    const setting = /^([^=:]*[^=:\s])\s*[=:]\s*(.*)$/.exec(line);
    if (!setting) return refuse("this is neither a section, nor a setting, nor a comment");
    if (!section) return refuse("this setting stands before the first section");
    const key = (setting[1] ?? "").toLowerCase();
    if (section.values.has(key)) refuse(`[${section.header}] has ${key} a second time`);
    section.values.set(key, (setting[2] ?? "").split(/(?:^|\s)[#;]/)[0]?.trim() ?? "");
    section.lines.set(key, index);
    section.to = index + 1;
    keyIndent = indent;
  }
  return sections;
}

/** What a header names: `[default]` is the profile "default", `[profile x]` and `[sso-session x]` what they say. */
function nameOf(header: string): { readonly kind: string; readonly name: string } {
  const [, kind, rest] = /^(\S+)\s([\s\S]*)$/.exec(header.trim()) ?? [];
  if (kind !== undefined) return { kind, name: /^["'](.*)["']$/s.exec(rest?.trim() ?? "")?.[1] ?? rest?.trim() ?? "" };
  return header.trim() === "default" ? { kind: "profile", name: "default" } : { kind: header.trim(), name: "" };
}

/** The profile that a header names; undefined where it names something else. */
export function profileName(header: string): string | undefined {
  const { kind, name } = nameOf(header);
  return kind === "profile" ? name : undefined;
}

/** The first section of this kind and name. */
export function findSection(sections: readonly Section[], kind: string, name: string): Section | undefined {
  return sections.find(({ header }) => {
    const named = nameOf(header);
    return named.kind === kind && named.name === name;
  });
}

/** The header that names it, quoted where the name needs that. */
function headerFor(kind: "profile" | "sso-session", name: string): string {
  if (kind === "profile" && name === "default") return "default";
  return /^[\w-]+$/.test(name) ? `${kind} ${name}` : `${kind} "${name}"`;
}

/**
 * Gives `text` with the section set to these values: changed in place where it exists (its other lines stay),
 * appended at the end where it does not. Line endings follow the file.
 */
export function withSection(
  text: string,
  file: string,
  kind: "profile" | "sso-session",
  name: string,
  values: Readonly<Record<string, string>>,
): string {
  const edited = edit(text, file, kind, name, values);
  // Values come from answers of others: one with a line end in it would be a setting of its own.
  const written = findSection(readSections(edited, file), kind, name);
  if (Object.entries(values).every(([key, value]) => written?.values.get(key) === value)) return edited;
  throw new FailureError({
    kind: "malformed",
    sentence: `The values for [${headerFor(kind, name)}] cannot be written to ${file} without changing what they say.`,
    action: "Write that section by hand; the file was not changed.",
    code: UNREADABLE_CONFIG,
  });
}

function edit(
  text: string,
  file: string,
  kind: "profile" | "sso-session",
  name: string,
  values: Readonly<Record<string, string>>,
): string {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const settings = Object.entries(values).map(([key, value]) => [key, `${key} = ${value}`] as const);
  const section = findSection(readSections(text, file), kind, name);
  if (!section) {
    const gap = text === "" ? "" : text.endsWith(`${eol}${eol}`) ? "" : text.endsWith("\n") ? eol : `${eol}${eol}`;
    return `${text}${gap}${[`[${headerFor(kind, name)}]`, ...settings.map(([, line]) => line)].join(eol)}${eol}`;
  }
  const lines = text.split("\n");
  const carriage = eol === "\r\n" ? "\r" : "";
  const added = settings.filter(([key]) => !section.lines.has(key)).map(([, line]) => `${line}${carriage}`);
  for (const [key, line] of settings) {
    const at = section.lines.get(key);
    if (at !== undefined) lines[at] = `${line}${lines[at]?.endsWith("\r") ? "\r" : ""}`;
  }
  if (added.length > 0 && section.to === lines.length) return edit(`${text}${eol}`, file, kind, name, values);
  // Behind the last setting and not before the next header: the comments between belong to what follows.
  lines.splice(section.to, 0, ...added);
  return lines.join("\n");
}
