/** A machine: aws_instance, its root, and what would stop, end or expose it. */

import { dollars } from "../../fleet/derive/cost.ts";
import { isMachineName, MACHINES, type MachineName } from "../../fleet/machines.ts";
import { valueAt } from "../attributes.ts";
import { fields, list, type ResourceChange, text } from "../plan.ts";
import {
  type AttributeRule,
  amount,
  anything,
  block,
  isEmpty,
  isFresh,
  isInPlace,
  isMadeOfNew,
  isSame,
  isUnknown,
  type Look,
  NOTHING,
  plain,
  type Said,
  type Turn,
  type TypeRules,
  typed,
  typedLater,
  unless,
  verb,
  words,
  worth,
} from "./place.ts";
import { nameTags, takesMarkOff } from "./tags.ts";

/** Which of the three machines a change is about: by its Name tag, else by its resource's name. */
export function machineOf({ type, name, values }: ResourceChange): MachineName | undefined {
  if (type !== "aws_instance") return undefined;
  const tags = [values.before, values.after].map((side) => text(fields(fields(side).tags).Name));
  return [...tags, name.replaceAll("_", "-")].find(isMachineName);
}

const nameIn = ({ change }: Look) => machineOf(change) ?? change.address;
const rootOf = (side: unknown) => fields(valueAt(side, ["root_block_device", 0]));

/** A spot machine's stop and start are two: EC2 takes no start until the spot request has been let go of (aws.md). */
function isSpot({ change }: Look): boolean {
  const { before, after } = change.values;
  const market = (side: unknown) => fields(list(fields(side).instance_market_options)[0]).market_type;
  const machine = machineOf(change);
  return (
    market(before) === "spot" ||
    market(after) === "spot" ||
    fields(before).instance_lifecycle === "spot" ||
    (machine !== undefined && MACHINES[machine].market === "spot")
  );
}

/** In place, but only by stopping the machine. */
const stops: AttributeRule = (turn) => {
  if (!isInPlace(turn)) return NOTHING;
  const after = isSpot(turn.look) ? "; it is a spot machine and stays stopped: start it with p afterwards" : "";
  return [["typed", `stops and starts ${nameIn(turn.look)} to change ${words(turn)}${after}`]];
};

const size: AttributeRule = (turn) => {
  const { look, after } = turn;
  const machine = machineOf(look.change);
  if (isInPlace(turn)) {
    if (!isSpot(look)) return [...stops(turn), ...dearer(turn)];
    return [["refused", `resizes ${nameIn(look)}, a spot machine, which EC2 cannot: ${words(turn)}`]];
  }
  if (machine && !isUnknown(turn) && after === MACHINES[machine].instanceType) return NOTHING;
  return [
    ["typed", `makes ${nameIn(look)} of another type than snowglobe knows it by: ${words(turn)}`],
    ...dearer(turn),
  ];
};

function dearer({ before, after }: Turn): readonly Said[] {
  const price = (type: unknown) =>
    Object.values(MACHINES).find(({ instanceType }) => instanceType === type)?.onDemandPerHour;
  const [old, fresh] = [price(before), price(after)];
  if (fresh === undefined) return [["typed", `costs nobody here knows what: no price is known for ${plain(after)}`]];
  if (old !== undefined && fresh <= old) return NOTHING;
  return [["typed", `costs up to ${dollars(fresh, "h")} while it runs${old ? `, and not ${dollars(old, "h")}` : ""}`]];
}

/** The rights that each machine has by its profile (jumpbox.tf, dev-instance-common.tf). */
const PROFILES: Readonly<Record<MachineName, string>> = {
  jumpbox: "snowglobe-jumpbox",
  "fcvm-metal-arm": "snowglobe-dev",
  "fcvm-metal-x86": "snowglobe-dev",
};

const profile: AttributeRule = (turn) => {
  const machine = machineOf(turn.look.change);
  if (isFresh(turn) && (isMadeOfNew(turn) || (machine && turn.after === PROFILES[machine]))) return NOTHING;
  return typed(`gives ${nameIn(turn.look)} other rights in the account`)(turn);
};

/** A new machine's root becomes its owner's for ever: it must outlive the machine. */
const newRoot = block({
  delete_on_termination: unless((after) => after === false, "has the root volume deleted with its machine"),
  device_name: anything,
  encrypted: anything,
  iops: anything,
  kms_key_id: anything,
  tags: anything,
  tags_all: anything,
  throughput: anything,
  volume_id: anything,
  volume_size: anything,
  volume_type: anything,
});

