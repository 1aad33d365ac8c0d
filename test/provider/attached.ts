/**
 * The provider as one process for all of an account's runs, where Terraform else starts and asks it anew with each command,
 * which is most of a run's time (developer.hashicorp.com/terraform/plugin/debugging).
 */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

interface Attached {
  /** What Terraform finds it by. */
  readonly env: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

/** Starts the provider where Terraform runs, whose files it reads; it talks to the account that `env` names. */
export async function attachProvider(
  program: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Attached> {
  // Configured a second time, it takes no authorities of this machine's.
  const { AWS_CA_BUNDLE: _, ...others } = process.env;
  const child = spawn(program, ["-debug"], { cwd, env: { ...others, ...env }, stdio: ["ignore", "pipe", "ignore"] });
  const found = await new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the provider ended with ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [, value] = /TF_REATTACH_PROVIDERS='(.+)'/.exec(line) ?? [];
      if (value) resolve(value);
    });
  });
  return {
    env: { TF_REATTACH_PROVIDERS: found },
    stop: async () => {
      child.removeAllListeners("exit");
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    },
  };
}
