/**
 * A container engine for the simulated account, called as `podman`: every image is there already, and a run of Terraform
 * acts on the simulator that AWS_ENDPOINT_URL points to.
 */

import { terraform } from "./terraform.ts";

const [verb, ...rest] = process.argv.slice(2);
const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupt.abort());

if (verb === "run") {
  const volume = rest.find((arg) => arg.endsWith(":/snowglobe/terraform"));
  const dir = volume?.slice(0, volume.lastIndexOf(":")) ?? process.cwd();
  const args = rest.slice(rest.indexOf("terraform") + 1);
  const look = rest.indexOf("look");
  const url = process.env.AWS_ENDPOINT_URL ?? "";
  // Questions to the account by the AWS CLI: all of it is in the state already, so nothing is found beside it.
  const answers = look < 0 ? undefined : rest.slice(look + 1).map(() => "{}\n");
  if (answers) process.stdout.write(answers.join(""));
  else
    process.exitCode = await terraform(args, dir, url, interrupt.signal).catch((error: unknown) => {
      process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    });
}