/** On a swapped machine the configuration would change the owner's volume (aws.md, root-volume traps). */
const root: AttributeRule = (turn) => {
  if (isFresh(turn)) return newRoot(turn);
  if (turn.look.change.kind === "replace") return newRoot({ ...turn, before: undefined });
  const { before: was, after: will } = turn.look.change.values;
  const [before, after] = [rootOf(was), rootOf(will)];
  const marks = fields(turn.unknown === true ? undefined : list(turn.unknown)[0]);
  const whole = turn.unknown === true || list(turn.unknown)[0] === true;
  const isOpen = (key: string) => whole || !isEmpty(marks[key] === false ? undefined : marks[key]);
  const id = text(before.volume_id);
  const isKept = id !== undefined && turn.look.ids.has(id);
  const what = `${id ?? "its root volume"}${isKept ? ", which is persistent" : ""}`;
  if (before.delete_on_termination === false) {
    if (after.delete_on_termination === true) {
      return [["refused", `would have ${what} deleted with ${nameIn(turn.look)}`]];
    }
    if (isOpen("delete_on_termination") && isKept) {
      return [["refused", `may have ${what}, deleted with ${nameIn(turn.look)}: that is known only after the apply`]];
    }
  }
  const tags = { before: before.tags, after: after.tags, unknown: whole || marks.tags };
  if (takesMarkOff(tags))
    return [["refused", `removes the tag that protects ${id ?? "its root volume"} from deletion`]];
  if (list(will && fields(will).root_block_device).length === 0 && !whole) {
    return [["typed", `leaves the root block of ${nameIn(turn.look)} out`]];
  }
  const keys = [...new Set([before, after, marks].flatMap((side) => Object.keys(side)))];
  const changed = keys.filter((key) => key !== "device_name" && (isOpen(key) || !isSame(before[key], after[key])));
  if (changed.length === 0)
    return whole ? [["typed", `changes ${what} in place to what is known only after the apply`]] : NOTHING;
  const details = changed.map((key) =>
    isOpen(key)
      ? `${key} to a value known only after the apply`
      : `${key} ${JSON.stringify(before[key] ?? null)} to ${JSON.stringify(after[key] ?? null)}`,
  );
  return [["typed", `changes ${what}${isKept ? "," : ""} in place: ${details.join(", ")}`]];
};

/** `volume_tags` are the tags of every volume of the machine, its root among them. */
const volumeTags: AttributeRule = (turn) => {
  const id = text(rootOf(turn.look.change.values.before).volume_id);
  const isKept = id !== undefined && turn.look.ids.has(id);
  const marked = fields(rootOf(turn.look.change.values.before).tags);
  const had = { ...turn, before: { ...marked, ...fields(turn.before) } };
  // Given tags replace all that the volume has; where none are given any more, those that were are taken off.
  const taken = isEmpty(turn.after) && turn.unknown !== true ? takesMarkOff(turn) : takesMarkOff(had);
  if (taken) return [["refused", `removes the tag that protects ${id ?? "its volumes"} from deletion`]];
  if (isFresh(turn) && !isUnknown(turn)) return NOTHING;
  return [
    [
      "typed",
      `changes the tags of every volume of ${nameIn(turn.look)}${isKept ? `, ${id} among them` : ""}: ${words(turn)}`,
    ],
  ];
};

/** EBS volumes in the machine's own block: they would go and come with it. */
const dataDisks: AttributeRule = (turn) => typed(`changes the disks of ${nameIn(turn.look)}`)(turn);

const metadata = block({
  http_tokens: unless(
    (after) => after === "required",
    "lets anything on the machine read its keys without a token (IMDSv1)",
  ),
  http_endpoint: unless((after) => after === "enabled", "takes the machine's own metadata away from it"),
  http_put_response_hop_limit: unless((after) => amount(after, 3) <= 2, "lets its metadata be read from further away"),
  http_protocol_ipv6: anything,
  instance_metadata_tags: anything,
});

/** AWS may stop a spot machine, and must never end it. */
const market = (turn: Turn) => {
  const { after, unknown } = turn;
  const options = fields(list(after)[0]);
  const spot = fields(list(options.spot_options)[0]);
  const marks = fields(fields(list(unknown)[0]).spot_options);
  const isOpen = unknown === true || Object.hasOwn(marks, "instance_interruption_behavior");
  const isFine =
    options.market_type !== "spot" ||
    (spot.instance_interruption_behavior === "stop" && spot.spot_instance_type === "persistent");
  if (isFresh(turn) && !isOpen && isFine) return NOTHING;
  return typed(`changes how AWS may take ${nameIn(turn.look)} away`)(turn);
};

