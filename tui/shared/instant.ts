/** State that a key may read in the very instant after another one wrote it: two keys can come in one chunk of input. */

import { useCallback, useRef, useState } from "react";

interface Instant<T> {
  /** For drawing. */
  readonly value: T;
  /** For handlers: what was set last, drawn or not. */
  readonly get: () => T;
  readonly set: (next: T) => void;
}

export function useInstant<T>(initial: T): Instant<T> {
  const [value, draw] = useState(initial);
  const newest = useRef(initial);
  const get = useCallback(() => newest.current, []);
  const set = useCallback((next: T) => {
    newest.current = next;
    draw(() => next);
  }, []);
  return { value, get, set };
}
