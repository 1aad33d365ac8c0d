/** terraform/ on moto, by the product's own runner: the real terraform and the real provider behind a stand-in engine. */

import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createCommandLine } from "../../ops/command-line.ts";
import { createOps } from "../../ops/compose.ts";
import { environmentFrom } from "../../ops/environment.ts";
import type { PlanView } from "../../ops/plan/view.ts";
import { adaptedCopy } from "./adapt.ts";
import { attachProvider } from "./attached.ts";
import { startFarSide } from "./far-side.ts";
import { MIRROR, providerIn } from "./mirror.ts";
import { type Moto, startMoto } from "./moto.ts";

interface Ran {
  readonly code: number;
  /** All that the command line printed. */
  readonly said: string;
  /** What was planned, and how it was judged; absent for verbs that plan nothing. */
  readonly planned: PlanView["planned"];
}

export interface Account {
  readonly moto: Moto;
  readonly terraformDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs a verb as Make does; `answers` are typed one after the other, and when they are used up the answer is no. */
  readonly run: (words: string, ...answers: string[]) => Promise<Ran>;
  /** One call of the AWS CLI, as somebody makes it by hand; gives what it prints as text. */
  readonly aws: (call: string) => Promise<string>;
  readonly file: (name: string) => Promise<string>;
  readonly write: (name: string, text: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** A last resort: the provider waits for minutes in an apply, and a loaded machine is slow. */
export const PROVIDER_PATIENCE_MS = 1_200_000;

const EMAIL = "owner@example.com";

/** As the last answer: says yes to all that is asked from there on, and types the word where one is wanted. */
export const AGREE = "(agree)";

function agreement(prompt: string): string {
  if (prompt.startsWith("(")) return EMAIL;
  if (prompt.startsWith("1 to")) return "1";
  return /^Type (\S+)/.exec(prompt)?.[1] ?? "y";
}

/** The real CLI, but for the one call of ours that moto does not know. */
const AWS = `#!/bin/bash
case "$1 $2" in
  "backup list-backup-selections") echo '{ "BackupSelectionsList": [] }' ;;
  *) PATH=\${PATH#*:} exec aws "$@" ;;
esac
`;

/**
 * A folder of its own and an account of its own, with nothing in it. Not `attached`, Terraform starts the provider itself,
 * with each command and with that command's keys.
 */
export async function startAccount({ attached = true } = {}): Promise<Account> {
  if (!MIRROR) throw new Error("there is no provider here");
  const folder = await mkdtemp(join(tmpdir(), "provider-"));
  const [bin, standIn, home, terraformDir] = ["bin", "engine", "home", "terraform"].map((one) => join(folder, one)) as [
    string,
    string,
    string,
    string,
  ];
  for (const one of [bin, standIn, home]) await mkdir(one);
  await cp(join(import.meta.dirname, "..", "ops", "terraform", "stand-in", "podman"), join(bin, "podman"));
  await writeFile(join(bin, "aws"), AWS, { mode: 0o755 });
  await writeFile(join(folder, "Dockerfile"), "FROM nothing\n");
  await adaptedCopy(terraformDir, MIRROR.version);
  await mkdir(join(terraformDir, "auto-stop", "dist"), { recursive: true });
  await writeFile(join(terraformDir, "auto-stop", "dist", "auto-stop.zip"), "");
  const rc = join(folder, "terraformrc");
  await writeFile(rc, `provider_installation {\n  filesystem_mirror {\n    path = "${MIRROR.path}"\n  }\n}\n`);
  const [moto, farSide] = await Promise.all([startMoto(), startFarSide(folder)]);
  const provider = attached ? await attachProvider(providerIn(MIRROR), terraformDir, moto.env) : undefined;
  const env: Record<string, string> = {
    ...moto.env,
    ...provider?.env,
    PATH: `${bin}:${process.env.PATH}`,
    HOME: home,
    STAND_IN: standIn,
    TF_CLI_CONFIG_FILE: rc,
    XDG_STATE_HOME: join(folder, "state"),
    SNOWGLOBE_TERRAFORM_DIR: terraformDir,
    SNOWGLOBE_SSH_CONFIG: farSide.configPath,
    SNOWGLOBE_DEMO: "1",
  };
  return {
    moto,
    terraformDir,
    env,
    run: async (words, ...answers) => {
      const said: string[] = [];
      const ops = createOps(environmentFrom(env));
      const line = createCommandLine(ops, {
        out: (text) => said.push(text),
        err: (text) => said.push(text),
        ask: async (prompt) => (answers[0] === AGREE ? agreement(prompt) : answers.shift()),
      });
      const code = await line.run(words.split(" "));
      const planned = ops.operations.get().flatMap(({ plan }) => plan?.get().planned ?? [])[0];
      return { code, said: said.join("\n"), planned };
    },
    aws: async (call) => {
      const args = [...call.split(" "), "--output", "text"];
      const { stdout } = await promisify(execFile)("aws", args, { env: { ...process.env, ...env } });
      return stdout.trim();
    },
    file: (name) => readFile(join(terraformDir, name), "utf8"),
    write: (name, text) => writeFile(join(terraformDir, name), text),
    stop: async () => {
      await Promise.all([moto.stop(), farSide.stop(), provider?.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
