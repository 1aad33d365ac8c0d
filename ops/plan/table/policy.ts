/** What a policy allows, as far as it is more than before: as JSON, or as the document that it is made from. */

import { type Fields, fields, list, text, withoutKeys } from "../plan.ts";
import { isUnknown, type Turn } from "./place.ts";

interface Statement {
  readonly isDenial: boolean;
  /** Undefined where it names what it does not mean. */
  readonly actions: readonly string[] | undefined;
  /** Undefined where they are known only after the apply, or named by what they are not. */
  readonly resources: readonly string[] | undefined;
  readonly principals: unknown;
  readonly conditions: unknown;
}

/** The statements of a policy; undefined where nobody can tell them. */
function statementsOf(turn: Pick<Turn, "after" | "unknown" | "set" | "look">): readonly Statement[] | undefined {
  return isUnknown(turn) ? documentOf(turn) : parsed(turn.after);
}

function parsed(policy: unknown): readonly Statement[] | undefined {
  if (typeof policy !== "string") return undefined;
  let statements: unknown;
  try {
    statements = fields(JSON.parse(policy)).Statement;
  } catch {
    return undefined;
  }
  if (typeof statements !== "object" || statements === null) return undefined;
  return (Array.isArray(statements) ? statements : [statements]).map((one) => {
    const given = fields(one);
    return {
      isDenial: given.Effect === "Deny",
      actions: given.NotAction === undefined ? texts(given.Action) : undefined,
      resources: given.NotResource === undefined ? texts(given.Resource) : undefined,
      principals: given.NotPrincipal ?? given.Principal,
      conditions: given.Condition,
    };
  });
}

function texts(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).map((one) => text(one) ?? "*");
}

/** A policy that is known only after the apply is made from a document that the plan reads then, statement by statement. */
function documentOf({ set, look }: Pick<Turn, "set" | "look">): readonly Statement[] | undefined {
  const references = list(typeof set === "object" ? fields(set).references : undefined).map((one) => text(one) ?? "");
  const names = new Set(references.map((one) => withoutKeys(one).split(".").slice(0, 3).join(".")));
  const [name] = names;
  if (names.size !== 1 || !name?.startsWith("data.aws_iam_policy_document.")) return undefined;
  const documents = look.plan.changes.filter(({ address }) => withoutKeys(address) === name);
  const [document] = documents;
  if (documents.length !== 1 || !document) return undefined;
  const after = fields(document.values.after);
  const marks = fields(document.values.unknown);
  const others = ["source_json", "override_json", "source_policy_documents", "override_policy_documents"];
  if (others.some((key) => (after[key] ?? null) !== null || marks[key] === true) || marks.statement === true)
    return undefined;
  const marked = list(marks.statement);
  return list(after.statement).map((one, index) => documented(fields(one), fields(marked[index])));
}

function documented(given: Fields, marks: Fields): Statement {
  const isOpen = (key: string) => isUnknown({ unknown: marks[key] });
  const isNot = (key: string) => list(given[key]).length > 0 || isOpen(key);
  return {
    isDenial: given.effect === "Deny" && !isOpen("effect"),
    actions: isNot("not_actions") || isOpen("actions") ? undefined : texts(given.actions),
    resources: isNot("not_resources") || isOpen("resources") ? undefined : texts(given.resources),
    principals: isNot("not_principals") || isOpen("principals") ? "*" : given.principals,
    conditions: given.condition,
  };
}

/** Whether all that a policy says is no. */
export function readsOnlyDenials(turn: Turn): boolean {
  return statementsOf(turn)?.every(({ isDenial }) => isDenial) ?? false;
}

/** Looking on does no harm; of what acts, what our own machines and functions do (jumpbox.tf and others), and on what. */
const HARMLESS: readonly (readonly [action: RegExp, resources: RegExp])[] = [
  [/^(?:ec2:Describe\w+|cloudwatch:(?:Describe|Get|List)\w+|tag:Get\w+)$/, /^/],
  [/^cloudwatch:PutMetricData$/, /^/],
  // What the agent of Session Manager asks, and nothing of Parameter Store's.
  [/^(?:ssm:UpdateInstanceInformation|ssmmessages:(?:Create|Open)(?:Control|Data)Channel)$/, /^/],
  [/^secretsmanager:GetSecretValue$/, /^arn:aws:secretsmanager:us-west-1:\d+:secret:github-pat-ejc3-/],
  [/^ec2:StopInstances$/, /^arn:aws:ec2:/],
  [/^sns:Publish$/, /^arn:aws:sns:[^*]+$/],
  [/^logs:(?:CreateLogGroup|CreateLogStream|PutLogEvents)$/, /^arn:aws:logs:/],
];
/** Harmless whatever they turn out to be about: an ARN that is known only after the apply is one thing, or a few. */
const ANYWHERE = /^(?:sns:Publish|logs:\w+|ec2:StopInstances)$/;

/** The actions that a policy allows and that neither were allowed before nor are harmless; undefined where nobody can tell. */
export function newRights(turn: Turn): readonly string[] | undefined {
  const now = statementsOf(turn);
  if (!now) return undefined;
  const before = new Set((parsed(turn.before) ?? []).filter(({ isDenial }) => !isDenial).flatMap(rights));
  const found: string[] = [];
  for (const statement of now) {
    if (statement.isDenial) continue;
    if (!statement.actions) return undefined;
    for (const action of statement.actions) {
      const isOld = rights({ ...statement, actions: [action] }).every((one) => before.has(one));
      const isFine = HARMLESS.some(([actions, resources]) => {
        if (!actions.test(action)) return false;
        return statement.resources?.every((one) => resources.test(one)) ?? ANYWHERE.test(action);
      });
      if (!isOld && !isFine) found.push(action);
    }
  }
  return found;
}

/** One text for each action on each resource under its conditions. */
function rights({ actions, resources, conditions, principals }: Statement): readonly string[] {
  return (actions ?? ["(not)"]).flatMap((action) =>
    (resources ?? ["(unknown)"]).map((resource) =>
      JSON.stringify([action, resource, conditions ?? null, principals ?? null]),
    ),
  );
}

/** The services of AWS's that may take a role, by its trust policy; undefined where anybody else may, or nobody can tell. */
export function trustedServices(turn: Turn): readonly string[] | undefined {
  const statements = statementsOf(turn);
  if (!statements) return undefined;
  const services: string[] = [];
  for (const { isDenial, principals } of statements) {
    if (isDenial) continue;
    const [kind, ...more] = Object.keys(fields(principals));
    if (kind !== "Service" || more.length > 0) return undefined;
    services.push(...texts(fields(principals).Service));
  }
  return services;
}
