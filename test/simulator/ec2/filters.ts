/** Filters and pages of the Describe calls. */

import { type Form, listAt, numberAt, textAt, textsAt } from "../wire/form.ts";
import type { Tags } from "./account.ts";
import { Refusal } from "./refusal.ts";

type Value = string | number | boolean | undefined;

/** The values that each filter name compares with. */
export type Fields = Readonly<Record<string, Value | readonly Value[]>>;

/**
 * Keeps the rows that pass every `Filter.N` of the form: any value of one filter suffices, `*` and `?` are wildcards.
 * Throws InvalidParameterValue for a name that `fieldsOf` does not have.
 */
export function filtered<T extends { readonly tags: Tags }>(
  form: Form,
  rows: readonly T[],
  fieldsOf: (row: T) => Fields,
): readonly T[] {
  const filters = listAt(form, "Filter").map((filter) => ({
    name: textAt(filter, "Name") ?? "",
    patterns: textsAt(filter, "Value").map(patternOf),
  }));
  return rows.filter((row) =>
    filters.every(({ name, patterns }) =>
      valuesOf(row, name, fieldsOf).some((value) => patterns.some((pattern) => pattern.test(value))),
    ),
  );
}

function valuesOf<T extends { readonly tags: Tags }>(
  row: T,
  name: string,
  fieldsOf: (row: T) => Fields,
): readonly string[] {
  if (name.startsWith("tag:")) return present(row.tags[name.slice(4)]);
  if (name === "tag-key") return Object.keys(row.tags);
  const fields = fieldsOf(row);
  if (!(name in fields)) throw new Refusal("InvalidParameterValue", `The filter '${name}' is invalid`);
  return present(fields[name]);
}

function present(value: Value | readonly Value[]): readonly string[] {
  const values: readonly Value[] = Array.isArray(value) ? value : [value];
  return values.flatMap((one) => (one === undefined ? [] : [String(one)]));
}

function patternOf(text: string): RegExp {
  const quoted = text.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${quoted.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s");
}

interface Page<T> {
  readonly rows: readonly T[];
  readonly nextToken: string | undefined;
}

/** The page that MaxResults and NextToken ask for. EC2 refuses pages of fewer than five. */
export function pageOf<T>(form: Form, rows: readonly T[]): Page<T> {
  const most = numberAt(form, "MaxResults");
  const token = textAt(form, "NextToken");
  if (most === undefined && token === undefined) return { rows, nextToken: undefined };
  if (most !== undefined && !(most >= 5)) {
    throw new Refusal(
      "InvalidParameterValue",
      `Value ( ${most} ) for parameter maxResults is invalid. Expecting a value greater than 5.`,
    );
  }
  const start =
    token === undefined
      ? 0
      : Number(
          Buffer.from(token, "base64")
            .toString()
            .replace(/^from:/, ""),
        );
  if (!Number.isInteger(start) || start < 0) {
    throw new Refusal("InvalidParameterValue", `Unable to parse pagination token: ${token}`);
  }
  const end = start + (most ?? 1000);
  return {
    rows: rows.slice(start, end),
    nextToken: end < rows.length ? Buffer.from(`from:${end}`).toString("base64") : undefined,
  };
}
