/**
 * kernel/ on the machine: a directory for every state it was ever in, named by its hash and never changed once it is there,
 * so that nothing which runs from one is disturbed. Only what changed goes over the wire.
 */

import { FailureError } from "../failure.ts";
import { shellWord } from "../plain.ts";
import { parseRunningBuild, RUNNING_BUILD } from "../ssh/probe-script.ts";
import type { KernelSource, SourceFile } from "./inputs.ts";
import { factsCommand } from "./jobs.ts";
import type { Site } from "./site.ts";

/** Below the home there; `newest` in it is a link, for people and for whoever only looks. */
const PLACE = ".local/share/snowglobe/kernel";

/** The newest that was brought there, by whichever computer. */
export const NEWEST_PLACE = `"$HOME"/${PLACE}/newest`;

/** The directory of that state on the machine, as a word of shell. */
export function placeOf({ hash }: Pick<KernelSource, "hash">): string {
  return `"$HOME"/${PLACE}/${hash}`;
}

/** What the machine has of kernel/, for bringOver; changes nothing there. Where it has all, it tells its jobs in the same breath. */
export async function lookThere({ hash }: KernelSource, { place, run }: Site): Promise<string> {
  return (await run("bash -s", question(hash, factsCommand(place)))).output;
}

/** Whether a build runs there, by whomever. */
export function saysRunning(seen: string): boolean {
  return parseRunningBuild(seen) !== undefined;
}

/**
 * Makes sure that kernel/ is there as it is here; gives how many files had to go over, and what is said of the jobs there
 * (parseFacts). Whole or not at all: two computers at once, or a link that dies half-way, leave nothing half-written.
 * @param before what lookThere gave, where it was asked already
 */
export async function bringOver(
  source: KernelSource,
  site: Site,
  before: string | undefined,
): Promise<{ readonly sent: number; readonly said: string }> {
  const { place, run } = site;
  const then = factsCommand(place);
  const seen = before ?? (await lookThere(source, site));
  const [, said] = /^present\n(.*)/ms.exec(seen) ?? [];
  if (said !== undefined) return { sent: 0, said };
  const [, old = ""] = /^at (.+)$/m.exec(seen) ?? [];
  const there = new Map(
    [...seen.matchAll(/^([0-9a-f]{64}) [ *]\.\/(.+)$/gm)].map(([, sum = "", path = ""]) => [path, sum]),
  );
  const isThere = ({ path, sha256 }: SourceFile) => old !== "" && there.get(path) === sha256;
  const missing = source.files.filter((file) => !isThere(file));
  const sent = await run("bash -s", delivery(source, old, isThere, then));
  if (sent.code === 0) return { sent: missing.length, said: sent.output };
  // What was to be taken from the old directory may have gone meanwhile: once more, with everything.
  const again = await run(
    "bash -s",
    delivery(source, "", () => false, then),
  );
  if (again.code === 0) return { sent: source.files.length, said: again.output };
  throw new FailureError({
    kind: "conflict",
    code: "BRING_OVER",
    sentence: `kernel/ could not be written on the machine: ${lastLine(again.output) ?? `status ${again.code}`}.`,
    action: "Make room in its home directory, then build again.",
  });
}

function lastLine(text: string): string | undefined {
  return text
    .split("\n")
    .map((line) => line.trim())
    .findLast(Boolean)
    ?.replace(/\.$/, "");
}

/** What is there already. */
function question(hash: string, then: string): string {
  return `main() {
  cd || return
  ${RUNNING_BUILD}
  if [ -d ${PLACE}/${hash} ]; then
    touch ${PLACE}/${hash}
    echo present
    ${then}
  elif cd ${PLACE}/newest 2>/dev/null; then
    echo "at $(pwd -P)"
    find . -type f -exec sha256sum {} +
  fi
}
main
`;
}

/**
 * A script that makes the directory, takes over what is the same, writes what is not, checks all of it and puts it in
 * place. In a function: a script that arrives only in part does nothing.
 */
function delivery(source: KernelSource, old: string, isThere: (file: SourceFile) => boolean, then: string): string {
  const folders = new Set(source.files.map(({ path }) => path.split("/").slice(0, -1).join("/")).filter(Boolean));
  const words = (files: readonly SourceFile[]) => files.map(({ path }) => shellWord(path)).join(" ");
  const same = source.files.filter(isThere);
  const programs = source.files.filter(({ executable }) => executable);
  const lines = [
    "main() {",
    "set -eu",
    `cd; mkdir -p ${PLACE}; cd ${PLACE}`,
    `part=$(mktemp -d part.XXXXXX)`,
    `trap 'cd "$HOME"/${PLACE}; rm -rf "$part"' EXIT`,
    `cd "$part"`,
    `mkdir -p . ${[...folders].map(shellWord).join(" ")}`,
    ...(same.length > 0 ? [`(cd ${shellWord(old)}; cp --parents -t "$OLDPWD" ${words(same)})`] : []),
    ...source.files
      .filter((file) => !isThere(file))
      .map((file) => `base64 -d >${shellWord(file.path)} <<'END'\n${file.content.toString("base64")}\nEND`),
    `chmod 644 ${words(source.files)}`,
    ...(programs.length > 0 ? [`chmod 755 ${words(programs)}`] : []),
    "sha256sum --quiet -c - <<'END'",
    ...source.files.map(({ path, sha256 }) => `${sha256}  ${path}`),
    "END",
    "cd ..",
    `chmod 755 "$part"`,
    // Another computer may have been quicker with the very same.
    `mv -T "$part" ${source.hash} 2>/dev/null || [ -d ${source.hash} ]`,
    `touch ${source.hash}`,
    `ln -s ${source.hash} "$part.link"; mv -fT "$part.link" newest`,
    // The older ones go, but never while something may run from one.
    `if ! [ -e "$HOME/.local/state/snowglobe-kernel/lock" ] || flock -n -s "$HOME/.local/state/snowglobe-kernel/lock" true; then`,
    "  find . -mindepth 1 -maxdepth 1 -name 'part.*' -mmin +60 -exec rm -rf {} +",
    "  ls -t | grep -vx 'newest\\|part.*' | tail -n +4 | xargs -r rm -rf --",
    "fi",
    "}",
    "main 2>&1",
    "set +eu",
    then,
    "",
  ];
  return lines.join("\n");
}
