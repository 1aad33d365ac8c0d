/** What of a machine is worth having in another program: its IDs, address, ssh command and page at AWS. */

import { type Environment, REGION } from "../../ops/environment.ts";
import { LOGIN } from "../../ops/fleet/machines.ts";
import type { Machine } from "../../ops/fleet/model.ts";
import type { Choice } from "../../ops/operation/types.ts";
import { shellWord } from "../../ops/plain.ts";
import { keyPath } from "../../ops/ssh/command.ts";

/** Each thing to copy: its `id` is the text itself. */
export function copyable(machine: Machine, environment: Environment): readonly Choice[] {
  const { instance, address, root, persistent, dataVolumes } = machine;
  const ip = address?.publicIp ?? instance?.publicIp;
  const disk = persistent?.volumeId === root?.id ? undefined : persistent?.volumeId;
  const rows: readonly (readonly [what: string, text: string | undefined])[] = [
    ["instance", instance?.id],
    ["address", ip],
    ["ssh command", ip && sshLine(ip, environment)],
    ["root volume", root?.id],
    ["your disk", disk],
    ...dataVolumes.map(({ name, id }) => [name ? `volume ${name}` : "volume", id] as const),
    ["demo in another terminal", sourceLine(environment)],
    ["page at AWS", instance && !environment.demo ? consolePage(instance.id) : undefined],
  ];
  return rows.flatMap(([label, text]) => (text ? [{ id: text, label, detail: text }] : []));
}

/** The instance's page in the AWS console, as the console itself writes its address. */
export function consolePage(instanceId: string): string {
  return `https://${REGION}.console.aws.amazon.com/ec2/home?region=${REGION}#InstanceDetails:instanceId=${instanceId}`;
}

/** What brings another terminal to the demo's account, once. */
function sourceLine({ env }: Pick<Environment, "env">): string | undefined {
  return env.SNOWGLOBE_DEMO_ENV && `source ${env.SNOWGLOBE_DEMO_ENV}`;
}

/** What a shell takes as it is; a word with anything else in it is quoted. */
function sshLine(address: string, environment: Environment): string {
  const config = environment.env.SNOWGLOBE_SSH_CONFIG;
  const words = ["ssh", ...(config ? ["-F", config] : []), "-i", keyPath(environment), `${LOGIN}@${address}`];
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : shellWord(word))).join(" ");
}
