/**
 * Questions to the account, asked with the AWS CLI of the container: what Terraform needs to know before a first plan is
 * spread over ten services, and none of it is worth an SDK client of its own in the cockpit.
 */

import { redactLine } from "../../aws/redact.ts";
import { FailureError } from "../../failure.ts";
import { type Fields, fields } from "../../plan/plan.ts";
import type { Workspace } from "../workspace.ts";

/**
 * Each argument is one call, its words parted by spaces; they are made at once. One line a call: the answer without its
 * line ends, `{}` for what is not there, `null` where the call failed.
 */
const SCRIPT = `folder=$(mktemp -d)
one() {
  local answer=$folder/$1
  shift
  if aws "$@" --output json >"$answer" 2>"$answer.err"; then [ -s "$answer" ] || echo '{}' >"$answer"
  elif grep -qE 'NotFound|NoSuch' "$answer.err"; then echo '{}' >"$answer"
  else echo null >"$answer"; tail -n 1 "$answer.err" >&2; fi
}
number=0
for call in "$@"; do number=$((number + 1)); one $number $call & done
wait
for one in $(seq $number); do tr -d '\\n' <"$folder/$one"; echo; done
rm -rf "$folder"`;

/** Every call's answer in order; undefined for one that failed. Throws a FailureError where nothing could be asked. */
export async function ask(workspace: Workspace, calls: readonly string[]): Promise<readonly (Fields | undefined)[]> {
  const out = await workspace.inside(["bash", "-c", SCRIPT, "look", ...calls]);
  const lines = out.trimEnd().split("\n");
  return calls.map((_, index) => {
    const answer: unknown = parsed(lines[index] ?? "null");
    return answer === null ? undefined : fields(answer);
  });
}

/** As `ask`, where every answer is needed. Throws a FailureError that names the call that failed. */
export async function askAll(workspace: Workspace, calls: readonly string[]): Promise<readonly Fields[]> {
  return needed(await ask(workspace, calls), calls);
}

/** The answers to `calls`, each of which is needed. Throws a FailureError that names the first that failed. */
export function needed(answers: readonly (Fields | undefined)[], calls: readonly string[]): readonly Fields[] {
  return answers.map((answer, index) => {
    if (answer) return answer;
    const [service, operation] = (calls[index] ?? "").split(" ");
    throw new FailureError({
      kind: "refused",
      code: "LOOK",
      sentence: redactLine(`What the account has already could not be looked at: aws ${service} ${operation} failed.`),
      action: "The log has its reason. Without it something could be made twice, so nothing is planned.",
    });
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
