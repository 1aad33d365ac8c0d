/** What just happened, in a sentence that goes away by itself. */

import { useCallback, useEffect, useRef, useState } from "react";
import type { Tone } from "../../ops/fleet/derive/words.ts";

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: Tone;
}

/** Long enough to be read twice by somebody half asleep. */
const SHOWN_MS = 7000;
const KEPT = 4;

export type Tell = (text: string, tone?: Tone) => void;

/** The toasts to show, newest last, and the function that adds one. The same text again only stays longer. */
export function useToasts(): { readonly toasts: readonly Toast[]; readonly tell: Tell } {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const timers = useRef(new Set<NodeJS.Timeout>());
  const next = useRef(1);
  const tell = useCallback<Tell>((text, tone = "quiet") => {
    const id = next.current;
    next.current += 1;
    setToasts((old) => [...old.filter((toast) => toast.text !== text), { id, text, tone }].slice(-KEPT));
    const timer = setTimeout(() => {
      timers.current.delete(timer);
      setToasts((old) => old.filter((toast) => toast.id !== id));
    }, SHOWN_MS);
    timers.current.add(timer);
  }, []);
  useEffect(() => {
    const running = timers.current;
    return () => {
      for (const timer of running) clearTimeout(timer);
    };
  }, []);
  return { toasts, tell };
}
