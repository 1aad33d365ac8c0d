/** Rights in the account: roles, their policies, and who may call what. */

import { fields, text } from "../plan.ts";
import {
  type AttributeRule,
  isEmpty,
  isFresh,
  isMadeOfNew,
  isUnknown,
  type Look,
  NOTHING,
  plain,
  plainEnd,
  type Said,
  type TypeRules,
  typed,
  typedEnd,
  typedLater,
  words,
} from "./place.ts";
import { newRights, trustedServices } from "./policy.ts";
import { labels } from "./tags.ts";

const TAKERS: ReadonlySet<string> = new Set(["backup.amazonaws.com", "ec2.amazonaws.com", "lambda.amazonaws.com"]);

const trust: AttributeRule = (turn) => {
  const services = trustedServices(turn);
  if (services?.every((one) => TAKERS.has(one)))
    return isFresh(turn) ? NOTHING : typed("changes who may take a role")(turn);
  return [
    [
      "typed",
      `lets others take the role ${turn.look.change.address}: ${services?.join(", ") ?? "it cannot be told whom"}`,
    ],
  ];
};

const rights: AttributeRule = (turn) => {
  const role = text(fields(turn.look.change.values.after).role) ?? turn.look.change.address;
  const found = newRights(turn);
  if (!found) return [["typed", `gives ${role} rights that cannot be told before the apply: ${words(turn)}`]];
  if (found.length > 0) return [["typed", `gives ${role} new rights: ${[...new Set(found)].slice(0, 5).join(", ")}`]];
  return isFresh(turn) ? NOTHING : [["word", `The rights of ${role} change (${turn.look.change.address}).`]];
};

/** AWS's own policies that do no harm to whatever role has them; the jumpbox administers. */
const HARMLESS =
  /^arn:aws:iam::aws:policy\/(?:AmazonSSMManagedInstanceCore|service-role\/AWSBackupServiceRolePolicyFor(?:Backup|Restores))$/;
const ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess";

function attaches({ change }: Look): readonly Said[] {
  const { after, unknown } = change.values;
  const { policy_arn: policy, role } = fields(after);
  const isOpen = isUnknown({ unknown: { policy: fields(unknown).policy_arn } });
  if (!isOpen && HARMLESS.test(plain(policy))) return NOTHING;
  if (!isOpen && policy === ADMINISTRATOR && role === "snowglobe-jumpbox") return NOTHING;
  const what = isOpen ? "a policy that is known only after the apply" : plain(policy).split("/").at(-1);
  return [["typed", `gives ${text(role) ?? "a role"} the rights of ${what}`]];
}

const attachment: AttributeRule = (turn) => (isFresh(turn) ? NOTHING : attaches(turn.look));

const inline: AttributeRule = (turn) =>
  isEmpty(turn.after) && !isUnknown(turn) ? NOTHING : typed("gives a role rights")(turn);

/** The clock that calls the Lambda, and nothing else of AWS's. */
function lets({ change }: Look): readonly Said[] {
  const { principal, action } = fields(change.values.after);
  const { unknown } = change.values;
  const isOpen = ["principal", "action", "source_arn", "function_url_auth_type"].some((key) =>
    key === "source_arn" ? false : isUnknown({ unknown: fields(unknown)[key] }),
  );
  const source =
    text(fields(change.values.after).source_arn) ?? (fields(unknown).source_arn === true ? "known later" : undefined);
  if (!isOpen && principal === "events.amazonaws.com" && action === "lambda:InvokeFunction" && source) return NOTHING;
  return [["typed", `lets ${text(principal) ?? "somebody"} call a function: ${change.address}`]];
}

const permission: AttributeRule = (turn) => (isFresh(turn) ? NOTHING : lets(turn.look));

export const ACCESS: Readonly<Record<string, TypeRules>> = {
  aws_iam_role: {
    is: "a role",
    end: plainEnd,
    free: "create_date description force_detach_policies max_session_duration name name_prefix path unique_id",
    attributes: {
      assume_role_policy: trust,
      inline_policy: inline,
      managed_policy_arns: inline,
      permissions_boundary: typedLater("changes how far a role's rights may go"),
      tags: labels,
    },
  },
  aws_iam_role_policy: {
    is: "a role's rights",
    end: typedEnd("its role loses those rights"),
    free: "name name_prefix",
    attributes: { policy: rights, role: typedLater("gives rights to another role") },
  },
  aws_iam_role_policy_attachment: {
    is: "a role's rights",
    make: attaches,
    end: typedEnd("its role loses those rights"),
    free: "",
    attributes: { policy_arn: attachment, role: attachment },
  },
  aws_iam_instance_profile: {
    is: "a machine's role",
    end: plainEnd,
    free: "create_date name name_prefix path unique_id",
    attributes: {
      role: (turn) => {
        const { role, name } = fields(turn.look.change.values.after);
        // Each is called as its role is.
        if (isFresh(turn) && (isMadeOfNew(turn) || (role !== undefined && role === name))) return NOTHING;
        return typed("gives machines other rights in the account")(turn);
      },
      tags: labels,
    },
  },
  aws_lambda_permission: {
    is: "who may call a function",
    make: lets,
    end: typedEnd("nothing calls the function any more"),
    free: "event_source_token qualifier statement_id statement_id_prefix",
    attributes: Object.fromEntries(
      [
        "action",
        "function_name",
        "function_url_auth_type",
        "principal",
        "principal_org_id",
        "source_account",
        "source_arn",
      ].map((name) => [name, permission]),
    ),
  },
};
