/** The Dockerfile built by the real Podman, from base images made of this machine's own files: no network is needed. */

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildImage, hasImage, imageName, invocation, runContainer } from "../../../ops/terraform/engine.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const DOCKERFILE = readFileSync(join(ROOT, "Dockerfile"), "utf8");

/** What the stages' own commands need of a distribution. */
const BASE = [
  "bash",
  "sh",
  "awk",
  "cat",
  "cp",
  "find",
  "grep",
  "id",
  "ldd",
  "ln",
  "ls",
  "mkdir",
  "rm",
  "sha256sum",
  "sort",
  "touch",
  "xargs",
];
const CLIENT = ["/usr/bin/mariadb", "/usr/lib/x86_64-linux-gnu/libmariadb3/plugin/mysql_clear_password.so"];

function whatLacks(): string | undefined {
  if (process.getuid?.() !== 0) return "root";
  if (spawnSync("podman", ["info"]).status !== 0) return "podman";
  if (spawnSync("runc", ["--version"]).status !== 0) return "runc";
  return CLIENT.find((file) => !existsSync(file));
}
const lacks = whatLacks();

describe("the Dockerfile", () => {
  test("pins every image it takes from by its digest, the certificates by their hash, and does not run as root", () => {
    const from = [...DOCKERFILE.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image ?? "");
    expect(from).toHaveLength(4);
    for (const image of from) expect(image).toMatch(/^docker\.io\/[\w-]+\/[\w-]+:\d[\w.-]*@sha256:[0-9a-f]{64}$/);
    expect(DOCKERFILE).toMatch(/^ARG RDS_BUNDLE_SHA256=[0-9a-f]{64}$/m);
    expect(DOCKERFILE).toMatch(/^USER 1000:1000$/m);
    expect(DOCKERFILE).not.toMatch(/^COPY (?!--from)/m);
    expect(DOCKERFILE).not.toMatch(/--platform|amd64\b(?!,? and)|x86_64/);
  });

  test.skipIf(spawnSync("hadolint", ["--version"]).status !== 0)("hadolint has nothing to say (needs hadolint)", () => {
    expect(spawnSync("hadolint", [join(ROOT, "Dockerfile")], { encoding: "utf8" }).stdout).toBe("");
  });
});

