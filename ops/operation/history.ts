/** The history of runs: one JSON-lines file each, written as events arrive, bounded in number and size. */

import { createWriteStream, type WriteStream } from "node:fs";
import { chmod, mkdir, open, readdir, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { redact } from "../aws/redact.ts";
import { MACHINE_NAMES, type MachineName } from "../fleet/machines.ts";
import { isNumber, isText, oneOf, optional, shaped, type Test } from "../shape.ts";
import { type RunState, reduceRun } from "./run.ts";
import type { OperationEvent, Outcome } from "./types.ts";

export interface RunSummary {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly machine: MachineName | undefined;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  /** Absent for a run that was cut off, or that another process is at just now. */
  readonly outcome: Outcome | undefined;
}

interface RunRecord {
  /** Stores an event; never throws and never waits. */
  readonly write: (event: OperationEvent) => void;
}

export interface History {
  /** Opens the file of a new run. `onTrouble` hears one sentence, once, where it cannot be written. */
  readonly begin: (id: string, onTrouble: (sentence: string) => void) => RunRecord;
  /** The stored runs, newest first. Never throws. */
  readonly listRuns: () => Promise<readonly RunSummary[]>;
  /** A stored run as it was drawn when it ran; undefined where it is not there or begins with nonsense. */
  readonly openRun: (id: string) => Promise<RunState | undefined>;
  /** Resolves when all that was written is with the operating system. */
  readonly flush: () => Promise<void>;
}

interface HistoryLimits {
  readonly runs: number;
  readonly bytesARun: number;
  readonly bytesInAll: number;
}

const LIMITS: HistoryLimits = { runs: 200, bytesARun: 5_000_000, bytesInAll: 50_000_000 };
const EXTENSION = ".jsonl";

const CUT_OFF: Outcome = {
  status: "cancelled",
  sentence: "The record ends here: snowglobe ended before the run did, or it still runs in another one.",
  next: "Run it again: it goes on from where things are.",
};

export function createHistory(stateDir: string, limits: HistoryLimits = LIMITS): History {
  const dir = join(stateDir, "history");
  /** Of each run whose file is open: resolves when what was written of it is with the operating system. */
  const writing = new Set<() => Promise<void>>();
  const fileOf = (id: string) => join(dir, `${id}${EXTENSION}`);

  const begin: History["begin"] = (id, onTrouble) => {
    const done = Promise.withResolvers<void>();
    const settle = () => {
      done.resolve();
      writing.delete(written);
    };
    const pending: string[] = [];
    let stream: WriteStream | undefined;
    let failed = false;
    let ended = false;
    let full = false;
    let bytes = 0;
    const fail = () => {
      if (failed) return;
      failed = true;
      settle();
      onTrouble("This run is not kept in the history: its file cannot be written.");
    };
    const put = (line: string) => {
      bytes += Buffer.byteLength(line);
      if (stream) stream.write(line);
      else pending.push(line);
    };
    const opened = prepare(dir, limits)
      .then(() => {
        if (failed) return;
        stream = createWriteStream(fileOf(id), { flags: "a", mode: 0o600 });
        stream.on("error", fail).on("close", settle);
        for (const line of pending.splice(0)) stream.write(line);
        if (ended) stream.end();
      })
      .catch(fail);
    // A run that goes on without us, as a kernel build does, has no end to be waited for.
    const written = async (): Promise<void> => {
      await opened;
      if (ended || failed || !stream) return done.promise;
      const { promise, resolve } = Promise.withResolvers<void>();
      stream.write("", () => resolve());
      return promise;
    };
    writing.add(written);
    return {
      write: (event) => {
        const kept = storable(event);
        if (!kept || failed || ended) return;
        const line = `${JSON.stringify(kept)}\n`;
        const small = event.type !== "log" && event.type !== "progress";
        if (small || bytes + line.length <= limits.bytesARun) put(line);
        else if (!full) {
          full = true;
          put(
            `${JSON.stringify({ type: "log", at: event.at, stream: "note", text: "The history keeps no more of this." })}\n`,
          );
        }
        if (event.type === "result") {
          ended = true;
          stream?.end();
        }
      },
    };
  };

  return {
    begin,
    listRuns: async () => {
      const ids = await idsIn(dir);
      const runs = await Promise.all(ids.map((id) => summarize(id, fileOf(id)).catch(() => undefined)));
      return runs.filter((run) => run !== undefined).sort((a, b) => b.startedAt - a.startedAt);
    },
    openRun: async (id) => {
      if (!/^[\w.-]+$/.test(id)) return undefined;
      try {
        return rebuild(id, await readFile(fileOf(id), "utf8"));
      } catch {
        return undefined;
      }
    },
    flush: async () => {
      await Promise.all([...writing].map((written) => written()));
    },
  };
}

/** What of an event may lie on disk: no device codes, nothing that a person typed, no secret in a text. */
function storable(event: OperationEvent): OperationEvent | undefined {
  switch (event.type) {
    case "device-code":
      return undefined;
    case "answer":
      return { ...event, answer: event.answer === undefined || event.answer === "yes" ? event.answer : "…" };
    case "log":
      return { ...event, text: redact(event.text) };
    case "step":
      return event.detail === undefined ? event : { ...event, detail: redact(event.detail) };
    default:
      return event;
  }
}

/** The directory, ours alone, with room for one more run: the oldest go first. */
async function prepare(dir: string, limits: HistoryLimits): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
  let bytes = 0;
  let runs = 1;
  for (const id of await idsIn(dir)) {
    const file = join(dir, `${id}${EXTENSION}`);
    // Another process may be tidying up as well.
    bytes += await stat(file).then(
      ({ size }) => size,
      () => 0,
    );
    runs += 1;
    if (runs > limits.runs || bytes > limits.bytesInAll - limits.bytesARun) await unlink(file).catch(() => {});
  }
}

