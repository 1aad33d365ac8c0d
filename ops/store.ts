/** A value that changes: what every core of ops offers, and what `useSyncExternalStore` reads. */
export interface Store<T> {
  /** The current value; the same reference until it changes. */
  readonly get: () => T;
  /** Calls `listener` after every change; returns the function that ends this. */
  readonly subscribe: (listener: () => void) => () => void;
}

/** A store with a life of its own: it does nothing before `start` and holds nothing open after `stop`. */
export interface Core<T> extends Store<T> {
  readonly start: () => void;
  readonly stop: () => void;
}

/** A store that its owner writes to. */
export interface Cell<T> extends Store<T> {
  readonly set: (value: T) => void;
  readonly update: (change: (value: T) => T) => void;
}

/** Makes a store from a first value. Setting the same reference again tells nobody. */
export function cell<T>(initial: T): Cell<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  const set = (next: T) => {
    if (Object.is(next, value)) return;
    value = next;
    for (const listener of [...listeners]) listener();
  };
  return {
    get: () => value,
    set,
    update: (change) => set(change(value)),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}

/** Resolves with the store's value as soon as `test` holds for it; rejects when `signal` aborts. */
export function when<T>(store: Store<T>, test: (value: T) => boolean, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    if (test(store.get())) return resolve(store.get());
    const finish = (act: () => void) => {
      unsubscribe();
      signal?.removeEventListener("abort", onAbort);
      act();
    };
    const onAbort = () => finish(() => reject(signal?.reason));
    const unsubscribe = store.subscribe(() => {
      if (test(store.get())) finish(() => resolve(store.get()));
    });
    signal?.addEventListener("abort", onAbort);
  });
}
