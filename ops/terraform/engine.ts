/** This folder: Terraform called, in its container. Not here: what a plan means (ops/plan). */
/** The container engine: which one there is, its image, and the argument vector of one run in it. */

import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { type Environment, REGION } from "../environment.ts";
import { FailureError } from "../failure.ts";
import { $, eachLine, findProgram, type ProcessPromise, unkept } from "../programs.ts";
import type { RoleCredentials } from "../signin/types.ts";
import { asProcessSays, BEGUN_WITH, CONFIG } from "./keys.ts";
import { networkOf } from "./network.ts";

type EngineName = "podman" | "docker";

export interface Engine {
  readonly name: EngineName;
  /** Its version or the like is not ours to know; the image is known by the digest of its Dockerfile. */
  readonly image: string;
}

/** What a run in the container is given besides the terraform directory. */
export interface ContainerRun {
  readonly command: readonly string[];
  /** For this run only; absent where none are needed. */
  readonly credentials?: RoleCredentials;
  /** More environment, such as TF_VAR_…; values reach the engine by its own environment and never its arguments. */
  readonly env?: Readonly<Record<string, string>>;
  /** A terminal for a person. */
  readonly interactive?: boolean;
  /** Names that the container knows, by address. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** In a container of this name that outlives us, with this folder for its log (detached.ts). */
  readonly detached?: { readonly name: string; readonly folder: string };
  /** On the host's own network, where what listens on its loopback is to be reached. */
  readonly hostNetwork?: boolean;
}

/** Where the terraform directory is inside. */
const INSIDE = "/snowglobe/terraform";

/** Podman first, else Docker. Throws a FailureError (`missing`) that says what to install or to start. */
export async function findEngine(environment: Environment): Promise<EngineName> {
  const silent: { name: EngineName; err: string }[] = [];
  for (const name of ["podman", "docker"] as const) {
    if (!findProgram(name, environment.env)) continue;
    const { ok, stdout, stderr } = await $({ env: environment.env, nothrow: true })`${name} info`;
    if (ok) return name;
    silent.push({ name, err: silence(stdout, stderr) });
  }
  const [first] = silent;
  if (!first) {
    throw new FailureError({
      kind: "missing",
      code: "NO_ENGINE",
      sentence: "Terraform runs in a container, and neither Podman nor Docker is installed here.",
      action:
        process.platform === "darwin"
          ? "Run brew install podman, then podman machine init --now."
          : "Install Podman (sudo apt install podman).",
    });
  }
  if (/permission denied/i.test(first.err) && first.name === "docker") {
    throw new FailureError({
      kind: "refused",
      code: "ENGINE_GROUP",
      sentence: "Docker is installed and runs, and you may not use it: you are not in its group.",
      action: "Run sudo usermod -aG docker $USER, then log in to this computer anew.",
    });
  }
  const runtime = /OCI runtime "?([\w.-]+)"? not found/.exec(first.err)?.[1];
  throw new FailureError({
    kind: "missing",
    code: "ENGINE_SILENT",
    sentence: `${first.name === "podman" ? "Podman" : "Docker"} is installed but does not answer: ${lastLine(first.err)}`,
    action: runtime
      ? `Install ${runtime} (sudo apt install ${runtime}), then run it again.`
      : first.name === "docker"
        ? "Start Docker."
        : /machine|connect/i.test(first.err)
          ? "Run podman machine start."
          : "Run podman info to see why.",
  });
}

/** Docker's client (20.10) says why in the middle, on standard output, and "errors pretty printing info" last. */
function silence(out: string, err: string): string {
  const lines = `${out}\n${err}`.split("\n").map((line) => line.trim());
  return (
    lines.find((line) => /^(?:ERROR|error during connect|Cannot connect)\b/i.test(line))?.replace(/^ERROR:\s*/i, "") ??
    err
  );
}

