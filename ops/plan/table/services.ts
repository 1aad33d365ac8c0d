/** What works by itself: backups, auto-stop, messages, the budget. Its danger is that it stops working, in silence. */

import { fields, list, text } from "../plan.ts";
import {
  type AttributeRule,
  amount,
  isEmpty,
  isFresh,
  isUnknown,
  NOTHING,
  notLess,
  plain,
  plainEnd,
  refusesEnd,
  type Said,
  type TypeRules,
  typed,
  typedEnd,
  typedLater,
  unless,
  words,
  worth,
} from "./place.ts";
import { labels } from "./tags.ts";

const vault = (what: string): TypeRules => ({
  is: what,
  keeps: true,
  end: refusesEnd(what),
  free: "name recovery_points",
  attributes: {
    force_destroy: unless((after) => after === false, "lets the backups be deleted with their vault: force_destroy"),
    kms_key_arn: typedLater("changes the key of the backups"),
    tags: labels,
  },
});

/** Each rule of before is there still: as often, kept as long, in the same vault. */
const backupRules: AttributeRule = (turn) => {
  if (isFresh(turn)) return NOTHING;
  if (isUnknown({ unknown: withoutComputed(turn.unknown) })) return typed("changes when backups are made")(turn);
  const after = new Map(list(turn.after).map((one) => [fields(one).rule_name, fields(one)]));
  const said = list(turn.before).flatMap((one): readonly Said[] => {
    const was = fields(one);
    const name = text(was.rule_name) ?? "unnamed";
    const will = after.get(was.rule_name);
    if (!will) return [["typed", `drops the ${name} backup`]];
    const days = (rule: typeof was) => amount(fields(list(rule.lifecycle)[0]).delete_after, Number.POSITIVE_INFINITY);
    const found: Said[] = [];
    if (days(will) < days(was))
      found.push(["typed", `keeps the ${name} backups for ${days(will)} days, and not ${days(was)}`]);
    for (const key of ["schedule", "target_vault_name", "schedule_expression_timezone"]) {
      if (JSON.stringify(was[key] ?? null) === JSON.stringify(will[key] ?? null)) continue;
      found.push(["typed", `changes the ${name} backup: ${key} ${plain(was[key])} to ${plain(will[key])}`]);
    }
    return found;
  });
  return said.length > 0 ? said : [["word", `The backups' rules change (${turn.look.change.address}).`]];
};

/** A set's members are unknown as a whole where one part is: what AWS computes of each is not meant. */
function withoutComputed(unknown: unknown): unknown {
  return Array.isArray(unknown)
    ? unknown.map((one) => {
        const { lifecycle: _, ...rest } = fields(one);
        return typeof one === "object" ? rest : one;
      })
    : unknown;
}

/** A backup that no longer covers what it covered. */
const coverage: AttributeRule = (turn) => {
  if (isFresh(turn)) return NOTHING;
  if (isUnknown(turn)) return [["typed", `backs up what is known only after the apply: ${words(turn)}`]];
  const covered = (side: unknown) => list(side).flatMap((one) => text(one) ?? []);
  const after = new Set(covered(turn.after));
  const lost = covered(turn.before).filter((arn) => !after.has(arn));
  return lost.map((arn): Said => ["typed", `no longer backs up ${arn.split("/").at(-1)}`]);
};

const selects = (turn: Parameters<AttributeRule>[0]) =>
  !isUnknown(turn) && isEmpty(turn.after) && isEmpty(turn.before) ? NOTHING : typed("changes what is backed up")(turn);

/** Which machines are watched, and how patiently. */
const environment: AttributeRule = (turn) => {
  if (isFresh(turn)) return NOTHING;
  const variables = (side: unknown) => fields(fields(list(side)[0]).variables);
  const [before, after] = [variables(turn.before), variables(turn.after)];
  const marks = turn.unknown === true ? true : fields(list(turn.unknown)[0]).variables;
  if (marks === true || list(turn.unknown)[0] === true) {
    return [["typed", `auto-stop's settings are known only after the apply: ${words(turn)}`]];
  }
  const keys = new Set([...Object.keys(before), ...Object.keys(after), ...Object.keys(fields(marks))]);
  return [...keys].flatMap((key): readonly Said[] => {
    if (fields(marks)[key] === true) return [["typed", `auto-stop's ${key} is known only after the apply`]];
    if (before[key] === after[key]) return NOTHING;
    const [was, will] = [plain(before[key] ?? ""), plain(after[key] ?? "")];
    if (key === "INSTANCE_IDS") {
      const left = was.split(",").filter((id) => id && !will.split(",").includes(id));
      const fewer = will.split(",").filter(Boolean).length < was.split(",").filter(Boolean).length;
      return fewer || left.length > 0
        ? [["typed", `auto-stop no longer watches ${left.join(", ")}`]]
        : [["word", `Auto-stop watches ${will}.`]];
    }
    return [["typed", `auto-stop's ${key} changes from ${was || "nothing"} to ${will || "nothing"}`]];
  });
};

