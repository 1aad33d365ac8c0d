/** What a probe asks a machine, and how its answer is read. */

import { LIST_HELD, parseHeld } from "./holder.ts";
import type { Probe } from "./types.ts";

/** Says which kernel build runs, if one does: its job has no exit status, and somebody holds the lock (kernel/job.sh). */
export const RUNNING_BUILD = `
builds=$HOME/.local/state/snowglobe-kernel
build=$(cat "$builds/holder" 2>/dev/null) && [ -d "$builds/jobs/$build" ] && [ ! -e "$builds/jobs/$build/exit" ] &&
  ! flock -n -s "$builds/lock" true && echo "build $build"
true
`;

/** What was written to the homes of a disk since it came with its machine, outside dot-directories. */
export interface Written {
  readonly files: number;
  readonly bytes: number;
  /** There is more: the count was ended for time. */
  readonly atLeast: boolean;
}

/**
 * Counts it, in three seconds at most: everything newer than cloud-init's first boot, but for what that first boot itself
 * fetched (claude-history-sync). A disk that no cloud-init knows of is counted from this boot on. -xdev: no other disk.
 */
export const WRITTEN = `
began=\${SNOWGLOBE_ROOT:-}/var/lib/cloud/instance/sem/config_ssh
made=\${SNOWGLOBE_ROOT:-}/var/lib/snowglobe/first-boot.status
[ -e "$began" ] || began=/proc/1
[ -e "$made" ] || made=$began
cd "\${HOME%/*}" && {
  timeout 3 find . -xdev -path '*/.*' -prune -o -type f -newer "$began" \\
    \\( -newer "$made" -o -not -path './*/claude-history-sync/*' \\) -printf '%s\\n'
  [ $? -ne 124 ] || echo more
} 2>/dev/null | awk '$1 == "more" { more = 1; next } { n += 1; b += $1 } END { printf "written %d %.0f %s\\n", n, b, more ? "more" : "all" }'
`;

/** Reads what WRITTEN printed, whatever else was; undefined where it did not. */
export function parseWritten(output: string): Written | undefined {
  const [, files, bytes, rest] = /^written (\d{1,9}) (\d{1,15}) (more|all)$/m.exec(output) ?? [];
  return rest === undefined ? undefined : { files: Number(files), bytes: Number(bytes), atLeast: rest === "more" };
}

/**
 * Read-only, POSIX, one fact a line. The scratch disk is told by its model and never by its name (mission.md). The
 * interruption notice is instance metadata, version 2 (EC2 user guide, "spot/instance-action": 404 where there is none).
 */
export const PROBE_SCRIPT = `
echo "kernel $(uname -r)"
echo "load $(cat /proc/loadavg)"
echo "uptime $(cat /proc/uptime)"
if command -v findmnt >/dev/null; then
  source=$(findmnt -n -o SOURCE --mountpoint /mnt/fcvm-btrfs)
  if [ -n "$source" ]; then
    echo "scratch $source"
    disk=$(basename "$source" | sed 's/^\\(nvme[0-9]*n[0-9]*\\)p[0-9]*$/\\1/')
    echo "model $(cat "/sys/class/block/$disk/device/model" 2>/dev/null)"
  else
    echo "scratch none"
  fi
fi
status=/var/lib/snowglobe/first-boot.status
[ -r "$status" ] && echo "first-boot $(tr '\\n' ' ' <"$status")"
${RUNNING_BUILD}
${LIST_HELD}
metadata=http://169.254.169.254/latest
token=$(curl -sf -m 1 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token") &&
  echo "interruption $(curl -sf -m 1 -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/spot/instance-action")"
true
`;

/** Reads a probe's output; undefined where not even the kernel's release is in it. Survives any text. */
export function parseProbe(output: string, at: number): Probe | undefined {
  const facts = new Map<string, string>();
  for (const line of output.split("\n")) {
    const space = line.indexOf(" ");
    if (space > 0 && !facts.has(line.slice(0, space))) facts.set(line.slice(0, space), line.slice(space + 1).trim());
  }
  const kernel = facts.get("kernel");
  if (!kernel || !/^[\w.+~-]+$/.test(kernel)) return undefined;
  const [one, five, fifteen] = numbers(facts.get("load"));
  const [uptimeSeconds] = numbers(facts.get("uptime"));
  return {
    at,
    kernel,
    nestedDsb: kernel.endsWith("-nested-dsb"),
    scratch: scratchOf(facts.get("scratch"), facts.get("model")),
    load: one !== undefined && five !== undefined && fifteen !== undefined ? [one, five, fifteen] : undefined,
    uptimeSeconds,
    interruption: interruptionOf(facts.get("interruption")),
    ...firstBootOf(facts.get("first-boot")),
    ...buildOf(facts.get("build")),
    kept: parseHeld(output),
  };
}

/** The status file on one line: the state, then the steps that failed. */
function firstBootOf(text = ""): Pick<Probe, "firstBoot"> {
  const [state, ...failed] = text.split(/\s+/).filter((word) => /^[\w-]{1,40}$/.test(word));
  return state === "running" || state === "done" || state === "failed" ? { firstBoot: { state, failed } } : {};
}

/** The ID of a job, which ends in its kind. */
function buildOf(text = ""): Pick<Probe, "build"> {
  const kind = /^\d{8}T\d{9}-(guest|host)$/.exec(text)?.[1];
  return kind === "guest" || kind === "host" ? { build: { id: text, kind } } : {};
}

/** Reads what RUNNING_BUILD printed, whatever else was. */
export function parseRunningBuild(output: string): Probe["build"] {
  return buildOf(/^build (\S+)$/m.exec(output)?.[1]).build;
}

/** The leading numbers of a line of /proc, none below zero. */
function numbers(text = ""): number[] {
  const found: number[] = [];
  for (const word of text.split(/\s+/)) {
    if (!/^\d+(\.\d+)?$/.test(word)) break;
    found.push(Number(word));
  }
  return found;
}

function scratchOf(source: string | undefined, model: string | undefined): Probe["scratch"] {
  if (!source) return undefined;
  if (!source.startsWith("/")) return { mounted: false };
  return { mounted: true, device: source, ...(model ? { model } : {}) };
}

function interruptionOf(json = ""): Probe["interruption"] {
  try {
    const notice: unknown = JSON.parse(json);
    if (typeof notice !== "object" || notice === null || !("action" in notice) || !("time" in notice)) return undefined;
    const at = Date.parse(String(notice.time));
    return typeof notice.action === "string" && !Number.isNaN(at) ? { action: notice.action, at } : undefined;
  } catch {
    return undefined;
  }
}
