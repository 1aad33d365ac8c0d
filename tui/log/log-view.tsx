/** This folder: a log in a window: follow, wrap, search, copy, save. Not here: whose log it is. */
/** A log: it follows its end, goes anywhere, wraps, searches, copies and saves. Draws only the rows that are in sight. */

import { Box } from "ink";
import { useState } from "react";
import type { Environment } from "../../ops/environment.ts";
import { fieldLine, useTextField } from "../dialogs/use-text-field.ts";
import { logText } from "../format/flow.ts";
import { type Line, lineWidth, t } from "../format/line.ts";
import { truncate } from "../format/text.ts";
import { count } from "../format/words.ts";
import { type KeyContext, keyOf } from "../keys/registry.ts";
import { useKeys } from "../keys/use-keys.ts";
import { useNotice } from "../shared/notice.ts";
import type { Hint, Window } from "../shared/overlay.tsx";
import { Rows } from "../shared/rows.tsx";
import type { Token } from "../shared/theme.ts";
import { newestThatFit } from "../terminal/clipboard.ts";
import { saveLog } from "../terminal/save.ts";
import { useCopy } from "../terminal/use-copy.ts";
import { useLogSearch } from "./log-search.ts";
import { type LogSource, matcher } from "./log-source.ts";
import {
  bottomOf,
  isBefore,
  type Layout,
  type LogRow,
  moved,
  type Place,
  rowsFrom,
  settle,
  showing,
  topOf,
} from "./log-window.ts";

interface LogViewProps extends Window {
  /** Given anew, or drawn again, when there is more. */
  readonly source: LogSource;
  /** The context whose keys move it: a screen of its own, or the run that it is part of. */
  readonly context: Extract<KeyContext, "run" | "kernel">;
  /** What a saved log is called. */
  readonly name: string;
  readonly environment: Pick<Environment, "env" | "stateDir" | "home">;
  /** Told while a search is being typed: all keys are the field's then. */
  readonly onTyping?: (typing: boolean) => void;
  /** Brings a line into sight and marks it; each new value once. */
  readonly jump?: LogJump | undefined;
}

export interface LogJump {
  readonly line: number;
}

/** What the keys do to a log, for the row of hints. */
export function logHints(context: LogViewProps["context"]): readonly Hint[] {
  return [
    [keyOf(context, "search"), "search"],
    [keyOf(context, "copy"), "copy"],
    [keyOf(context, "save"), "save"],
    [keyOf(context, "wrap"), "wrap"],
    [`${keyOf(context, "top")} ${keyOf(context, "bottom")}`, "top, end"],
    [`${keyOf(context, "pageUp")} ${keyOf(context, "pageDown")}`, "pages"],
  ];
}

const MARK_COLUMNS = 2;

