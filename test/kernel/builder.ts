/**
 * A machine to build kernels on, under a folder of its own: a home, a copy of kernel/, a mirror on loopback that signs with a
 * test key, and stand-ins for what must not really happen (package installation, GRUB) or must be the same everywhere (df, uname).
 */

import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Mirror, startMirror } from "./mirror.ts";
import { forgetKeys, gpg, makeKey, PATCHES, publicKey, publishTree, ROOT, STAND_INS, TREE } from "./publish.ts";
import { writeTree } from "./tree.ts";

interface Run {
  readonly code: number;
  readonly lines: readonly string[];
  /** What `==> failed` or standard error said. */
  readonly failed: string;
}

export interface Builder {
  readonly folder: string;
  readonly mirror: Mirror;
  /** Environment of every script; a test may add to it. */
  readonly environment: Record<string, string>;
  path(...parts: string[]): string;
  read(...parts: string[]): string;
  /** Writes a file, with what it needs above it. */
  write(text: string, ...parts: string[]): void;
  run(script: string, ...args: string[]): Promise<Run>;
  /** Names of the finished images, sorted. */
  artefacts(): string[];
  /** Makes the tarball anew after `change` has been at the tree, and signs it. */
  publish(change?: (tree: string) => void): void;
  close(): Promise<void>;
}

/** Whether the tools are here; what lacks is named. */
export function whatLacks(): string | undefined {
  return ["gpg", "patch", "make", "xz", "curl", "flock", "setsid", "bc"].find(
    (tool) => spawnSync("bash", ["-c", `command -v ${tool}`]).status !== 0,
  );
}

const kernel = join(ROOT, "kernel");

export async function makeBuilder(): Promise<Builder> {
  const folder = mkdtempSync(join(tmpdir(), "kernel-"));
  const mirror = await startMirror();
  const path = (...parts: string[]) => join(folder, ...parts);
  cpSync(kernel, path("kernel"), { recursive: true });
  cpSync(STAND_INS, path("bin"), { recursive: true });
  for (const name of ["home", "root/proc"]) mkdirSync(path(name), { recursive: true });
  const environment: Record<string, string> = {
    HOME: path("home"),
    PATH: `${path("bin")}:/usr/sbin:/usr/bin:/sbin:/bin`,
    BUILD_DIR: path("build"),
    FREE: path("free"),
    CALLS: path("calls"),
    SNOWGLOBE_ROOT: path("root"),
    SNOWGLOBE_KERNEL_MIRROR: mirror.url,
    SNOWGLOBE_KERNEL_KEY: path("key.asc"),
    SNOWGLOBE_METADATA: `${mirror.url}/metadata`,
  };
  const builder: Builder = {
    folder,
    mirror,
    environment,
    path,
    read: (...parts) => readFileSync(path(...parts), "utf8"),
    write: (text, ...parts) => {
      mkdirSync(dirname(path(...parts)), { recursive: true });
      writeFileSync(path(...parts), text);
    },
    run: (script, ...args) => run(path("kernel", script), args, environment),
    artefacts: () => {
      const directory = path("home/.local/state/snowglobe-kernel/artefacts");
      return existsSync(directory)
        ? readdirSync(directory)
            .filter((name) => !name.endsWith(".inputs"))
            .sort()
        : [];
    },
    publish: (change) => publish(builder, change),
    close: async () => {
      await mirror.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  builder.write("100", "free");
  builder.write("oom_kill 0\n", "root/proc/vmstat");
  writeFileSync(path("key.asc"), publicKey());
  builder.publish();
  return builder;
}

/** Signs `text` as kernel.org signs its sums, but with a key that nobody trusts. */
export function signFalsely(builder: Builder, text: string): Buffer {
  const home = builder.path("false");
  mkdirSync(home, { mode: 0o700 });
  makeKey(home, "Kernel.org checksum autosigner <autosigner@kernel.org>");
  try {
    return gpg(home, ["--clearsign"], text);
  } finally {
    forgetKeys(home);
  }
}

/** The unchanged tree's tarball and sums, made once. */
let published: ReadonlyMap<string, Buffer> | undefined;

function publish(builder: Builder, change?: (tree: string) => void): void {
  const files = (change ? undefined : published) ?? pack(builder, change);
  if (!change) published = files;
  for (const [path, file] of files) builder.mirror.files.set(path, file);
}

function pack(builder: Builder, change?: (tree: string) => void): ReadonlyMap<string, Buffer> {
  const source = builder.path("source");
  rmSync(source, { recursive: true, force: true });
  writeTree(join(source, TREE), PATCHES);
  change?.(join(source, TREE));
  return publishTree(source);
}

function run(command: string, args: readonly string[], environment: Record<string, string>): Promise<Run> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
    child.stderr.setEncoding("utf8").on("data", (part: string) => (errors += part));
    child.on("error", failed);
    child.on("close", (code) => {
      const lines = `${text}${errors}`.split("\n").filter((line) => line !== "");
      const sentence = lines.find((line) => line.startsWith("==> failed "))?.slice(11);
      done({ code: code ?? -1, lines, failed: sentence ?? errors.trim() });
    });
  });
}
