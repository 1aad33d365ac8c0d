/**
 * Keys for a run that may outlive them. Its container asks for fresh ones whenever those that it has end: whoever follows
 * the run answers, on loopback and to who has the token; where nobody does, it goes on with those that it was begun with.
 * No key is ever in a file. The way is the AWS SDKs' own, credential_process in a profile
 * (docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html).
 */

import { randomBytes, timingSafeEqual } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { RoleCredentials } from "../signin/types.ts";

/** By which the container knows the keys that it was begun with. */
export const BEGUN_WITH = "SNOWGLOBE_KEYS";
/** The profile's file, in the run's folder. */
export const CONFIG = "config";

/** By sh, as the SDKs run it; the folder is where the profile is. */
const PROFILE = `[default]
credential_process = bash \${AWS_CONFIG_FILE%/*}/keys
`;

/** One file for each who follows: where it listens, and the token. The SDK gives us a minute. */
const SCRIPT = `for one in "\${AWS_CONFIG_FILE%/*}"/ask-*; do
  [ -e "$one" ] && curl -q --silent --fail --max-time 50 --noproxy '*' --config "$one" && exit
done
printf '%s' "$${BEGUN_WITH}"
`;

/** What a credential_process prints. They count as ended a little before AWS ends them, while calls are under way. */
export function asProcessSays({ accessKeyId, secretAccessKey, sessionToken, expiration }: RoleCredentials): string {
  const early = expiration && Math.min(EARLY_MS, Math.max(0, expiration.getTime() - Date.now()) / 4);
  return JSON.stringify({
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    ...(sessionToken ? { SessionToken: sessionToken } : {}),
    ...(expiration && early !== undefined ? { Expiration: new Date(expiration.getTime() - early).toISOString() } : {}),
  });
}

const EARLY_MS = 5 * 60_000;

/** Lays down how the container asks, in the run's folder. */
export async function layProfile(folder: string): Promise<void> {
  await writeFile(join(folder, CONFIG), PROFILE, { mode: 0o600 });
  await writeFile(join(folder, "keys"), SCRIPT, { mode: 0o600 });
}

/** The engine's own name for this computer's loopback, seen from a container on the host's network or in a machine of its own. */
export function loopback(engine: string): string {
  if (process.platform === "linux") return "127.0.0.1";
  return engine === "docker" ? "host.docker.internal" : "host.containers.internal";
}

/** Answers the run in `folder` until the given function is called. `credentials` gives fresh ones. Never throws. */
export async function answerKeys(
  folder: string,
  engine: string,
  credentials: () => Promise<RoleCredentials>,
): Promise<() => Promise<void>> {
  const token = randomBytes(32).toString("hex");
  const expected = Buffer.from(`Bearer ${token}`);
  // Half as long to load as all that the first frame needs.
  const { createServer } = await import("node:http");
  const server = createServer((request, response) => {
    const given = Buffer.from(request.headers.authorization ?? "");
    const isOurs = given.length === expected.length && timingSafeEqual(given, expected);
    if (!isOurs) {
      response.writeHead(403).end();
      return;
    }
    credentials().then(
      (keys) => response.writeHead(200, { "content-type": "application/json" }).end(asProcessSays(keys)),
      () => response.writeHead(503).end(),
    );
  });
  const file = join(folder, `ask-${process.pid}-${token.slice(0, 8)}`);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    const { port } = server.address() as AddressInfo;
    const asking = `url = "http://${loopback(engine)}:${port}/"\nheader = "Authorization: Bearer ${token}"\n`;
    await writeFile(file, asking, { mode: 0o600 });
  } catch {
    // A computer without a free port, a folder that is gone: the run has the keys that it was begun with.
  }
  return async () => {
    await rm(file, { force: true }).catch(() => {});
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
}