/** The image's name: another Dockerfile is another image, so that a changed one is built and an unchanged one is not. */
export async function imageName(environment: Environment): Promise<string> {
  const text = await readFile(dockerfile(environment));
  return `localhost/snowglobe-terraform:${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
}

/** Whether the image is there. */
export async function hasImage(environment: Environment, { name, image }: Engine): Promise<boolean> {
  const { ok } = await $({ env: environment.env, nothrow: true })`${name} image inspect ${image}`;
  return ok;
}

/** Builds the image, telling each line. Throws a FailureError. */
export async function buildImage(
  environment: Environment,
  { name, image }: Engine,
  onLine: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const file = dockerfile(environment);
  const lines: string[] = [];
  const engine = $({ env: environment.env, killSignal: "SIGINT", nothrow: true, ...(signal ? { signal } : {}) });
  // Names only: the values are in the environment, and the engine takes them from there.
  const proxies = Object.keys(networkOf(environment, name).proxies).flatMap((one) => ["--build-arg", one]);
  const building = engine`${name} build --tag ${image} --file ${file} ${proxies} ${dirname(file)}`;
  eachLine(building, (line) => {
    lines.push(line);
    onLine(line);
  });
  if ((await building).ok) return;
  signal?.throwIfAborted();
  const said = lines.slice(-40).join("\n");
  if (/toomanyrequests|\b429\b|Too Many Requests|pull rate limit/i.test(said)) {
    throw new FailureError({
      kind: "refused",
      code: "IMAGE_RATE",
      sentence: "Docker Hub gives this network no more images for now: its limit for those who are not signed in.",
      action: `Wait up to six hours, or run ${name} login docker.io, then try again.`,
    });
  }
  if (/no such host|dial tcp|i\/o timeout|network is unreachable|temporary failure|lookup .*: /i.test(said)) {
    throw new FailureError({
      kind: "offline",
      code: "IMAGE_PULL",
      sentence: "The images that ours is made of cannot be fetched: the registry is out of reach.",
      action: "Look to the network, then try again.",
    });
  }
  if (/no space left/i.test(said)) {
    throw new FailureError({
      kind: "refused",
      code: "ENOSPC",
      sentence: "There is no room for the container image.",
      action: `Run ${name} system prune, then try again.`,
    });
  }
  throw new FailureError({
    kind: "internal",
    code: "IMAGE_BUILD",
    sentence: `The container image could not be built: ${buildError(lines)}`,
    action: "The log above says where.",
  });
}

/** What a step said before the engine said only that it failed. */
function buildError(lines: readonly string[]): string {
  const wrapped =
    /^(?:Error: (?:error )?(?:building|committing)|error building|ERROR: failed to (?:solve|build)|failed to solve|The command '|subprocess exited|exit status|-{3,}|={3,}|>{3}|Dockerfile:\d|\s*\d+ \|)/i;
  const words = lines
    .map((line) => line.replace(/^#\d+ (?:[\d.]+ )?/, "").trim())
    .filter((line) => line !== "" && !wrapped.test(line));
  const why = words.findLast((line) =>
    /^E: |\berror\b|\bfatal\b|curl: \(\d+\)|not found|No such file|denied|cannot /i.test(line),
  );
  return lastLine(why ?? words.at(-1) ?? lines.at(-1) ?? "");
}

/** One run as program, arguments and environment. */
export interface Invocation {
  readonly command: EngineName;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The argument vector. Files belong to the person on both sides: rootless Podman keeps the ID, elsewhere it is asked for.
 * SELinux separation is off for this container, because relabelling would change the labels of the person's files.
 */
export async function invocation(environment: Environment, engine: Engine, what: ContainerRun): Promise<Invocation> {
  const plugins = join(environment.stateDir, "terraform-plugins");
  await mkdir(plugins, { recursive: true, mode: 0o700 });
  const { uid, gid, username } = userInfo();
  const network = networkOf(environment, engine.name);
  const given: Record<string, string> = {
    ...endpoints(environment),
    ...network.env,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    ...(what.detached ? lastingKeys(what.credentials) : keys(what.credentials)),
    TF_PLUGIN_CACHE_DIR: "/snowglobe/plugins",
    // Whoever finds a lock reads whose it is.
    USER: username,
    ...what.env,
  };
  const rootless = engine.name === "podman" && uid > 0;
  return {
    command: engine.name,
    args: [
      "run",
      // It is built here and nowhere to be fetched.
      ...["--pull", "never"],
      ...(what.detached ? detachment(what.detached) : ["--rm"]),
      ...(what.interactive ? ["--interactive", "--tty"] : []),
      ...(rootless ? ["--userns", "keep-id"] : []),
      ...(uid >= 0 ? ["--user", `${uid}:${gid}`] : []),
      "--security-opt",
      "label=disable",
      ...(what.hostNetwork || network.onHost ? ["--network", "host"] : ["--hostname", hostname()]),
      ...Object.entries(what.hosts ?? {}).flatMap(([name, address]) => ["--add-host", `${name}:${address}`]),
      "--volume",
      `${environment.terraformDir}:${INSIDE}`,
      "--volume",
      `${plugins}:/snowglobe/plugins`,
      ...network.volumes.flatMap((volume) => ["--volume", volume]),
      "--workdir",
      INSIDE,
      // Names only: a process list shows arguments to everybody.
      ...Object.keys(given).flatMap((name) => ["--env", name]),
      engine.image,
      ...(what.detached ? ["bash", "-c", `umask 077; exec "$@" >${RUN_FOLDER}/log 2>&1`, "bash"] : []),
      ...what.command,
    ],
    env: { ...environment.env, ...given },
  };
}

/** Where a detached run's folder is inside. */
const RUN_FOLDER = "/snowglobe/run";

/** A computer that is shut down interrupts it and gives it an hour; Terraform is the container's first process and hears it. */
function detachment({ name, folder }: { readonly name: string; readonly folder: string }): readonly string[] {
  const volume = `${folder}:${RUN_FOLDER}`;
  return ["--detach", "--name", name, "--stop-signal", "INT", "--stop-timeout", "3600", "--volume", volume];
}

/**
 * Starts one run. Given up, it is interrupted once and then waited for: Terraform finishes what it is at and lets go of
 * its lock. With `onLine` nothing of its output is kept.
 */
export function runContainer(
  { command, args, env }: Invocation,
  signal: AbortSignal,
  onLine?: (line: string, stream: "out" | "err") => void,
): ProcessPromise {
  const engine = $({ env, signal, killSignal: "SIGINT", nothrow: true, ...(onLine ? unkept() : {}) });
  const running = engine`${command} ${args}`;
  if (onLine) eachLine(running, onLine);
  return running;
}

function keys(credentials: RoleCredentials | undefined): Record<string, string> {
  if (!credentials) return {};
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken ? { AWS_SESSION_TOKEN: sessionToken } : {}),
  };
}

/** For a run that may outlive them: its container asks for fresh ones. */
function lastingKeys(credentials: RoleCredentials | undefined): Record<string, string> {
  if (!credentials) return {};
  return { AWS_CONFIG_FILE: `${RUN_FOLDER}/${CONFIG}`, [BEGUN_WITH]: asProcessSays(credentials) };
}

/** The simulated account's endpoints, where there are any. */
function endpoints({ env }: Environment): Record<string, string> {
  const found = Object.entries(env).filter(([name]) => name.startsWith("AWS_ENDPOINT_URL"));
  return Object.fromEntries(found.map(([name, value]) => [name, value ?? ""]));
}

function dockerfile({ terraformDir }: Environment): string {
  return join(dirname(terraformDir), "Dockerfile");
}

export function lastLine(text: string): string {
  const line = text.trimEnd().split("\n").at(-1)?.trim() ?? "";
  return line === "" ? "it said nothing." : /[.!?]$/.test(line) ? line : `${line}.`;
}
