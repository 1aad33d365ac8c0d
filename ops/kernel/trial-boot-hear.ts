/** What a machine says of its trial and of who is on it, read out of any text. */

import { redactLine } from "../aws/redact.ts";
import type { Health, Trial } from "./decide-trial.ts";
import type { Occupants } from "./trial-boot-words.ts";

const TRIALS: Readonly<Record<Trial, true>> = { armed: true, running: true, "fell-back": true, none: true };

/** The health in the output of `install-host.sh health`; undefined where it is not there, whole and sound. */
export function parseHealth(output: string): Health | undefined {
  const line = output.split("\n").find((one) => one.startsWith("{"));
  let said: unknown;
  try {
    said = JSON.parse(line ?? "");
  } catch {
    return undefined;
  }
  if (typeof said !== "object" || said === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = { ...said };
  const { built, default: saved, expected, healthy, kvm, matches, network, nvme, root, trial, uname } = fields;
  if (!isRelease(uname) || (expected !== "" && !isRelease(expected)) || !isTrial(trial)) return undefined;
  return {
    uname,
    expected,
    trial,
    default: isRelease(saved) ? saved : "",
    built: typeof built === "string" && /^[0-9a-f]{12}$/.test(built) ? built : "",
    nvme: typeof nvme === "number" && nvme > 0 ? nvme : 0,
    matches: matches === true,
    root: root === true,
    network: network === true,
    kvm: kvm === true,
    healthy: healthy === true,
  };
}

function isRelease(value: unknown): value is string {
  return typeof value === "string" && /^[\w.+~-]{1,64}$/.test(value);
}

function isTrial(value: unknown): value is Trial {
  return typeof value === "string" && Object.hasOwn(TRIALS, value);
}

/** Lines of `who`, a line of dashes, the number of Firecracker's processes. */
export const OCCUPANTS_COMMAND = "who 2>/dev/null; echo ---; pgrep -xc firecracker 2>/dev/null; true";

const LOGINS_SHOWN = 6;

export function parseOccupants(output: string, sessionsHere: number): Occupants {
  const [logins = "", number = ""] = output.split(/^---$/m);
  const lines = logins.split("\n").map((line) => redactLine(line, 60));
  return {
    logins: lines.filter(Boolean).slice(0, LOGINS_SHOWN),
    sessionsHere,
    firecrackers: Number(/^\d{1,6}$/m.exec(number)?.[0] ?? 0),
  };
}

/** The sentence of a script that failed: what it says itself, else its last line. */
export function refusalIn(output: string): string | undefined {
  const lines = output.split("\n").map((line) => redactLine(line));
  return lines.findLast((line) => line.startsWith("==> failed "))?.slice(11) ?? lines.findLast(Boolean);
}
