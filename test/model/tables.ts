/** When two accounts of the model are the same, and one object for all that are. */

import type { Account } from "../simulator/ec2/account.ts";

/** What AWS forgets after an hour only doubles the states. */
export function lasting(account: Account): Account {
  const pending = Object.entries(account.pending).filter(([, one]) => !one.kind.startsWith("forget"));
  return { ...account, pending: Object.fromEntries(pending) };
}

/** Rows are never changed in place, so each gets its number once: the same number for the same content. */
const numberOfRow = new WeakMap<object, number>();
const numberOfText = new Map<string, number>();

function numberOf(text: string): number {
  const known = numberOfText.get(text);
  if (known !== undefined) return known;
  numberOfText.set(text, numberOfText.size);
  return numberOfText.size - 1;
}

function rowNumber(row: object): number {
  const known = numberOfRow.get(row);
  if (known !== undefined) return known;
  const text = JSON.stringify(row, (key, value: unknown) =>
    key === "tags" ? Object.entries(value as object).sort(([one], [other]) => (one < other ? -1 : 1)) : value,
  );
  const number = numberOf(text);
  numberOfRow.set(row, number);
  return number;
}

const canonical = new Map<string, object>();

function canonically<T extends object>(key: string, make: () => T): T {
  const known = canonical.get(key);
  if (known) return known as T;
  const made = make();
  canonical.set(key, made);
  return made;
}

function sameTable<T extends object>(name: string, table: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  const numbers = Object.values(table).map(rowNumber);
  return canonically(`${name} ${numbers.sort((one, other) => one - other).join()}`, () => ({ ...table }));
}

const numberOfTable = new WeakMap<object, number>();
let tables = 0;

/** The number of a table of an account that came from `same`. */
export function tableNumber(table: object): number {
  const known = numberOfTable.get(table);
  if (known !== undefined) return known;
  tables += 1;
  numberOfTable.set(table, tables);
  return tables;
}

/**
 * The one object that stands for this account, made of tables of which the same is true: equal accounts give the same
 * one, in whatever order they came about. What AWS forgets after an hour is left out.
 */
export function same(account: Account): Account {
  const kept = {
    ...lasting(account),
    instances: sameTable("instances", account.instances),
    spotRequests: sameTable("requests", account.spotRequests),
    volumes: sameTable("volumes", account.volumes),
    addresses: sameTable("addresses", account.addresses),
    snapshots: sameTable("snapshots", account.snapshots),
  };
  const of = [kept.instances, kept.spotRequests, kept.volumes, kept.addresses, kept.snapshots].map(tableNumber);
  const ahead = [...Object.keys(kept.pending), ...kept.noSpotCapacity, ...Object.keys(kept.doomed ?? {})].sort();
  ahead.push(...Object.entries(kept.habits ?? {}).map(([name, on]) => `${name} ${on}`));
  return canonically(`account ${kept.counter} ${of.join()} ${ahead.join()}`, () => kept);
}