export function LogView({
  source,
  columns,
  rows,
  active,
  clock,
  context,
  name,
  environment,
  onTyping,
  jump: asked,
}: LogViewProps) {
  const [wanted, setWanted] = useState<Place | undefined>();
  const [wrapped, setWrapped] = useState(true);
  const [typing, setTyping] = useState(false);
  const { notice, tell, hush } = useNotice();
  const send = useCopy(environment, tell);
  const layout: Layout = { columns: Math.max(1, columns - MARK_COLUMNS), rows: Math.max(1, rows - 1), wrap: wrapped };
  const bottom = bottomOf(source, layout);
  const place = wanted ? settle(source, wanted, layout) : bottom;
  const following = wanted === undefined;
  const [jumped, setJumped] = useState<LogJump | undefined>();

  /** What was looked for stays in sight, at the end too. */
  const { query, found, words, start, end, mark } = useLogSearch(source, (line) =>
    setWanted(showing(source, line, layout)),
  );
  if (asked && asked !== jumped) {
    setJumped(asked);
    mark(asked.line);
    setWanted(showing(source, asked.line, layout));
  }
  /** At the end, the view follows again. */
  const goTo = (to: Place) => setWanted(isBefore(to, bottom) ? to : undefined);
  const go = (by: number) => goTo(moved(source, place, by, layout));
  const next = (direction: 1 | -1) => {
    if (!query) return tell(`Nothing is searched for: ${keyOf(context, "search")} searches.`);
    start(query, found === undefined ? place.line : found + direction, direction);
  };
  const search = (on: boolean) => {
    hush();
    setTyping(on);
    onTyping?.(on);
  };
  const { field, clear } = useTextField({
    active: active && typing,
    onAccept: (text) => {
      search(false);
      if (text) start(text, place.line, 1);
      else end();
    },
    onBack: () => {
      search(false);
      end();
    },
  });
  const copy = () => {
    const { text, taken, cut } = newestThatFit(texts(source, -1));
    if (!taken) return tell("There is nothing to copy yet.");
    send(text, cut ? `the newest ${count(taken, "line")}, a terminal takes no more` : count(taken, "line"));
  };
  const save = () => {
    saveLog(environment, name, texts(source, 1)).then(
      (file) => tell(`Saved as ${file}.`),
      (error: NodeJS.ErrnoException) => tell(`Not saved: ${error.code ?? error.message}.`),
    );
  };
  useKeys(
    context,
    {
      up: () => go(-1),
      down: () => go(1),
      pageUp: () => go(1 - layout.rows),
      pageDown: () => go(layout.rows - 1),
      top: () => goTo(topOf(source)),
      bottom: () => setWanted(undefined),
      wrap: () => setWrapped(!wrapped),
      search: () => {
        clear();
        search(true);
      },
      searchNext: () => next(1),
      searchPrevious: () => next(-1),
      copy,
      save,
    },
    { active: active && !typing },
  );

  const searchKeys = `${keyOf(context, "searchNext")} ${keyOf(context, "searchPrevious")}`;
  const where = following
    ? `following, ${count(source.count() - source.first(), "line")}`
    : `line ${place.line + 1} of ${source.count()}`;
  const status = notice ?? [words, wrapped ? "" : "cut", where].filter(Boolean).join(" · ");
  const heading = typing
    ? [t("/", "accent"), ...fieldLine(field, columns - 2)]
    : ruled(` ${query ? `${searchKeys} "${query}"` : "log"} `, ` ${truncate(status, columns - 8)} `, columns);
  const shown = rowsFrom(source, place, layout);
  return (
    <Box width={columns} height={rows} flexDirection="column" overflow="hidden" flexShrink={0}>
      <Rows
        lines={[heading, ...shown.map((row) => logLine(row, query, found))].slice(0, rows)}
        width={columns}
        clock={clock}
      />
    </Box>
  );
}

/** A rule across the window with words on both sides. */
function ruled(left: string, right: string, columns: number): Line {
  const words: Line = [t("─", "text.dim"), t(left, "text.dim")];
  const rest = Math.max(1, columns - lineWidth(words, 0) - right.length - 1);
  return [...words, t("─".repeat(rest), "text.dim"), t(right, "text.dim"), t("─", "text.dim")];
}

const MARKS: Readonly<Record<LogRow["stream"], readonly [mark: string, token: Token]>> = {
  out: ["  ", "text"],
  err: ["! ", "status.warn"],
  note: ["· ", "text.dim"],
};

/** The row with what it comes from, and every match marked: also one that is broken over two rows. */
function logLine(row: LogRow, query: string, found: number | undefined): Line {
  const [mark, token] = MARKS[row.stream];
  const current = row.line === found;
  const pieces: Line[number][] = [current && !row.offset ? t("› ", "accent") : t(row.offset ? "  " : mark, token)];
  let at = 0;
  for (const match of matcher(query)(row.whole)) {
    const from = Math.max(at, match - row.offset);
    const to = Math.min(row.text.length, match + query.length - row.offset);
    if (to <= from) continue;
    pieces.push(t(row.text.slice(at, from), token), t(row.text.slice(from, to), "match"));
    at = to;
  }
  return [...pieces, t(row.text.slice(at), token)];
}

/** All lines as they are drawn, oldest (`1`) or newest (`-1`) first, without ever holding them all. */
function* texts(source: LogSource, direction: 1 | -1): Generator<string> {
  const step = 500;
  const [first, end] = [source.first(), source.count()];
  for (let done = 0; done < end - first; done += step) {
    const from = direction === 1 ? first + done : Math.max(first, end - done - step);
    const to = direction === 1 ? Math.min(end, from + step) : end - done;
    const lines = source.slice(from, to);
    for (const line of direction === 1 ? lines : lines.toReversed()) yield logText(line.text);
  }
}
