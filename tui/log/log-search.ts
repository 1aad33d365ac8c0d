/** A search through a log: what is looked for, where it was found last, and how often it is there. */

import { useCallback, useEffect, useRef, useState } from "react";
import { createMatchCounter, type MatchCounter, type Matches, matchWords } from "./log-matches.ts";
import type { LogSource } from "./log-source.ts";

interface LogSearch {
  readonly query: string;
  /** The line that was found last, or that the log was told to show. */
  readonly found: number | undefined;
  /** "match 3 of 12"; empty where nothing is searched for. */
  readonly words: string;
  /** Looks for `text` from the line `from` on, and round at the end. It takes the place of a search under way. */
  readonly start: (text: string, from: number, direction: 1 | -1) => void;
  readonly end: () => void;
  readonly mark: (line: number) => void;
}

const NOTHING: Matches = { lines: [], counting: true };

/** @param show brings a line that was found into sight */
export function useLogSearch(source: LogSource, show: (line: number) => void): LogSearch {
  const [query, setQuery] = useState("");
  const [found, setFound] = useState<number | undefined>();
  const [searching, setSearching] = useState(false);
  const [matches, setMatches] = useState(NOTHING);
  const latest = useRef({ source, show });
  const under = useRef<AbortController>(undefined);
  const counter = useRef<MatchCounter>(undefined);
  useEffect(() => {
    latest.current = { source, show };
    counter.current?.more();
  });
  useEffect(() => {
    if (!query) return;
    const own = createMatchCounter(query, () => latest.current.source, setMatches);
    counter.current = own;
    own.more();
    return () => {
      own.stop();
      counter.current = undefined;
      setMatches(NOTHING);
    };
  }, [query]);
  const stop = useCallback(() => {
    under.current?.abort();
    setSearching(false);
  }, []);
  useEffect(() => () => under.current?.abort(), []);

  const start: LogSearch["start"] = (text, from, direction) => {
    stop();
    setQuery(text);
    setSearching(true);
    const controller = new AbortController();
    under.current = controller;
    const { signal } = controller;
    const inside = from >= source.first() && from < source.count();
    const look = async () => {
      const onward = inside ? await source.find(text, from, direction, signal) : undefined;
      if (onward !== undefined || signal.aborted) return onward;
      return source.find(text, direction === 1 ? source.first() : source.count() - 1, direction, signal);
    };
    void look().then((line) => {
      if (signal.aborted) return;
      setSearching(false);
      setFound(line);
      if (line !== undefined) latest.current.show(line);
    });
  };
  const end = () => {
    stop();
    setQuery("");
    setFound(undefined);
  };
  const words = !query ? "" : searching ? "searching…" : matchWords(matches, source.first(), found);
  return { query, found, words, start, end, mark: setFound };
}