function makesMachine(look: Look): readonly Said[] {
  const { change, fleet, plan } = look;
  const machine = machineOf(change);
  const { after, unknown } = change.values;
  const said: Said[] = [];
  const lives = [machine && fleet?.machines[machine].instance, ...(fleet?.strayInstances ?? [])].find(
    (one) => one && one.name === machine && one.state !== "terminated" && one.state !== "shutting-down",
  );
  const ends = ({ kind, values }: ResourceChange) =>
    (kind === "delete" || kind === "replace") && fields(values.before).id === lives?.id;
  if (machine && lives && !plan.changes.some(ends)) {
    said.push([
      "refused",
      `makes a second ${machine} while ${lives.id} lives under that name: import that one, or end it first`,
    ]);
  }
  if (isEmpty(fields(after).metadata_options) && fields(unknown).metadata_options !== true) {
    said.push(["typed", `lets ${nameIn(look)} be made without a word on IMDSv1 (metadata_options)`]);
  } else if (fields(unknown).metadata_options === true) {
    said.push(["typed", `makes ${nameIn(look)} with metadata_options known only after the apply`]);
  }
  if (rootOf(after).delete_on_termination !== false) {
    said.push(["typed", `makes ${nameIn(look)} with a root volume that may be deleted with it`]);
  }
  return said;
}

/** A machine that goes, with or without another in its place. */
function endsMachine(look: Look): readonly Said[] {
  const { change, ids, owner } = look;
  const machine = machineOf(change);
  const name = nameIn(look);
  const before = fields(change.values.before);
  const lost = [...list(before.root_block_device), ...list(before.ebs_block_device)]
    .map(fields)
    .filter((one) => one.delete_on_termination === true);
  const said: Said[] = lost.map((one) => [
    "refused",
    `${verb(change)} ${name}, and with it ${text(one.volume_id) ?? "its volume"}: delete_on_termination is set`,
  ]);
  const encryption = change.replacePaths.find((path) => /^root_block_device\b.*(?:encrypted|kms_key_id)$/.test(path));
  const id = text(rootOf(before).volume_id);
  if (change.kind === "replace" && encryption && id && ids.has(id)) {
    said.push(["refused", `replaces ${name} only because ${id}, which is persistent, is not encrypted as configured`]);
  }
  if (change.kind === "replace" && isSpot(look) && change.replacePaths.includes("instance_type")) {
    said.push(["refused", `resizes ${name}, a spot machine, which EC2 cannot`]);
  }
  if (change.kind !== "replace") {
    said.push(["typed", `terminates ${name}; its root volume${id ? ` ${id}` : ""} stays and goes on costing`]);
    return said;
  }
  const paths = change.replacePaths.length ? ` (because of ${change.replacePaths.join(", ")})` : "";
  const own = machine && owner[machine];
  const back = own ? `, and a swap to get ${own.volumeId} back (press s afterwards)` : "";
  const cost = machine ? ` The new one costs up to ${dollars(MACHINES[machine].onDemandPerHour, "h")}.` : "";
  said.push([
    "typed",
    `replaces ${name}${paths}: about an hour's disturbance, every session on it ends, it comes up on a new root volume${back}.${cost}`,
  ]);
  return said;
}

export const INSTANCE: TypeRules = {
  is: "a machine",
  make: makesMachine,
  end: endsMachine,
  free: `availability_zone get_password_data instance_lifecycle instance_state outpost_arn password_data
    primary_network_interface_id private_dns public_dns public_ip spot_instance_request_id`,
  attributes: {
    ami: typedLater("changes a machine's image"),
    associate_public_ip_address: typedLater("changes how a machine is reached"),
    cpu_core_count: stops,
    cpu_options: stops,
    cpu_threads_per_core: stops,
    credit_specification: typed("changes what a machine's bursts cost"),
    disable_api_stop: unless((after) => after === false, "keeps the machine from being stopped, by auto-stop too"),
    disable_api_termination: typed("changes whether the machine can be terminated"),
    ebs_block_device: dataDisks,
    ebs_optimized: stops,
    force_destroy: unless((after) => after === false, "lets the machine be terminated though it is protected"),
    hibernation: typedLater("changes what a stop is"),
    iam_instance_profile: profile,
    instance_initiated_shutdown_behavior: unless(
      (after) => after === "stop",
      "would end the machine for good when it is shut down from within",
    ),
    instance_market_options: market,
    instance_type: size,
    key_name: typedLater("changes the key that opens a machine"),
    maintenance_options: typed("changes whether AWS recovers the machine"),
    metadata_options: metadata,
    monitoring: worth("Detailed monitoring costs about $2 a month and machine"),
    private_ip: typedLater("changes a machine's private address"),
    root_block_device: root,
    source_dest_check: unless((after) => after === true, "lets the machine pass on others' packets"),
    subnet_id: typedLater("moves a machine to another subnet"),
    tags: nameTags,
    user_data: stops,
    user_data_base64: stops,
    user_data_replace_on_change: unless(
      (after) => after === false,
      "has the machine replaced by a change of its first boot",
    ),
    volume_tags: volumeTags,
    vpc_security_group_ids: typedLater("changes who reaches the machine, and whom it reaches"),
  },
};
