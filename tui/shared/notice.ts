/** A sentence that says what a key has just done, and goes away by itself. */

import { useCallback, useEffect, useRef, useState } from "react";

const SHOWN_MS = 4000;

interface Notice {
  readonly notice: string | undefined;
  readonly tell: (sentence: string) => void;
  /** Takes it away: the next key has made it old. */
  readonly hush: () => void;
}

export function useNotice(): Notice {
  const [notice, setNotice] = useState<string | undefined>();
  const timer = useRef<NodeJS.Timeout>(undefined);
  const tell = useCallback((sentence: string) => {
    clearTimeout(timer.current);
    setNotice(sentence);
    timer.current = setTimeout(() => setNotice(undefined), SHOWN_MS);
  }, []);
  const hush = useCallback(() => {
    clearTimeout(timer.current);
    setNotice(undefined);
  }, []);
  useEffect(() => () => clearTimeout(timer.current), []);
  return { notice, tell, hush };
}
