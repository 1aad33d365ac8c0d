/** A project folder with a terraform directory of built-in resources, a stand-in engine, and the simulated account behind it. */

import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCommandLine } from "../../../ops/command-line.ts";
import { createOps } from "../../../ops/compose.ts";
import { type S3Service, s3Service } from "../../simulator/s3/service.ts";
import { type Simulator, startSimulator } from "../../simulator/simulator.ts";
import { PERSISTENT } from "../../simulator/story.ts";

/** Why a test with the real terraform cannot run here. */
export const NO_TERRAFORM = spawnSync("terraform", ["version"]).status !== 0;

export const BUCKET = "snowglobe-state-123456789012";
export const STATE = `${BUCKET}/snowglobe/terraform.tfstate`;

const BACKEND = `backend "s3" {
    key          = "snowglobe/KEY.tfstate"
    region       = "us-west-1"
    encrypt      = true
    use_lockfile = true
  }`;

/** The names that ops goes by are those of the real configuration; the resources are built in. */
const MAIN = `terraform {
  ${BACKEND.replace("KEY", "terraform")}
}
variable "alert_email" { type = string }
variable "ssh_public_key" { type = string }
variable "adopt" {
  type    = map(map(string))
  default = {}
}
variable "persistent_roots" {
  type    = map(object({ volume = string, address = optional(string) }))
  default = {}
}
variable "kernel" {
  type    = string
  default = "one"
}
resource "terraform_data" "machine" {
  input            = "\${var.alert_email} \${var.kernel}"
  triggers_replace = var.kernel
}
resource "terraform_data" "dependent" {
  input = terraform_data.machine.id
}
output "alert_email" { value = var.alert_email }
output "persistent_roots" {
  value = { for name in ["fcvm-metal-arm", "fcvm-metal-x86"] : name => try(var.persistent_roots[name].volume, name == "fcvm-metal-arm" ? "${PERSISTENT["fcvm-metal-arm"].volumeId}" : "${PERSISTENT["fcvm-metal-x86"].volumeId}") }
}
output "allocation_ids" { value = { jumpbox = "eipalloc-01", fcvm-metal-arm = "${PERSISTENT["fcvm-metal-arm"].allocationId}", fcvm-metal-x86 = "${PERSISTENT["fcvm-metal-x86"].allocationId}" } }
output "ssh" { value = var.ssh_public_key }
`;

const BOOTSTRAP = `terraform {
  ${BACKEND.replace("KEY", "bootstrap")}
}
variable "bucket" { type = string }
resource "terraform_data" "bucket" {
  input = var.bucket
}
`;

/** The real one; and what the AWS provider would do when the bucket's own plan is carried out. */
const TERRAFORM = `#!/bin/bash
PATH=\${PATH#*:}
bucket() {
  curl -q --silent --show-error --fail --request PUT --aws-sigv4 aws:amz:us-west-1:s3 \\
    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" --header "x-amz-security-token: $AWS_SESSION_TOKEN" \\
    --header "x-amz-content-sha256: UNSIGNED-PAYLOAD" "$AWS_ENDPOINT_URL/${BUCKET}"
}
case "$1 $2" in
  "-chdir=bootstrap apply") terraform "$@" && bucket ;;
  *) exec terraform "$@" ;;
esac
`;

export interface Project {
  readonly folder: string;
  readonly terraformDir: string;
  readonly simulator: Simulator;
  readonly s3: S3Service;
  readonly out: string[];
  readonly err: string[];
  readonly env: Record<string, string>;
  /** Runs a verb as Make does; `answers` are typed one after the other, and when they are used up the answer is no. */
  readonly cli: (verb: string, ...answers: string[]) => Promise<number>;
  /** Interrupts the verb that runs, as Ctrl+C does. */
  readonly interrupt: () => boolean;
  /** Makes the stand-in engine fail in a way that its head tells. Gives what mends it. */
  readonly spoil: (how: string) => Promise<() => Promise<void>>;
  /** What the engine was called with so far. */
  readonly calls: () => Promise<string[]>;
  readonly file: (name: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

export async function startProject(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), "project-"));
  const terraformDir = join(folder, "terraform");
  const standIn = join(folder, "engine");
  const bin = join(folder, "bin");
  for (const one of [join(terraformDir, "bootstrap"), standIn, bin, join(folder, "home")])
    await mkdir(one, { recursive: true });
  for (const one of ["podman", "aws"]) await cp(join(import.meta.dirname, "stand-in", one), join(bin, one));
  await writeFile(join(bin, "terraform"), TERRAFORM, { mode: 0o755 });
  await writeFile(join(folder, "Dockerfile"), "FROM nothing\n");
  await writeFile(join(terraformDir, "main.tf"), MAIN);
  await writeFile(join(terraformDir, "bootstrap", "main.tf"), BOOTSTRAP);
  await cp(
    join(import.meta.dirname, "..", "..", "..", "terraform", "terraform.tfvars.example"),
    join(terraformDir, "terraform.tfvars.example"),
  );
  const s3 = s3Service();
  const simulator = await startSimulator({ latencyScale: 0, more: () => [s3] });
  const env: Record<string, string> = {
    ...simulator.signedInEnv,
    PATH: `${bin}:${process.env.PATH}`,
    HOME: join(folder, "home"),
    STAND_IN: standIn,
  };
  const out: string[] = [];
  const err: string[] = [];
  let interrupt = () => false;
  return {
    folder,
    terraformDir,
    simulator,
    s3,
    out,
    err,
    env,
    cli: async (verb, ...answers) => {
      out.length = 0;
      err.length = 0;
      const ops = createOps({
        env,
        home: env.HOME ?? "",
        stateDir: join(folder, "state", "snowglobe"),
        terraformDir,
        kernelDir: "",
        demo: true,
      });
      const line = createCommandLine(ops, {
        out: (text) => out.push(text),
        err: (text) => err.push(text),
        ask: async () => answers.shift(),
      });
      interrupt = line.interrupt;
      return line.run([verb]);
    },
    interrupt: () => interrupt(),
    spoil: async (how) => {
      await writeFile(join(standIn, how), "");
      return () => rm(join(standIn, how));
    },
    calls: async () => (await readFile(join(standIn, "log"), "utf8").catch(() => "")).split("\n").filter(Boolean),
    file: (name) => readFile(join(terraformDir, name), "utf8"),
    stop: async () => {
      await simulator.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What Terraform itself says of the state in the bucket: the addresses in it. */
export function addressesIn(state: Buffer | undefined): string[] {
  const { resources } = JSON.parse(state?.toString() ?? "{}") as {
    resources?: { type: string; name: string; mode: string }[];
  };
  return (resources ?? []).filter((one) => one.mode === "managed").map((one) => `${one.type}.${one.name}`);
}
