/** The parts that a look at the account consists of, each of which can be had alone. Pure. */

import type { Glimpse, Subject } from "./glance.ts";
import type { Observation } from "./model.ts";

export const TABLES = ["instances", "spotRequests", "volumes", "addresses"] as const;
/** What one call of a look asks for. */
export type Table = (typeof TABLES)[number];

export const TABLE_OF = {
  instance: "instances",
  spotRequest: "spotRequests",
  volume: "volumes",
} as const satisfies Readonly<Record<Subject["kind"], Table>>;

/** The same observation with one thing as a glance showed it at the time `at`. */
export function withGlimpse(observation: Observation, { kind, id }: Subject, seen: Glimpse, at: number): Observation {
  const table = TABLE_OF[kind];
  const others = observation[table].filter((one) => one.id !== id);
  const list = [...others, ...(seen ? [seen] : [])].sort((one, other) => (one.id < other.id ? -1 : 1));
  return { ...observation, [table]: list, at };
}

/** The thing as an observation shows it; undefined where it shows none. */
export function shownIn(observation: Observation, { kind, id }: Subject): Glimpse {
  return observation[TABLE_OF[kind]].find((one) => one.id === id);
}
