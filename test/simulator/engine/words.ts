/** How Terraform speaks with `-json`: lines as version 1.11 writes them. */

export type Fields = Readonly<Record<string, unknown>>;

export function say(type: string, message: string, more: Fields = {}): void {
  const line = {
    "@level": "info",
    "@message": message,
    "@module": "terraform.ui",
    "@timestamp": new Date().toISOString(),
    ...more,
    type,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

export function resourceOf(address: string): Fields {
  const [type = "", name = ""] = address
    .replaceAll(/\[[^\]]*\]/g, "")
    .split(".")
    .slice(-2);
  const key = /\["([^"]*)"\]$/.exec(address)?.[1] ?? null;
  return {
    addr: address,
    module: "",
    resource: address,
    implied_provider: "aws",
    resource_type: type,
    resource_name: name,
    resource_key: key,
  };
}

/** A line of a hook about one resource. */
export function tell(type: string, address: string, message: string, more: Fields = {}): void {
  say(type, `${address}: ${message}`, { hook: { resource: resourceOf(address), ...more } });
}

export function sayVersion(): void {
  say("version", "Terraform 1.11.4", { terraform: "1.11.4", ui: "1.2" });
}

/** One entry of `resource_changes` or `resource_drift`. */
export interface Change {
  readonly address: string;
  readonly actions: readonly string[];
  readonly before: Fields | null;
  readonly after: Fields | null;
  readonly unknown?: Fields;
  readonly reason?: string;
}

export function changeJson({ address, actions, before, after, unknown, reason }: Change): Fields {
  const { resource_type, resource_name, resource_key } = resourceOf(address);
  return {
    address,
    mode: "managed",
    type: resource_type,
    name: resource_name,
    ...(resource_key === null ? {} : { index: resource_key }),
    provider_name: "registry.terraform.io/hashicorp/aws",
    change: { actions, before, after, after_unknown: unknown ?? {}, before_sensitive: {}, after_sensitive: {} },
    ...(reason ? { action_reason: reason } : {}),
  };
}

/** `delete,create` is "replace" in the messages. */
export function actionWord(actions: readonly string[]): string {
  return actions.length > 1 ? "replace" : (actions[0] ?? "noop");
}
