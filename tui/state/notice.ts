/** A sentence that says what a key has just done, and goes away by itself. */

import { useCallback, useEffect, useRef, useState } from "react";

const SHOWN_MS = 4000;

export function useNotice(): { readonly notice: string | undefined; readonly tell: (sentence: string) => void } {
  const [notice, setNotice] = useState<string | undefined>();
  const timer = useRef<NodeJS.Timeout>(undefined);
  const tell = useCallback((sentence: string) => {
    clearTimeout(timer.current);
    setNotice(sentence);
    timer.current = setTimeout(() => setNotice(undefined), SHOWN_MS);
  }, []);
  useEffect(() => () => clearTimeout(timer.current), []);
  return { notice, tell };
}
