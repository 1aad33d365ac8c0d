import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Failure } from "./failure.ts";

/** Where things are. The environment variables here are seams for the demo and the tests, not settings. */
export interface Environment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Our own state: history, the last observation, known hosts. Under the XDG state directory. */
  readonly stateDir: string;
  /** Why that is one of this process alone, which goes with it; absent where it is the person's own. */
  readonly unkept?: Failure;
  /** The directory with the .tf files and the owner's terraform.tfvars. */
  readonly terraformDir: string;
  /** What builds kernels on the machines: kernel/ of this project. */
  readonly kernelDir: string;
  /** True on a simulated account; shown in the header. */
  readonly demo: boolean;
}

/** Where this project lies: sources and bundle are both one directory below it. */
export const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));

/** The region that the mission fixes. */
export const REGION = "us-west-1";

/** Reads the places from environment variables. */
export function environmentFrom(env: Readonly<Record<string, string | undefined>>): Environment {
  const home = env.HOME || homedir();
  return {
    env,
    home,
    stateDir: join(env.XDG_STATE_HOME || join(home, ".local", "state"), "snowglobe"),
    terraformDir: env.SNOWGLOBE_TERRAFORM_DIR || join(PROJECT, "terraform"),
    kernelDir: env.SNOWGLOBE_KERNEL_DIR || join(PROJECT, "kernel"),
    demo: env.SNOWGLOBE_DEMO === "1",
  };
}
