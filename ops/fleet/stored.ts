/** The last look at the account, on disk, so that the next start has something to show at once. */

import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { isFlag, isNumber, isText, listOf, oneOf, optional, recordOf, shaped } from "../shape.ts";
import { ATTACHMENT_STATES, INSTANCE_STATES, SPOT_STATES, VOLUME_STATES } from "./facts.ts";
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
      const apart = Math.abs(look.observation.at - (saved?.observation.at ?? 0));
      if (saved && isSame(saved, look) && apart < SAME_LOOK_EVERY_MS) return;
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

const TAGS = recordOf(isText);

const ATTACHMENTS = listOf(
  shaped({
    volumeId: isText,
    instanceId: isText,
    device: isText,
    state: oneOf(...ATTACHMENT_STATES),
    attachedAt: optional(isNumber),
    deleteOnTermination: isFlag,
  }),
);

const INSTANCE = shaped({
  id: isText,
  name: optional(isText),
  state: oneOf(...INSTANCE_STATES),
  stateReason: optional(isText),
  stateReasonText: optional(isText),
  type: isText,
  architecture: isText,
  imageId: isText,
  availabilityZone: isText,
  launchedAt: isNumber,
  publicIp: optional(isText),
  privateIp: optional(isText),
  rootDeviceName: isText,
  blockDevices: ATTACHMENTS,
  market: oneOf("spot", "on-demand"),
  spotRequestId: optional(isText),
  tags: TAGS,
});

const SPOT_REQUEST = shaped({
  id: isText,
  state: oneOf(...SPOT_STATES),
  statusCode: isText,
  statusAt: optional(isNumber),
  instanceId: optional(isText),
  type: oneOf("persistent", "one-time"),
  interruptionBehavior: optional(isText),
  createdAt: optional(isNumber),
  instanceType: optional(isText),
  tags: TAGS,
});

const VOLUME = shaped({
  id: isText,
  name: optional(isText),
  state: oneOf(...VOLUME_STATES),
  sizeGiB: isNumber,
  type: isText,
  iops: optional(isNumber),
  throughput: optional(isNumber),
  availabilityZone: isText,
  createdAt: isNumber,
  snapshotId: optional(isText),
  encrypted: isFlag,
  attachments: ATTACHMENTS,
  tags: TAGS,
});

const ADDRESS = shaped({
  allocationId: isText,
  associationId: optional(isText),
  publicIp: isText,
  instanceId: optional(isText),
  tags: TAGS,
});

const STORED = shaped({
  version: oneOf(VERSION),
  owner: recordOf(shaped({ volumeId: isText, allocationId: optional(isText) })),
  observation: shaped({
    at: isNumber,
    instances: listOf(INSTANCE),
    spotRequests: listOf(SPOT_REQUEST),
    volumes: listOf(VOLUME),
    addresses: listOf(ADDRESS),
  }),
});

function isStored(value: unknown): value is StoredLook {
  return STORED(value);
}
