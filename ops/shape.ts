/** What a value read from disk has to look like before it is believed. Pure. */

export type Test = (value: unknown) => boolean;

export const isText: Test = (value) => typeof value === "string";
export const isFlag: Test = (value) => typeof value === "boolean";

/** A number that can be counted with, and that is a time where one is meant (ECMA-262, "Time Values"). */
export const isNumber: Test = (value) => typeof value === "number" && Math.abs(value) <= 8.64e15;

export function oneOf(...known: readonly unknown[]): Test {
  return (value) => known.includes(value);
}

/** JSON leaves out what is undefined. */
export function optional(test: Test): Test {
  return (value) => value === undefined || test(value);
}

export function listOf(test: Test): Test {
  return (value) => Array.isArray(value) && value.every(test);
}

/** An object whose every own value passes. */
export function recordOf(test: Test): Test {
  return (value) => isRecord(value) && Object.values(value).every(test);
}

/** An object that has at least these fields; others may be there as well. */
export function shaped(fields: Readonly<Record<string, Test>>): Test {
  const all = Object.entries(fields);
  return (value) =>
    isRecord(value) && all.every(([name, test]) => test(Object.hasOwn(value, name) ? value[name] : undefined));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