/** Newest first: an ID begins with the time of its run. */
async function idsIn(dir: string): Promise<readonly string[]> {
  const names = await readdir(dir).catch(() => []);
  return names
    .filter((name) => name.endsWith(EXTENSION))
    .map((name) => name.slice(0, -EXTENSION.length))
    .sort()
    .reverse();
}

/** Reads the two ends of the file only: the first event and the result. */
async function summarize(id: string, file: string): Promise<RunSummary | undefined> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const read = async (position: number) => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(16_384), 0, 16_384, position);
      return buffer.toString("utf8", 0, bytesRead).split("\n");
    };
    const start = parseEvent((await read(0))[0] ?? "");
    if (start?.type !== "start") return undefined;
    const result = parseEvent((await read(Math.max(0, size - 16_384))).at(-2) ?? "");
    return {
      id,
      name: start.name,
      title: start.title,
      machine: start.machine,
      startedAt: start.at,
      endedAt: result?.type === "result" ? result.at : undefined,
      outcome: result?.type === "result" ? result.outcome : undefined,
    };
  } finally {
    await handle.close();
  }
}

function rebuild(id: string, text: string): RunState | undefined {
  const [start, ...events] = text.split("\n").flatMap((line) => parseEvent(line) ?? []);
  if (start?.type !== "start") return undefined;
  const fresh: RunState = {
    id,
    name: start.name,
    title: start.title,
    machine: start.machine,
    harmlessToDrop: true,
    startedAt: start.at,
    endedAt: undefined,
    steps: [],
    log: [],
    progress: undefined,
    question: undefined,
    waitedMs: 0,
    deviceCode: undefined,
    cancelling: false,
    outcome: undefined,
  };
  const run = events.reduce(reduceRun, fresh);
  return run.outcome ? run : { ...run, question: undefined, outcome: CUT_OFF, endedAt: events.at(-1)?.at ?? start.at };
}

const MACHINE = optional(oneOf(...MACHINE_NAMES));
const SAID = shaped({ sentence: isText, next: optional(isText) });
const FAILED = shaped({ failure: shaped({ kind: isText, sentence: isText, action: optional(isText) }) });
const OUTCOME: Test = (value) =>
  shaped({ status: oneOf("done", "nothing-to-do", "blocked", "cancelled") })(value)
    ? SAID(value)
    : shaped({ status: oneOf("failed") })(value) && FAILED(value);

/** What each event has to have, so that it can be drawn; a question is answered or gone, and never drawn again. */
const EVENTS: Readonly<Record<string, Test>> = {
  start: shaped({ name: isText, title: isText, machine: MACHINE }),
  step: shaped({
    id: isText,
    title: isText,
    state: oneOf("running", "waiting", "done", "failed", "skipped"),
    detail: optional(isText),
  }),
  log: shaped({ stream: oneOf("out", "err", "note"), text: isText }),
  progress: shaped({ done: isNumber, total: isNumber, unit: isText }),
  question: shaped({ id: isNumber }),
  answer: shaped({ id: isNumber }),
  result: shaped({ outcome: OUTCOME }),
};

function isEvent(value: unknown): value is OperationEvent {
  if (!shaped({ at: isNumber, type: oneOf(...Object.keys(EVENTS)) })(value)) return false;
  return EVENTS[(value as { type: string }).type]?.(value) ?? false;
}

/** One line of the file; undefined for what a full disk or a kill left half-written. */
function parseEvent(line: string): OperationEvent | undefined {
  try {
    const event: unknown = JSON.parse(line);
    return isEvent(event) ? event : undefined;
  } catch {
    return undefined;
  }
}
