/** Secrets planted wherever there may be any: the built program is driven through its day, then everything written is searched. */

import { chmod, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hideSecrets, redact } from "../../ops/aws/redact.ts";
import { type Scene, scene } from "../e2e/stage.ts";
import { waitUntil } from "../harness/grid.ts";
import type { Program } from "../harness/program.ts";

/** What the person's own environment and files hold. */
const PLANTED = {
  environment: "MARKED-environment-4711",
  github: "ghp_MARKED0123456789abcdefghijklmnopqr",
  tfvars: "MARKED-tfvars-password-4712",
  sensitive: "MARKED-sensitive-value-4713",
  unmarked: "MARKED-copied-value-4714",
  url: "MARKED-url-password-4715",
  userdata: "MARKED-userdata-4716",
} as const;

/** The only files that may hold any: AWS's own cache, the person's keys and values, and the machines behind the account. */
const MAY_HOLD =
  /^(?:home\/\.aws\/sso\/cache\/\w+\.json|home\/\.ssh\/|terraform\/terraform\.tfvars(?:\.before)?$|machines\/|bin\/)/;

interface Watched {
  readonly stage: Scene;
  readonly secrets: () => Promise<ReadonlyMap<string, string>>;
  /** The keys that were issued last. */
  readonly newest: () => readonly string[];
  readonly programs: Program[];
  /** Every argument that a child of ours was started with. */
  readonly arguments: () => Promise<string>;
}

/** A stage on which everything that is secret is known by its letters, and every program that we start tells its arguments. */
async function watched(): Promise<Watched> {
  const stage = await scene({ latencyScale: 0.02 });
  const { simulator, directory, env } = stage;
  const issued = new Map<string, string>();
  const { issue } = simulator.credentials;
  Object.assign(simulator.credentials, {
    issue: (...given: Parameters<typeof issue>) => {
      const keys = issue(...given);
      issued.set(`secret access key ${issued.size}`, keys.secretAccessKey);
      issued.set(`session token ${issued.size}`, keys.sessionToken);
      return keys;
    },
  });
  const log = join(directory, "arguments.log");
  const bin = join(directory, "bin");
  await rename(join(bin, "podman"), join(bin, "real-podman"));
  await script(join(bin, "podman"), engine(log, join(bin, "real-podman")));
  for (const name of ["ssh", "ssh-keygen", "stty"]) {
    const real = (process.env.PATH ?? "").split(":").map((path) => join(path, name));
    await script(
      join(bin, name),
      `${telling(log)}\nfor one in ${real.join(" ")}; do [ -x "$one" ] && exec "$one" "$@"; done\nexit 127\n`,
    );
  }
  const tfvars = join(env.SNOWGLOBE_TERRAFORM_DIR ?? "", "terraform.tfvars");
  await writeFile(tfvars, `${await readFile(tfvars, "utf8")}\nadmin_password = "${PLANTED.tfvars}"\n`);
  const secrets = async () => {
    const all = new Map<string, string>([...Object.entries(PLANTED), ...issued]);
    const cache = join(env.HOME ?? "", ".aws/sso/cache");
    for (const file of await readdir(cache)) {
      const fields = JSON.parse(await readFile(join(cache, file), "utf8")) as Record<string, string>;
      for (const name of ["accessToken", "refreshToken", "clientSecret"]) if (fields[name]) all.set(name, fields[name]);
    }
    for (const file of await readdir(join(env.HOME ?? "", ".ssh"))) {
      const text = await readFile(join(env.HOME ?? "", ".ssh", file), "utf8");
      const [, , line = ""] = text.split("\n");
      if (text.includes("PRIVATE KEY") && line) all.set(`private key ${file}`, line);
    }
    return all;
  };
  const newest = () => [...issued.values()].slice(-2);
  return { stage, secrets, newest, programs: [], arguments: () => readFile(log, "utf8").catch(() => "") };
}

const telling = (log: string) => `#!/bin/sh\nprintf '%s ' "$0" "$@" >> '${log}'; echo >> '${log}'`;

async function script(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o700);
}