describe.skipIf(lacks)(`the image${lacks ? ` (needs ${lacks})` : ""}`, () => {
  let folder: string;
  const made: string[] = [];
  /** By the bases' names with their tags: what they are pinned by here. */
  const digests = new Map<string, string>();
  // Podman inside of a container of its own, as CI is: builds by chroot, runs without what is not allowed there.
  const nested: Record<string, string> = { BUILDAH_ISOLATION: "chroot" };
  const env = () => ({ ...process.env, ...nested });
  const podman = (...args: string[]) =>
    execFileSync("podman", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], env: env() });

  /** An image of this machine's programs and their libraries, and of `files` beside them. */
  function base(name: string, programs: readonly string[], files: Readonly<Record<string, string>>): void {
    const tree = mkdtempSync(join(folder, "tree-"));
    const copy = (path: string) => execFileSync("cp", ["--dereference", "--parents", "-t", tree, path]);
    for (const program of programs) {
      const path = program.startsWith("/")
        ? program
        : execFileSync("which", [program], { encoding: "utf8", env: { PATH: "/usr/bin:/bin" } }).trim();
      copy(path);
      const { stdout } = spawnSync("ldd", [path], { encoding: "utf8" });
      for (const [library] of stdout.matchAll(/\/\S+\.so\S*/g))
        copy(library.startsWith("/usr/") ? library : `/usr${library}`);
    }
    // As every distribution has it today.
    if (programs.length > 0) for (const name of ["bin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(tree, name));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text);
      chmodSync(join(tree, path), 0o755);
    }
    mkdirSync(join(tree, "tmp"), { recursive: true });
    execFileSync("tar", ["-C", tree, "-cf", `${tree}.tar`, "."]);
    podman("import", `${tree}.tar`, name);
    made.push(name);
    digests.set(name, podman("image", "inspect", "--format", "{{.Digest}}", name).trim());
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "image-"));
    mkdirSync(join(folder, "terraform"));
    nested.CONTAINERS_CONF = join(folder, "containers.conf");
    // A store of its own: nothing is left in the person's.
    nested.CONTAINERS_STORAGE_CONF = join(folder, "storage.conf");
    const store = `driver = "overlay"\ngraphroot = "${folder}/store"\nrunroot = "${folder}/run"`;
    writeFileSync(nested.CONTAINERS_STORAGE_CONF, `[storage]\n${store}\n`);
    const limits = 'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]';
    writeFileSync(
      nested.CONTAINERS_CONF,
      `[containers]\ncgroups = "no-conmon"\nnetns = "host"\n${limits}\n[engine]\nruntime = "runc"\n`,
    );
    const [terraform = "", aws = "", database = "", final = ""] = [...DOCKERFILE.matchAll(/^FROM (\S+)@/gm)].map(
      ([, name]) => name ?? "",
    );
    const says = (text: string) => `#!/bin/bash\necho ${text} "$@"\n`;
    base(terraform, [], { "bin/terraform": says("terraform"), "etc/ssl/certs/ca-certificates.crt": "authorities" });
    base(aws, BASE, {
      "usr/local/aws-cli/v2/current/bin/aws": says("aws"),
      "usr/local/aws-cli/v2/current/dist/awscli/examples/long.rst": "documentation",
    });
    base(database, [...BASE, ...CLIENT], {});
    base(final, BASE, {});
    // The same Dockerfile, with the bases and the one file that it takes from the network at hand.
    const bundle = "certificates of RDS";
    const local = DOCKERFILE.replace(/^(FROM (\S+))@\S+/gm, (_, from, name) => `${from}@${digests.get(name)}`)
      .replace(/^(ARG RDS_BUNDLE)=.*$/m, "$1=bundle.pem")
      .replace(/^(ARG RDS_BUNDLE_SHA256)=.*$/m, `$1=${createHash("sha256").update(bundle).digest("hex")}`);
    writeFileSync(join(folder, "Dockerfile"), local);
    writeFileSync(join(folder, "bundle.pem"), bundle);
  });
  afterAll(() => {
    if (made.length > 0) podman("image", "rm", "--force", ...made);
    rmSync(folder, { recursive: true, force: true });
  });

  test("is built, has its tools and certificates, is not root, and is built again only for another Dockerfile", async () => {
    const environment = {
      env: env(),
      home: folder,
      stateDir: join(folder, "state"),
      terraformDir: join(folder, "terraform"),
      kernelDir: "",
      demo: false,
    };
    const engine = { name: "podman" as const, image: await imageName(environment) };
    made.unshift(engine.image);
    expect(await hasImage(environment, engine)).toBe(false);
    const log: string[] = [];
    await buildImage(environment, engine, (line) => log.push(line)).catch((error: unknown) => {
      throw new Error(log.slice(-20).join("\n"), { cause: error });
    });
    expect(await hasImage(environment, engine)).toBe(true);
    const inspected = JSON.parse(podman("image", "inspect", engine.image))[0];
    expect(inspected.Config.User).toBe("1000:1000");

    const script =
      "terraform version; aws --version; mariadb --version; cat /usr/local/share/rds/global-bundle.pem; echo; id -u; ls /usr/local/aws-cli/v2/current/dist/awscli; ls -d /usr/lib/*/libmariadb3/plugin/*; touch made-inside; echo $AWS_SESSION_TOKEN";
    const credentials = { accessKeyId: "a", secretAccessKey: "b", sessionToken: "reaches it" };
    const call = await invocation(environment, engine, { command: ["bash", "-euc", script], credentials });
    const { exitCode, stdout: out, stderr } = await runContainer(call, new AbortController().signal);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(out).toContain("terraform version\naws --version\nmariadb");
    expect(out).toContain("certificates of RDS");
    expect(out).not.toContain("examples");
    expect(out).toContain("mysql_clear_password.so");
    expect(out).toContain("reaches it");
    expect(existsSync(join(folder, "terraform", "made-inside"))).toBe(true);

    const again = await imageName(environment);
    expect(again).toBe(engine.image);
    writeFileSync(join(folder, "Dockerfile"), `${readFileSync(join(folder, "Dockerfile"), "utf8")}# changed\n`);
    expect(await imageName(environment)).not.toBe(engine.image);

    writeFileSync(join(folder, "bundle.pem"), "somebody else's certificates");
    await expect(buildImage(environment, engine, () => {})).rejects.toThrow(
      "RDS's certificates are not those that the Dockerfile pins",
    );
  });
});
