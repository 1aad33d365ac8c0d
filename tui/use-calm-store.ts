import { useIsScreenReaderEnabled } from "ink";
import { useCallback, useRef, useSyncExternalStore } from "react";
import type { Store } from "../ops/store.ts";

/** As often as the screen is drawn (craft.md: 30 frames a second). */
const FRAME_MS = 33;

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
      let timer: NodeJS.Timeout | undefined;
      const deliver = () => {
        timer = undefined;
        const before = shown.current;
        if (heard && before?.store === store && heard(before.value) === heard(store.get())) return;
        shown.current = { store, value: store.get() };
        listener();
      };
      const unsubscribe = store.subscribe(() => {
        timer ??= setTimeout(deliver, paceMs);
      });
      // What changed between the first drawing and this subscription.
      deliver();
      return () => {
        clearTimeout(timer);
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
