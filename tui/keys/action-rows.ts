/** The actions of ops as rows of the table of keys. Pure. */

import { ACTION_NAMES, ACTIONS, type Action, type ActionName } from "../../ops/actions.ts";
import { capital } from "../../ops/plain.ts";

type ActionRow = readonly [name: ActionName, keys: string, description: string, more: { readonly label?: string }];

/** The actions of ops that have a key here. */
export function actions(scope: Action["scope"]): readonly ActionRow[] {
  return ACTION_NAMES.flatMap((name): readonly ActionRow[] => {
    const { keys, label, help, scope: its } = ACTIONS[name];
    return keys && its === scope ? [[name, keys.join(" "), capital(help), label === undefined ? {} : { label }]] : [];
  });
}
