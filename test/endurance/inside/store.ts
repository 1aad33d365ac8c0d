/** In the place of ops/store.ts in the program under test: the same stores, with their listeners counted. */

import { type Cell, cell as uncounted } from "../../../ops/store.ts";

export type { Cell, Core, Store } from "../../../ops/store.ts";
export { when } from "../../../ops/store.ts";

/** Listeners of all stores that have not gone. */
export const listening = new Set<object>();

export function cell<T>(initial: T): Cell<T> {
  const real = uncounted(initial);
  return {
    ...real,
    subscribe: (listener) => {
      const token = {};
      const unsubscribe = real.subscribe(listener);
      listening.add(token);
      return () => {
        listening.delete(token);
        unsubscribe();
      };
    },
  };
}
