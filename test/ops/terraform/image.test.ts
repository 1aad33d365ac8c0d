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
import {
  buildImage,
  findEngine,
  hasImage,
  imageName,
  invocation,
  runContainer,
} from "../../../ops/terraform/engine.ts";
import { engineFailure } from "../../../ops/terraform/engine-failures.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const DOCKERFILE = readFileSync(join(ROOT, "Dockerfile"), "utf8");

/** What the stages' own commands need of a distribution. */
const BASE = ["bash", "sh", "cat", "id", "ln", "ls", "rm", "touch"];
/** What the last stage has of Ubuntu's own. */
const UBUNTU = [...BASE, "chmod", "dpkg", "dpkg-deb", "mkdir", "mv", "sha256sum", "tar", "xz"];
/** What apt brings there, by Debian's names for the programs of each package. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "ca-certificates": [],
  curl: ["curl"],
  git: ["git"],
  groff: ["groff"],
  jq: ["jq"],
  less: ["less"],
  libmariadb3: ["/usr/lib/x86_64-linux-gnu/libmariadb3/plugin/mysql_clear_password.so"],
  "mariadb-client-core": ["/usr/bin/mariadb"],
  "openssh-client": ["ssh"],
};

function whatLacks(): string | undefined {
  if (process.getuid?.() !== 0) return "root";
  if (spawnSync("podman", ["info"]).status !== 0) return "podman";
  if (spawnSync("runc", ["--version"]).status !== 0) return "runc";
  const isThere = (one: string) => existsSync(one.startsWith("/") ? one : `/usr/bin/${one}`);
  return Object.values(PACKAGES)
    .flat()
    .find((one) => !isThere(one));
}
const lacks = whatLacks();

describe("the Dockerfile", () => {
  test("pins every image it takes from by its digest, the certificates by their hash, and does not run as root", () => {
    const from = [...DOCKERFILE.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image ?? "");
    expect(from).toHaveLength(3);
    for (const image of from) expect(image).toMatch(/^docker\.io\/[\w-]+\/[\w-]+:\d[\w.-]*@sha256:[0-9a-f]{64}$/);
    expect(DOCKERFILE.match(/^ARG \w+_SHA256\w*=[0-9a-f]{64}$/gm)).toHaveLength(3);
    expect(DOCKERFILE).toMatch(/^USER 1000:1000$/m);
    expect(DOCKERFILE).not.toMatch(/^COPY (?!--from)/m);
    expect(DOCKERFILE).not.toMatch(/--platform|x86_64/);
    // What only BuildKit knows: Docker without buildx builds it too.
    expect(DOCKERFILE.replaceAll(/^#(?! syntax).*$/gm, "")).not.toMatch(
      /^(?:# syntax|ADD)|--(?:chmod|checksum|mount|link)\b|<</m,
    );
    // What the bases here are made to have is what is asked of apt.
    const [, packages = ""] = /apt-get install -y --no-install-recommends \\\n([^&]+)&&/.exec(DOCKERFILE) ?? [];
    expect(packages.trim().split(/\s+/)).toEqual(Object.keys(PACKAGES));
  });

  test.skipIf(spawnSync("hadolint", ["--version"]).status !== 0)("hadolint has nothing to say (needs hadolint)", () => {
    expect(spawnSync("hadolint", [join(ROOT, "Dockerfile")], { encoding: "utf8" }).stdout).toBe("");
  });
});

describe.skipIf(lacks)(`the image${lacks ? ` (needs ${lacks})` : ""}`, () => {
  let folder: string;
  let dockerfile: string;
  const made: string[] = [];
  /** By the bases' names with their tags: what they are pinned by here. */
  const digests = new Map<string, string>();
  // Podman inside of a container of its own, as CI is: builds by chroot, runs without what is not allowed there.
  const nested: Record<string, string> = { BUILDAH_ISOLATION: "chroot" };
  const env = () => ({ ...process.env, ...nested });
  const podman = (...args: string[]) =>
    execFileSync("podman", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], env: env() });

  /** An image of this machine's programs and their libraries, and of `files` beside them. */
  function base(name: string, programs: readonly string[], files: Readonly<Record<string, string | Buffer>>): void {
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
    const [terraform = "", aws = "", final = ""] = [...DOCKERFILE.matchAll(/^FROM (\S+)@/gm)].map(
      ([, name]) => name ?? "",
    );
    const says = (text: string) => `#!/bin/bash\necho ${text} "$@"\n`;
    base(terraform, [], { "bin/terraform": says("terraform") });
    base(aws, BASE, {
      "usr/local/aws-cli/v2/current/bin/aws": says("aws"),
      "usr/local/aws-cli/v2/current/dist/awscli/examples/long.rst": "documentation",
    });
    const bundle = "certificates of RDS";
    const plugin = pluginPackage(says("plugin"));
    base(final, [...UBUNTU, ...Object.values(PACKAGES).flat()], {
      // Its packages are there already.
      "usr/bin/apt-get": "#!/bin/sh\n",
      "from-the-network/bundle.pem": bundle,
      "from-the-network/ubuntu_64bit/session-manager-plugin.deb": plugin,
      "from-the-network/ubuntu_arm64/session-manager-plugin.deb": plugin,
    });
    const sum = (of: string | Buffer) => createHash("sha256").update(of).digest("hex");
    // The same Dockerfile, with the bases and the files that it takes from the network at hand.
    dockerfile = DOCKERFILE.replace(/^(FROM (\S+))@\S+/gm, (_, from, name) => `${from}@${digests.get(name)}`)
      .replace(/^(ARG RDS_BUNDLE)=.*$/m, "$1=file:///from-the-network/bundle.pem")
      .replace(/^(ARG RDS_BUNDLE_SHA256)=.*$/m, `$1=${sum(bundle)}`)
      .replace(/^(ARG SSM_PLUGIN)=.*$/m, "$1=file:///from-the-network")
      .replace(/^(ARG SSM_PLUGIN_SHA256_\w+)=.*$/gm, `$1=${sum(plugin)}`);
    writeFileSync(join(folder, "Dockerfile"), dockerfile);
  });

  /** A package as AWS makes it, of a program of ours. */
  function pluginPackage(program: string): Buffer {
    const tree = mkdtempSync(join(folder, "plugin-"));
    const bin = join(tree, "usr", "local", "sessionmanagerplugin", "bin");
    mkdirSync(bin, { recursive: true });
    mkdirSync(join(tree, "DEBIAN"), { mode: 0o755 });
    const about = "Package: session-manager-plugin\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: x\n";
    writeFileSync(join(tree, "DEBIAN", "control"), about);
    writeFileSync(join(bin, "session-manager-plugin"), program, { mode: 0o755 });
    execFileSync("dpkg-deb", ["--build", "-Zxz", tree, `${tree}.deb`]);
    return readFileSync(`${tree}.deb`);
  }

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
      "terraform version; aws --version; mariadb --version; session-manager-plugin --version; jq --version; curl --version; git --version; less --version; ssh -V 2>&1; command -v groff; cat /usr/local/share/rds/global-bundle.pem; echo; id -u; ls /usr/local/aws-cli/v2/current/dist/awscli; ls -d /usr/lib/*/libmariadb3/plugin/*; touch made-inside; echo $AWS_SESSION_TOKEN";
    const credentials = { accessKeyId: "a", secretAccessKey: "b", sessionToken: "reaches it" };
    const call = await invocation(environment, engine, { command: ["bash", "-euc", script], credentials });
    const { exitCode, stdout: out, stderr } = await runContainer(call, new AbortController().signal);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(out).toContain("terraform version\naws --version\nmariadb");
    expect(out).toMatch(
      /\nplugin --version\njq-\d.*\ncurl \d.*\ngit version .*\nless \d.*\nOpenSSH_.*\n\/usr\/bin\/groff\n/s,
    );
    expect(out).toContain("certificates of RDS");
    expect(out).not.toContain("examples");
    expect(out).toContain("mysql_clear_password.so");
    expect(out).toContain("reaches it");
    expect(existsSync(join(folder, "terraform", "made-inside"))).toBe(true);

    // What it says where it cannot run one; what mends it by its sentence; and the same run ends well.
    const run = async () => engineFailure(await runContainer(call, new AbortController().signal), engine)?.failure;
    const settings = readFileSync(join(folder, "containers.conf"), "utf8");
    writeFileSync(
      join(folder, "containers.conf"),
      settings.replace('"nofile=1024:1024"', '"nofile=2000000000:2000000000"'),
    );
    expect(await run()).toMatchObject({
      sentence: expect.stringMatching(/^podman could not run the container: Error: .*rlimit/),
      action: expect.stringContaining("default_ulimits in ~/.config/containers/containers.conf"),
    });
    writeFileSync(join(folder, "containers.conf"), settings.replace('"runc"', '"crun-that-is-not-here"'));
    await expect(findEngine({ ...environment, env: { ...env(), PATH: "/usr/bin" } })).rejects.toThrow(
      /crun-that-is-not-here/,
    );
    writeFileSync(join(folder, "containers.conf"), settings);
    podman("tag", engine.image, "localhost/kept");
    made.push("localhost/kept");
    podman("untag", engine.image, engine.image);
    expect((await run())?.action).toBe("Run it again: the image is built anew.");
    podman("tag", "localhost/kept", engine.image);
    expect(await run()).toBeUndefined();

    const again = await imageName(environment);
    expect(again).toBe(engine.image);
    writeFileSync(join(folder, "Dockerfile"), `${readFileSync(join(folder, "Dockerfile"), "utf8")}# changed\n`);
    expect(await imageName(environment)).not.toBe(engine.image);

    writeFileSync(
      join(folder, "Dockerfile"),
      dockerfile.replace(/^(ARG RDS_BUNDLE_SHA256)=.*$/m, `$1=${"0".repeat(64)}`),
    );
    await expect(buildImage(environment, engine, () => {})).rejects.toThrow(
      "bundle.pem is not what the Dockerfile pins",
    );
  });
});
