/** The table: every type that is known, most of them in terraform/. What is not here is not known to be harmless. */

import { ACCESS } from "./access.ts";
import { DATABASE } from "./database.ts";
import { INSTANCE } from "./instance.ts";
import { NETWORK } from "./network.ts";
import type { TypeRules } from "./place.ts";
import { SERVICES } from "./services.ts";
import { STORAGE } from "./storage.ts";

export const TABLE: Readonly<Record<string, TypeRules>> = {
  aws_instance: INSTANCE,
  ...STORAGE,
  ...DATABASE,
  ...NETWORK,
  ...ACCESS,
  ...SERVICES,
};

/** The rules of a type; undefined where snowglobe does not know it. */
export function rulesOf(type: string): TypeRules | undefined {
  return Object.hasOwn(TABLE, type) ? TABLE[type] : undefined;
}
