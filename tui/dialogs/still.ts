/** A question that has just appeared takes no answer: what is typed in that moment was meant for something else. */

import { createContext, useCallback, useContext, useEffect, useRef, useState } from "react";

/** How long a question stands before it is answered in the cockpit; a dialog by itself takes answers at once. */
export const STILL_MS = 500;
export const StillFor = createContext(0);

interface Stillness {
  /** For drawing: whether an answer would be taken. */
  readonly ready: boolean;
  /** To be asked at every key: false where it came too soon, and then the moment begins anew. */
  readonly hears: () => boolean;
}

/** Begins where the question is drawn first. A key that comes too soon puts the end off: whoever types on has not looked up yet. */
export function useStill(): Stillness {
  const ms = useContext(StillFor);
  const [ready, setReady] = useState(ms === 0);
  const timer = useRef<NodeJS.Timeout | undefined>(undefined);
  const seen = useRef<NodeJS.Immediate | undefined>(undefined);
  const end = useCallback(() => {
    clearTimeout(timer.current);
    clearImmediate(seen.current);
  }, []);
  const begin = useCallback(() => {
    end();
    // Once what has come meanwhile is read too: on a busy machine a timer ends before keys that were typed long before.
    timer.current = setTimeout(() => {
      seen.current = setImmediate(() => setReady(true));
    }, ms);
  }, [ms, end]);
  useEffect(() => {
    if (ms > 0) begin();
    return end;
  }, [ms, begin, end]);
  const hears = () => {
    if (!ready) begin();
    return ready;
  };
  return { ready, hears };
}
