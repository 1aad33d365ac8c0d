import { useIsScreenReaderEnabled } from "ink";
import { useCallback, useRef, useSyncExternalStore } from "react";
import type { Store } from "../ops/store.ts";

/** As often as the screen is drawn (craft.md: 30 frames a second). */
const FRAME_MS = 33;

/** Who waits for the next drawing at a pace: all of them are told at once, so that the screen is drawn once for all. */
const waiting = new Map<number, Set<() => void>>();

/** Calls `deliver` together with the others of this pace; gives what takes that back. */
function atNextBeat(paceMs: number, deliver: () => void): () => void {
  const together = waiting.get(paceMs) ?? new Set();
  together.add(deliver);
  if (!waiting.has(paceMs)) {
    waiting.set(paceMs, together);
    setTimeout(() => {
      waiting.delete(paceMs);
      for (const one of together) one();
    }, paceMs);
  }
  return () => {
    together.delete(deliver);
  };
}

/**
 * The store's value as `useStore` gives it, but a flood of changes is drawn once a frame, or once every `paceMs`
 * milliseconds; the last one always is. With a screen reader, which says everything again whenever anything changes, only
 * a value with other `news` is taken.
 */
export function useCalmStore<T>(store: Store<T>, paceMs = FRAME_MS, news?: (value: T) => string): T {
  const heard = useIsScreenReaderEnabled() ? news : undefined;
  const shown = useRef<{ store: Store<T>; value: T } | undefined>(undefined);
  const subscribe = useCallback(
    (listener: () => void) => {
      let takeBack: (() => void) | undefined;
      const deliver = () => {
        takeBack = undefined;
        const before = shown.current;
        if (heard && before?.store === store && heard(before.value) === heard(store.get())) return;
        shown.current = { store, value: store.get() };
        listener();
      };
      const unsubscribe = store.subscribe(() => {
        takeBack ??= atNextBeat(paceMs, deliver);
      });
      // What changed between the first drawing and this subscription.
      deliver();
      return () => {
        takeBack?.();
        unsubscribe();
      };
    },
    [store, paceMs, heard],
  );
  const read = useCallback(() => {
    if (shown.current?.store !== store) shown.current = { store, value: store.get() };
    return shown.current.value;
  }, [store]);
  return useSyncExternalStore(subscribe, read);
}