/** A container engine that says all that it knows, as a crash or a debug log would, and plans with secrets in the values. */
function engine(log: string, real: string): string {
  const lambda = JSON.stringify({
    address: "aws_lambda_function.secretive",
    mode: "managed",
    type: "aws_lambda_function",
    name: "secretive",
    change: {
      actions: ["update"],
      before: { environment: PLANTED.sensitive, copied: "old", note: "old" },
      after: { environment: PLANTED.sensitive, copied: PLANTED.sensitive, note: `token=${PLANTED.unmarked}` },
      before_sensitive: { environment: true },
      after_sensitive: { environment: true },
    },
  });
  return `${telling(log)}
leak() {
  printf '{"type":"log","@message":"debug: %s and %s"}\\n' "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN"
  printf '{"type":"diagnostic","diagnostic":{"severity":"warning","summary":"key %s","detail":"token %s, password=${PLANTED.userdata}","snippet":{"code":"%s"}}}\\n' "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN" "$AWS_SESSION_TOKEN"
  printf 'panic: https://me:${PLANTED.url}@example.com %s\\n' "$AWS_SECRET_ACCESS_KEY"
  printf 'panic: AWS_SESSION_TOKEN=%s %s ${PLANTED.github}\\n' "$AWS_SESSION_TOKEN" "$AWS_SECRET_ACCESS_KEY" >&2
}
case " $* " in
  *" plan "*|*" apply "*) leak; exec '${real}' "$@" ;;
  *" show "*) '${real}' "$@" | sed 's#"resource_changes":\\[#&${lambda.replaceAll("&", "\\&")},#' ;;
  *" validate "*) leak >&2; printf 'Error: no: %s %s\\n' "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN" >&2; exit 1 ;;
  *) exec '${real}' "$@" ;;
esac
`;
}

/** Every file below the directory, by its path in it. */
async function filesIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name).slice(directory.length + 1));
}

/** Fails where any of the secrets stands in `text`, as it is or as JSON has it. */
function expectNoSecret(where: string, text: string, secrets: ReadonlyMap<string, string>): void {
  for (const [name, secret] of secrets) {
    const at = text.indexOf(secret);
    if (at >= 0) throw new Error(`${where} holds the ${name}: …${text.slice(Math.max(0, at - 120), at)}HERE`);
  }
}

async function expectNothingLeaked({ stage, secrets, programs, arguments: told }: Watched): Promise<void> {
  const all = await secrets();
  expect(all.size).toBeGreaterThan(Object.keys(PLANTED).length + 4);
  for (const [index, program] of programs.entries()) {
    // A screen is drawn in pieces: the grid has words whole that the bytes have in parts.
    expectNoSecret(`program ${index}`, program.written().replaceAll(/\r?\n/g, ""), all);
    expectNoSecret(`the screen of program ${index}`, program.text().replaceAll("\n", ""), all);
  }
  const started = await told();
  expect(started).toContain("podman");
  expectNoSecret("an argument", started, all);
  for (const file of await filesIn(stage.directory)) {
    const path = join(stage.directory, file);
    if (/^home\/\.aws\/sso\/cache\/|\.before$/.test(file)) {
      expect((await stat(path)).mode & 0o077, `${file} is open to others`).toBe(0);
    }
    if (!MAY_HOLD.test(file)) expectNoSecret(file, await readFile(path, "utf8"), all);
  }
  expect((await stat(join(stage.directory, "state/snowglobe"))).mode & 0o077, "our state is open to others").toBe(0);
  expect((await filesIn(stage.directory)).filter((file) => file.endsWith(".tfplan"))).toEqual([]);
}

const ENV = {
  DATABASE_PASSWORD: PLANTED.environment,
  GITHUB_TOKEN: PLANTED.github,
  TF_TOKEN_example_com: PLANTED.environment,
};

/** An error of AWS that quotes what it may have been sent: the session's tokens, and the keys that were issued last. */
async function echo({ stage, secrets, newest }: Watched, operation: string, keys: boolean): Promise<void> {
  const all = await secrets();
  const tokens = ["accessToken", "refreshToken", "clientSecret"].map((name) => all.get(name) ?? "");
  const quoted = [...tokens, ...(keys ? newest() : [])];
  for (const code of ["SomethingOdd", "IncorrectState"]) {
    stage.simulator.faults.add({
      kind: "error",
      operation,
      code,
      message: `You sent ${quoted.join(" and ")}`,
      count: 2,
    });
  }
}

