/** Which machine is chosen before the person chooses one. */

import type { Ops } from "../ops/ops.ts";
import type { Store } from "../ops/store.ts";
import { headlineMachine, type Navigation, type NavigationAction } from "./navigation.ts";

/**
 * The machine that the headline is about is chosen until the person chooses, or begins something on the one that is: its
 * key is then the only one to press. Once by what was stored, and once more by the first live look.
 *
 * @returns what ends it
 */
export function chooseFirst(
  ops: Pick<Ops, "fleet" | "operations">,
  place: Store<Navigation>,
  dispatch: (action: NavigationAction) => void,
): () => void {
  let machine = place.get().selected;
  let live = false;
  const choose = () => {
    const { fleet, source } = ops.fleet.get();
    if (!fleet || live || place.get().selected !== machine) return;
    if (ops.operations.get().some((run) => run.get().machine === machine)) return;
    machine = headlineMachine(fleet) ?? machine;
    live = source === "live";
    dispatch({ type: "select", machine });
  };
  choose();
  return ops.fleet.subscribe(choose);
}
