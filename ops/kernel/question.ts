/** What a build would be made from, what that changes, and how long it will take: the words of the question. Pure. */

import { duration } from "../fleet/derive/ages.ts";
import type { MachineSpec } from "../fleet/machines.ts";
import type { Question } from "../operation/types.ts";
import { capital } from "../plain.ts";
import { fragments, type KernelSource, nameOf, type SourceFile, wantedPatches } from "./inputs.ts";
import type { BuiltFrom, JobFacts } from "./jobs.ts";
import type { KernelJob, KernelKind } from "./view.ts";

/** Host kernels are for nested virtualisation on the ARM machine (mission.md, "Kernels"). */
export function kindsFor({ architecture, buildsKernels }: MachineSpec): readonly KernelKind[] {
  if (!buildsKernels) return [];
  return architecture === "arm64" ? ["guest", "host"] : ["guest"];
}

/**
 * What differs here from what the newest image of that kind was made from, a phrase each; undefined where there is none
 * there to compare with.
 */
export function changesSince(
  source: KernelSource,
  kind: KernelKind,
  { architecture }: Pick<MachineSpec, "architecture">,
  facts: JobFacts,
): readonly string[] | undefined {
  const before = newestOf(kind, facts);
  return before && changesFrom(source, { architecture }, before);
}

/** What differs here from what an image was made from, a phrase each. */
export function changesFrom(
  source: KernelSource,
  { architecture }: Pick<MachineSpec, "architecture">,
  before: BuiltFrom,
): readonly string[] {
  return [
    ...(before.version === source.version ? [] : [`Linux ${source.version} in place of ${before.version}`]),
    ...compare("", wantedPatches(source), before.patches, true),
    ...compare("configuration ", fragments(source, before.kind, architecture), before.configuration, false),
  ];
}

/** Inputs of the newest image of a kind: by the newest job that made one, else by the order in which they were given. */
function newestOf(kind: KernelKind, { builtFrom, jobs }: JobFacts): BuiltFrom | undefined {
  const made = jobs.find((job) => job.kind === kind && job.state === "succeeded" && builtFrom.has(job.hash));
  return made ? builtFrom.get(made.hash) : [...builtFrom.values()].find((one) => one.kind === kind);
}

/** @param all whether what only the image has counts too: its configuration also has the distribution's, which is not here */
function compare(
  what: string,
  here: readonly SourceFile[],
  there: ReadonlyMap<string, string>,
  all: boolean,
): readonly string[] {
  const names = new Set(here.map(nameOf));
  return [
    ...here.flatMap((file) => {
      const before = there.get(nameOf(file));
      if (before === file.sha256) return [];
      return [`${what}${nameOf(file)} ${before === undefined ? "is new" : "changed"}`];
    }),
    ...(all ? [...there.keys()].filter((name) => !names.has(name)).map((name) => `${what}${name} is gone`) : []),
  ];
}

/** How long a build of that kind will take: as long as the last one that built anything, else a guess from its size. */
export function expectation(
  kind: KernelKind,
  { vcpus }: Pick<MachineSpec, "vcpus">,
  facts: JobFacts,
  changes: readonly string[] | undefined,
): string {
  if (changes?.length === 0) return "a second or two, as nothing changed";
  const last = facts.jobs.find((job) => job.kind === kind && job.state === "succeeded" && !job.unchanged);
  const took = last && tookMs(last);
  if (took !== undefined) return `${duration(took)}, as the last one`;
  // kernel.md, "Sizes": 2,409 CPU-seconds for the arm64 guest, a host 10 to 15 times that.
  const minutes = Math.max(1, Math.round((2409 * (kind === "host" ? 12.5 : 1)) / vcpus / 60));
  const download = facts.jobs.some(({ state }) => state === "succeeded") ? "" : " and the download";
  return `about ${minutes === 1 ? "a minute" : `${minutes} minutes`}${download}`;
}

export function tookMs({ endedAt, startedAt }: KernelJob): number | undefined {
  return endedAt === undefined || startedAt === 0 ? undefined : Math.max(0, endedAt - startedAt);
}

/** Asked before a build begins, where it was not said which. A build disturbs nothing; a host's reboot is asked for by itself. */
export function buildQuestion(spec: MachineSpec, source: KernelSource, facts: JobFacts): Question {
  const kinds = kindsFor(spec);
  const lines = [
    `${saysInputs(source)}.`,
    ...kinds.map((kind) => `${capital(kind)}: ${saysChanges(kind, changesSince(source, kind, spec, facts))}.`),
  ];
  return {
    kind: "choose",
    title: `Build which kernel on ${spec.name}?`,
    lines: [...lines, ...(kinds.includes("host") ? TRIAL : [])],
    choices: [
      { id: "cancel", label: "Cancel" },
      ...kinds.map((kind) => ({
        id: kind,
        label: kind === "guest" ? "Guest" : "Host",
        detail: `${expectationOf(kind, spec, source, facts)}; ${WHAT[kind]}`,
      })),
    ],
  };
}

const WHAT: Readonly<Record<KernelKind, string>> = {
  guest: "for Firecracker microVMs",
  host: "this machine's own",
};

const TRIAL = [
  "A host kernel is installed for one trial boot, which is asked for when it is there.",
  "Only if it comes up well does it become the default; otherwise the boot after it is the present kernel's.",
];

/** "Linux 6.18.3 with 7 patches": what any kernel is made from here. */
function saysInputs(source: KernelSource): string {
  const count = wantedPatches(source).length;
  return `Linux ${source.version} with ${count === 1 ? "1 patch" : `${count} patches`}`;
}

/** The same and more of one kind, for whoever asked for it by name: a line of the log, which has room for every patch's. */
export function saysBuild(spec: MachineSpec, kind: KernelKind, source: KernelSource, facts: JobFacts): string {
  const names = wantedPatches(source).map((file) => nameOf(file).replace(/\.patch$/, ""));
  const changes = saysChanges(kind, changesSince(source, kind, spec, facts));
  return `${saysInputs(source)} (${names.join(", ")}). ${capital(changes)}. Expected: ${expectationOf(kind, spec, source, facts)}.`;
}

function expectationOf(kind: KernelKind, spec: MachineSpec, source: KernelSource, facts: JobFacts): string {
  return expectation(kind, spec, facts, changesSince(source, kind, spec, facts));
}

function saysChanges(kind: KernelKind, changes: readonly string[] | undefined): string {
  if (!changes) return `the first ${kind} kernel of this machine`;
  if (changes.length === 0) return `nothing changed here since its last ${kind} kernel`;
  return `since its last ${kind} kernel: ${firstOf(changes)}`;
}

/** Two rows of a dialog in a window of 80 columns, with what stands before and behind them there. */
const CHANGES_ROOM = 90;

/** As many as there is room for, one at least, and how many more there are. */
function firstOf(changes: readonly string[]): string {
  const fitting = changes.filter((_, at) => at === 0 || changes.slice(0, at + 1).join(", ").length <= CHANGES_ROOM);
  const more = changes.length - fitting.length;
  return fitting.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