const LAMBDA: TypeRules = {
  is: "auto-stop",
  end: typedEnd("nothing stops a forgotten machine any more"),
  free: `code_sha256 description filename invoke_arn last_modified logging_config package_type publish qualified_arn
    qualified_invoke_arn response_streaming_invoke_arn signing_job_arn signing_profile_version_arn skip_destroy
    source_code_size version function_name ephemeral_storage tracing_config`,
  attributes: {
    architectures: typedLater("changes what auto-stop runs on"),
    environment,
    handler: typedLater("changes what auto-stop runs"),
    memory_size: notLess("gives auto-stop less memory"),
    reserved_concurrent_executions: unless((after) => after === -1 || after === null, "keeps auto-stop from running"),
    role: typedLater("changes auto-stop's rights"),
    runtime: typedLater("changes what auto-stop runs on"),
    source_code_hash: (turn) => (isFresh(turn) ? NOTHING : worth("Auto-stop's code changes")(turn)),
    tags: labels,
    timeout: notLess("gives auto-stop less time"),
  },
};

const CLOCK: TypeRules = {
  is: "auto-stop's clock",
  end: typedEnd("nothing looks for idle machines any more"),
  free: "description force_destroy name name_prefix",
  attributes: {
    event_bus_name: typedLater("changes auto-stop's clock"),
    event_pattern: typedLater("changes auto-stop's clock"),
    is_enabled: unless((after) => after === true || after === null, "auto-stop no longer looks for idle machines"),
    schedule_expression: typedLater("changes when auto-stop looks"),
    state: unless((after) => after === "ENABLED" || after === null, "auto-stop no longer looks for idle machines"),
    tags: labels,
  },
};

const told = typedLater("changes who is told");

export const SERVICES: Readonly<Record<string, TypeRules>> = {
  aws_backup_vault: vault("the backups"),
  aws_backup_logically_air_gapped_vault: vault("the backups"),
  aws_backup_vault_policy: {
    is: "the backups' protection",
    end: typedEnd("the backups lose their protection"),
    free: "",
    attributes: {},
  },
  aws_backup_vault_lock_configuration: {
    is: "the backups' protection",
    end: typedEnd("the backups lose their protection"),
    free: "",
    attributes: {},
  },
  aws_backup_plan: {
    is: "the backups' plan",
    end: typedEnd("no backups are made any more"),
    free: "name version",
    attributes: { rule: backupRules, tags: labels },
  },
  aws_backup_selection: {
    is: "what is backed up",
    end: typedEnd("what it selects is not backed up any more"),
    // Each change makes another one: what counts is what that one covers.
    swap: () => NOTHING,
    free: "name plan_id",
    attributes: {
      condition: selects,
      iam_role_arn: typedLater("changes who makes the backups"),
      not_resources: selects,
      resources: coverage,
      selection_tag: selects,
    },
  },
  aws_lambda_function: LAMBDA,
  aws_lambda_function_event_invoke_config: {
    is: "what becomes of a failed run",
    end: typedEnd("a failed auto-stop is told to nobody"),
    free: "function_name qualifier maximum_event_age_in_seconds maximum_retry_attempts",
    attributes: { destination_config: told },
  },
  aws_cloudwatch_event_rule: CLOCK,
  aws_cloudwatch_event_target: {
    is: "auto-stop's clock",
    end: typedEnd("nothing looks for idle machines any more"),
    free: "force_destroy target_id",
    attributes: Object.fromEntries(
      ["arn", "event_bus_name", "input", "input_path", "role_arn", "rule"].map((name) => [
        name,
        typedLater("changes what auto-stop's clock calls"),
      ]),
    ),
  },
  aws_cloudwatch_log_group: {
    is: "auto-stop's log",
    end: typedEnd("what auto-stop has written is gone"),
    free: "log_group_class name name_prefix skip_destroy deletion_protection_enabled",
    attributes: {
      kms_key_id: typedLater("changes the key of the log"),
      retention_in_days: notLess("keeps auto-stop's log for less long"),
      tags: labels,
    },
  },
  aws_sns_topic: {
    is: "where messages go",
    end: typedEnd("no messages are sent any more"),
    free: "beginning_archive_time display_name fifo_throughput_scope name name_prefix owner signature_version tracing_config",
    attributes: {
      kms_master_key_id: typedLater("changes the key of the messages"),
      policy: typedLater("changes who may send and read messages"),
      tags: labels,
    },
  },
  aws_sns_topic_subscription: {
    is: "who is told",
    end: typedEnd("nobody is told there any more"),
    free: `confirmation_timeout_in_minutes confirmation_was_authenticated endpoint_auto_confirms filter_policy_scope owner_id
      pending_confirmation raw_message_delivery`,
    attributes: { endpoint: told, filter_policy: told, protocol: told, topic_arn: told },
  },
  aws_budgets_budget: {
    is: "the budget",
    end: typedEnd("nobody is told what is spent any more"),
    free: "account_id billing_view_arn name name_prefix time_period_end time_period_start cost_types auto_adjust_data planned_limit",
    attributes: {
      budget_type: told,
      cost_filter: told,
      limit_amount: (turn) => (isFresh(turn) ? NOTHING : worth("The budget's limit changes")(turn)),
      limit_unit: told,
      notification: told,
      tags: labels,
      time_unit: told,
    },
  },
  // Terraform's own, which is nothing but a value in the state; programs that it runs are judged by themselves.
  terraform_data: {
    is: "a value in the state",
    end: plainEnd,
    free: "input output triggers_replace",
    attributes: {},
  },
};
