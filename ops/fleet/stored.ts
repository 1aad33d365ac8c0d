/** The last look at the account, on disk, so that the next start has something to show at once. */

import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Observation, OwnerValues } from "./model.ts";

export interface StoredLook {
  readonly observation: Observation;
  readonly owner: OwnerValues;
}

export interface LookStore {
  /** The stored look; undefined where there is none, or none that can be trusted. Never throws. */
  readonly load: () => Promise<StoredLook | undefined>;
  /** Writes at once what changed, and a mere change of time once a minute. Never throws: it is a convenience. */
  readonly save: (look: StoredLook) => void;
  /** Resolves when nothing is being written any more. */
  readonly flush: () => Promise<void>;
}

/** Goes up with every change of the shapes in model.ts: what another version wrote is not read. */
const VERSION = 1;
const SAME_LOOK_EVERY_MS = 60_000;

export function createLookStore(stateDir: string): LookStore {
  const file = join(stateDir, "observation.json");
  let saved: StoredLook | undefined;
  let writing = Promise.resolve();

  const write = async (look: StoredLook): Promise<void> => {
    try {
      await mkdir(stateDir, { recursive: true, mode: 0o700 });
      // Renamed into place, so that two cockpits at once and a kill leave a whole file; not worth an fsync.
      await writeFileAtomic(file, JSON.stringify({ version: VERSION, ...look }), { mode: 0o600, fsync: false });
    } catch {
      saved = undefined;
    }
  };

  return {
    load: async () => {
      try {
        const stored: unknown = JSON.parse(await readFile(file, "utf8"));
        return isStored(stored) ? { observation: stored.observation, owner: stored.owner } : undefined;
      } catch {
        return undefined;
      }
    },
    save: (look) => {
      if (saved && isSame(saved, look) && look.observation.at - saved.observation.at < SAME_LOOK_EVERY_MS) return;
      saved = look;
      writing = writing.then(() => write(look));
    },
    flush: () => writing,
  };
}

/** Whether only the time differs: with structural sharing, equal parts are identical. */
function isSame(a: StoredLook, b: StoredLook): boolean {
  const parts = ["instances", "spotRequests", "volumes", "addresses"] as const;
  return a.owner === b.owner && parts.every((part) => a.observation[part] === b.observation[part]);
}

function isStored(value: unknown): value is StoredLook {
  if (!isRecord(value) || value.version !== VERSION || !isRecord(value.owner) || !isRecord(value.observation)) {
    return false;
  }
  const { at, instances, spotRequests, volumes, addresses } = value.observation;
  const every = (items: unknown, test: (item: Readonly<Record<string, unknown>>) => boolean) =>
    Array.isArray(items) && items.every((item: unknown) => isRecord(item) && isRecord(item.tags) && test(item));
  return (
    typeof at === "number" &&
    every(
      instances,
      (one) => typeof one.id === "string" && typeof one.state === "string" && Array.isArray(one.blockDevices),
    ) &&
    every(spotRequests, (one) => typeof one.id === "string" && typeof one.statusCode === "string") &&
    every(volumes, (one) => typeof one.id === "string" && Array.isArray(one.attachments)) &&
    every(addresses, (one) => typeof one.allocationId === "string" && typeof one.publicIp === "string") &&
    Object.values(value.owner).every((root) => isRecord(root) && typeof root.volumeId === "string")
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
