/** Structural sharing: what did not change keeps its reference, so that whoever draws it need not draw it again. */

/** A value equal to `after` that reuses every part of `before` that is equal; `before` itself where nothing changed. */
export function share<T>(before: unknown, after: T): T {
  if (Object.is(before, after)) return after;
  if (Array.isArray(before) && Array.isArray(after)) {
    const shared = after.map((item: unknown, index) => share(before[index], item));
    const same = shared.length === before.length && shared.every((item, index) => Object.is(item, before[index]));
    return (same ? before : shared) as T;
  }
  if (before instanceof Set && after instanceof Set) {
    return (before.size === after.size && [...after].every((one) => before.has(one)) ? before : after) as T;
  }
  if (isPlain(before) && isPlain(after)) {
    const entries = Object.entries(after).map(([key, value]) => [key, share(before[key], value)] as const);
    const same =
      entries.length === Object.keys(before).length &&
      entries.every(([key, value]) => key in before && Object.is(value, before[key]));
    return (same ? before : Object.fromEntries(entries)) as T;
  }
  return after;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
