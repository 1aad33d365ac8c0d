/** kernel.org on loopback: the tarball and its signed sums, and every way in which a mirror can go wrong. */

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Mirror {
  readonly url: string;
  /** Requests so far, "GET /path bytes=N-". */
  readonly asked: string[];
  /** Served from here on: the file by its path. */
  readonly files: Map<string, Buffer>;
  /** Ways to go wrong, each for one request of the tarball: a number cuts the connection after so many bytes, "stall" sends nothing more after half. */
  readonly faults: (number | "stall" | "no ranges")[];
  stop(): Promise<void>;
}

/** @param answer what is served instead of `files`, asked first for every path */
export async function startMirror(answer: (path: string) => Buffer | undefined = () => undefined): Promise<Mirror> {
  const files = new Map<string, Buffer>();
  const asked: string[] = [];
  const faults: Mirror["faults"] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    const range = request.headers.range;
    asked.push(`GET ${path}${range ? ` ${range}` : ""}`);
    const whole = answer(path) ?? files.get(path);
    if (!whole) return void response.writeHead(404).end();
    const fault = path.endsWith(".tar.xz") ? faults.shift() : undefined;
    const from = fault === "no ranges" ? 0 : Number(/^bytes=(\d+)-/.exec(range ?? "")?.[1] ?? 0);
    if (from >= whole.length) return void response.writeHead(416).end();
    const part = whole.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      "content-length": part.length,
      ...(from > 0 ? { "content-range": `bytes ${from}-${whole.length - 1}/${whole.length}` } : {}),
    });
    if (typeof fault === "number") response.write(part.subarray(0, fault), () => response.destroy());
    else if (fault === "stall") response.write(part.subarray(0, Math.floor(part.length / 2)));
    else response.end(part);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    files,
    faults,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

export const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");
