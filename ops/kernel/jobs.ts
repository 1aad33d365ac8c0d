/** What kernel/job.sh says on a machine (the head of that script is the contract), and how it is asked. */

import { FailureError } from "../failure.ts";
import type { Site } from "./site.ts";
import type { KernelJob, KernelKind, KernelPhase } from "./view.ts";

/** What a finished image was made from: the lines of its NAME.inputs, as NAME of a file → its SHA-256. */
export interface BuiltFrom {
  readonly kind: KernelKind;
  readonly version: string;
  readonly patches: ReadonlyMap<string, string>;
  readonly configuration: ReadonlyMap<string, string>;
}

/** The newest five jobs of a machine, newest first, and what the images that are still there were made from. */
export interface JobFacts {
  readonly jobs: readonly KernelJob[];
  /** By the hash that is in the image's name. */
  readonly builtFrom: ReadonlyMap<string, BuiltFrom>;
}

export const NO_FACTS: JobFacts = { jobs: [], builtFrom: new Map() };

const ARTEFACTS = `"$HOME"/.local/state/snowglobe-kernel/artefacts`;

/** What tells the jobs and the images, for parseFacts; `place` is where kernel/ lies there. */
export function factsCommand(place: string): string {
  return `${place}/job.sh status 2>&1
cd ${ARTEFACTS} 2>/dev/null && for name in $(ls -t -- *.inputs 2>/dev/null | head -n 6); do echo "inputs $name"; cat "$name"; done
true`;
}

export async function readFacts({ place, run }: Site): Promise<JobFacts> {
  const { output } = await run(factsCommand(place));
  return parseFacts(output);
}

export interface Started {
  readonly job: KernelJob;
  /** As they are now; absent where it ran already. */
  readonly facts?: JobFacts;
  /** All of its log, where it is over. */
  readonly log?: string;
  /** Whether it ran already: somebody else's. */
  readonly already: boolean;
}

/** Prints the newest job's log behind a line that says so, where it is over and small. */
const LOG_OF_ENDED = `cd "$HOME"/.local/state/snowglobe-kernel/jobs && for job in */; do :; done && [ -e "$job/exit" ] && echo log && head -c 65536 "$job/log"`;

/** Starts a build. Throws a FailureError with the script's own sentence where it refuses. */
export async function startJob({ place, run }: Site, kind: KernelKind): Promise<Started> {
  const then = `${factsCommand(place)}\n${LOG_OF_ENDED}\ntrue`;
  const { code, output } = await run(`${place}/job.sh start ${kind} 2>&1 || exit\n${then}`);
  const [said = "", log] = output.split(/^log\n(.*)/ms);
  const { builtFrom, jobs } = parseFacts(said);
  const [job, ...all] = jobs;
  if (!job) throw refused(output, code);
  if (code === 75) return { job, already: true };
  return { job, already: false, facts: { jobs: all, builtFrom }, ...(log === undefined ? {} : { log }) };
}

/** Stops the running build and gives how it ended; undefined where there never was one. */
export async function cancelJob({ place, run }: Site): Promise<KernelJob | undefined> {
  const { code, output } = await run(`${place}/job.sh cancel 2>&1`);
  const job = parseFacts(output).jobs[0];
  if (!job && code !== 0) throw refused(output, code);
  return job;
}

function refused(output: string, code: number): FailureError {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const sentence = lines.at(-1)?.replace(/^==> failed /, "");
  return new FailureError({
    kind: "conflict",
    code: "JOB_REFUSED",
    sentence: sentence ?? `kernel/job.sh ended with status ${code} and without a word.`,
  });
}

/** Reads status lines and inputs out of any text; what is neither is passed over. */
export function parseFacts(output: string): JobFacts {
  const [head = "", ...sections] = output.split(/^inputs (?=\S+$)/m);
  const jobs = head.split("\n").flatMap((line) => parseJob(line) ?? []);
  const builtFrom = sections.flatMap((section): [string, BuiltFrom][] => {
    const [name = "", ...lines] = section.split("\n");
    const hash = /(?:^|-)([0-9a-f]{12})(?:\.bin)?\.inputs$/.exec(name)?.[1];
    return hash ? [[hash, parseInputs(lines)]] : [];
  });
  return { jobs, builtFrom: new Map(builtFrom) };
}

function parseInputs(lines: readonly string[]): BuiltFrom {
  const facts = new Map<string, string>();
  const sums = { patch: new Map<string, string>(), configuration: new Map<string, string>() };
  for (const line of lines) {
    const [, list, sum, name] = /^(patch|configuration) ([0-9a-f]{64}) (\S+)$/.exec(line) ?? [];
    if (name !== undefined && sum !== undefined) sums[list === "patch" ? "patch" : "configuration"].set(name, sum);
    const [, key, value] = /^(kind|version) (\S+)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) facts.set(key, value);
  }
  return {
    kind: facts.get("kind") === "host" ? "host" : "guest",
    version: facts.get("version") ?? "",
    patches: sums.patch,
    configuration: sums.configuration,
  };
}

const PHASES: Readonly<Record<KernelPhase, true>> = {
  starting: true,
  check: true,
  fetch: true,
  verify: true,
  patch: true,
  configure: true,
  compile: true,
  link: true,
  prove: true,
  install: true,
  done: true,
};
const STATES: Readonly<Record<KernelJob["state"], true>> = {
  running: true,
  succeeded: true,
  failed: true,
  cancelled: true,
  interrupted: true,
  lost: true,
};

export function isPhase(word: string): word is KernelPhase {
  return Object.hasOwn(PHASES, word);
}

function isState(word: string): word is KernelJob["state"] {
  return Object.hasOwn(STATES, word);
}

/** One status line; undefined for anything else. */
export function parseJob(line: string): KernelJob | undefined {
  if (!line.startsWith("{")) return undefined;
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof said !== "object" || said === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = { ...said };
  const text = (name: string) => (typeof fields[name] === "string" ? fields[name] : "");
  const number = (name: string) => (typeof fields[name] === "number" ? fields[name] : undefined);
  const time = (name: string) => {
    const seconds = number(name);
    return seconds === undefined ? undefined : seconds * 1000;
  };
  const { id, kind, state, phase } = { id: text("id"), kind: text("kind"), state: text("state"), phase: text("phase") };
  if (!isJobId(id) || (kind !== "guest" && kind !== "host") || !isState(state)) return undefined;
  return {
    id,
    kind,
    state,
    phase: isPhase(phase) ? phase : "starting",
    version: text("version"),
    hash: text("hash"),
    host: text("host"),
    startedAt: time("started") ?? 0,
    endedAt: time("ended"),
    exit: number("exit"),
    total: number("total"),
    bytes: number("bytes") ?? 0,
    log: text("log"),
    artefact: text("artefact"),
    unchanged: fields.unchanged === true,
    reason: text("reason"),
  };
}

/** A job's ID names files, here and there: nothing else may come in its place. */
function isJobId(id: string): boolean {
  return /^\d{8}T\d{9}-(?:guest|host)$/.test(id);
}
