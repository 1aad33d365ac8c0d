import { useIsScreenReaderEnabled } from "ink";
import { useCallback, useRef, useSyncExternalStore } from "react";
import type { Store } from "../../ops/store.ts";

/** As often as the screen is drawn (craft.md: 30 frames a second). */
const FRAME_MS = 33;

interface Beat {
  /** Who is to be told: all at once, so that the screen is drawn once for all. */
  readonly waiting: Set<() => void>;
  timer: NodeJS.Timeout | undefined;
  /** The last one, by `performance.now`. */
  at: number;
}

const beats = new Map<number, Beat>();

/** Calls `deliver` at the next beat of this pace, which is at once after a pause; gives what takes that back. */
function atNextBeat(paceMs: number, deliver: () => void): () => void {
  const beat = beats.get(paceMs) ?? { waiting: new Set(), timer: undefined, at: Number.NEGATIVE_INFINITY };
  beats.set(paceMs, beat);
  beat.waiting.add(deliver);
  beat.timer ??= setTimeout(
    () => {
      beat.timer = undefined;
      beat.at = performance.now();
      const all = [...beat.waiting];
      beat.waiting.clear();
      for (const one of all) one();
    },
    Math.max(0, beat.at + paceMs - performance.now()),
  );
  return () => {
    beat.waiting.delete(deliver);
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