describe("a text without secrets", () => {
  it.each([
    'password = "two words" and more',
    '{\\"secret_string\\":\\"two words\\"}',
    "Authorization: AWS4-HMAC-SHA256 Credential=two/words",
    "TF_TOKEN_example: two",
    "https://two:words@example.com/x",
    "-----BEGIN OPENSSH PRIVATE KEY-----\ntwo\nwords\n-----END OPENSSH PRIVATE KEY-----",
    "Bearer twotwotwo",
    "api_key=two;",
  ])("has none of %j", (text) => {
    expect(redact(text)).not.toMatch(/two|words/);
  });

  it("has nothing that we hold, in whatever form it stands", () => {
    const key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzzzzzzzzzz";
    expect(redact(`it is ${key}!`)).toContain(key);
    hideSecrets(key, undefined, "short");
    expect(redact(`it is ${key}, ${key}! short`)).toBe("it is …, …! short");
  });

  it("keeps what a reader needs", () => {
    const path = `/home/me/${"directory/".repeat(12)}known_hosts`;
    for (const text of [
      path,
      "vol-09e5c3cee32bb67dc is in-use",
      "make swap-x86",
      "arn:aws:ec2:us-west-1:123456789012:volume/vol-1",
    ]) {
      expect(redact(text)).toBe(text);
    }
  });
});

describe("secrets", () => {
  it("stay where they belong while the cockpit signs in, plans, applies, fails and opens a shell", async () => {
    const here = await watched();
    const { stage } = here;
    const cockpit = stage.cockpit({ columns: 140, rows: 44 }, ENV);
    here.programs.push(cockpit);
    await cockpit.waitFor("Press l to sign in");
    await cockpit.press("l");
    await cockpit.waitFor("Approve only if you started this");
    stage.simulator.sso.decide("approved");
    await cockpit.waitFor("123456789012");
    await cockpit.waitFor("running on a temporary disk");
    await echo(here, "DescribeVolumes", true);
    await cockpit.press("r");
    await cockpit.waitFor(/You sent|not in a state/);
    stage.simulator.faults.clear();
    await cockpit.press("r");
    await cockpit.waitFor((text) => !/You sent|not in a state/.test(text));
    await cockpit.press("a");
    await cockpit.waitFor("▲ DANGEROUS");
    await cockpit.press("e");
    await cockpit.waitFor("source_code_hash");
    await cockpit.press("end", "pageup", "pageup");
    await cockpit.press("tab");
    await cockpit.waitFor("debug: …");
    await cockpit.press("s");
    await cockpit.waitFor(/Saved as/);
    await cockpit.press("tab", "a");
    await cockpit.waitFor("Type fcvm-metal-x86");
    await cockpit.takesAnswers();
    await cockpit.press(..."fcvm-metal-x86", "enter");
    await cockpit.waitFor("fcvm-metal-x86 was recreated");
    await cockpit.press("escape");
    await cockpit.press("h");
    await cockpit.waitFor("the newest first");
    await cockpit.press("enter");
    await cockpit.waitFor(/Plan and apply {2}done/);
    await cockpit.press("escape");
    await cockpit.waitFor("the newest first");
    await cockpit.press("escape");
    await cockpit.waitFor("Enter ssh");
    await cockpit.press("q");
    expect((await cockpit.exited).exitCode).toBe(0);
    await expectNothingLeaked(here);
  });

  it("stay where they belong on the command line, in success and in failure", async () => {
    const here = await watched();
    const { stage } = here;
    const run = async (words: readonly string[], during: (program: Program) => Promise<void> = async () => {}) => {
      const [first = "", ...more] = words;
      const program = stage.command(ENV, first, ...more);
      here.programs.push(program);
      await during(program);
      await program.exited;
    };
    await run(["login"], async (program) => {
      await program.waitFor("Approve only if you started this");
      await waitUntil(() => stage.simulator.sso.decide("approved") > 0);
    });
    await run(["plan"]);
    await run(["validate"]);
    await run(["output"]);
    await run(["swap", "arm"], async (program) => {
      await program.waitFor(/\[y\/N\]|1 to \d/);
      await echo(here, "StopInstances", true);
      program.write("y\r");
    });
    await run(["ssh", "jumpbox"], async (program) => {
      await program.waitFor("ubuntu@jumpbox:~$");
      program.write("exit\r");
    });
    stage.simulator.credentials.expireAll();
    await echo(here, "DescribeInstances", false);
    await run(["status"]);
    await expectNothingLeaked(here);
  });
});
