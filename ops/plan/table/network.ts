/** Networks, addresses, and who may reach what. */

import { fields, text } from "../plan.ts";
import {
  type AttributeRule,
  anything,
  isEmpty,
  isFresh,
  isMadeOfNew,
  isUnknown,
  type Look,
  NOTHING,
  plain,
  plainEnd,
  type Said,
  type Turn,
  type TypeRules,
  typed,
  typedEnd,
  typedLater,
  verb,
  words,
} from "./place.ts";
import { labels, nameTags } from "./tags.ts";

function addressEnds({ change }: Look): readonly Said[] {
  const { public_ip: ip, id } = fields(change.values.before);
  return [
    ["refused", `${verb(change)} an Elastic IP, which never comes back: ${text(ip) ?? text(id) ?? change.address}`],
  ];
}

/** Where an address points; it may be a running machine's. */
const pointed: AttributeRule = (turn) => {
  if (isFresh(turn) && (isEmpty(turn.after) || isMadeOfNew(turn))) return NOTHING;
  return typed("takes an address from where it is, or puts it elsewhere")(turn);
};

/** A new association: of an address that is free, or of this very machine. */
const associated: AttributeRule = (turn) => {
  const { look, after } = turn;
  if (isMadeOfNew(turn)) return NOTHING;
  if (isUnknown(turn)) return [["typed", `moves an address that is known only after the apply: ${words(turn)}`]];
  const address = look.fleet?.observation.addresses.find(({ allocationId }) => allocationId === after);
  const holder = look.fleet?.observation.instances.find(({ id }) => id === address?.instanceId);
  const goesTo = text(fields(look.change.values.after).instance_id);
  if (look.fleet && (!holder || holder.id === goesTo || holder.state === "terminated")) return NOTHING;
  const from = holder ? `${holder.name ?? holder.id}, which is ${holder.state}` : "where it is";
  return [["typed", `takes the address ${address?.publicIp ?? plain(after)} from ${from}`]];
};

/** What may be reached from anywhere: SSH by key, and nothing else. */
function opens({ change }: Look): readonly Said[] {
  const { after, unknown } = change.values;
  const rule = fields(after);
  if (
    isUnknown({
      unknown: pick(unknown, ["cidr_ipv4", "cidr_ipv6", "from_port", "to_port", "ip_protocol", "prefix_list_id"]),
    })
  ) {
    return [["typed", `lets in what is known only after the apply: ${change.address}`]];
  }
  const from = [rule.cidr_ipv4, rule.cidr_ipv6, rule.prefix_list_id].filter((one) => !isEmpty(one));
  const isSsh = rule.ip_protocol === "tcp" && rule.from_port === 22 && rule.to_port === 22;
  if (from.length === 0 || isSsh) return NOTHING;
  const ports =
    rule.ip_protocol === "-1"
      ? "everything"
      : `${plain(rule.ip_protocol)} ${plain(rule.from_port)}-${plain(rule.to_port)}`;
  return [["typed", `lets ${from.map(plain).join(" and ")} reach ${ports}: ${change.address}`]];
}

function pick(side: unknown, keys: readonly string[]): unknown {
  return Object.fromEntries(keys.map((key) => [key, fields(side)[key]]));
}

/** Said once a rule, whichever of its parts changes. */
const opened: AttributeRule = (turn) => {
  if (isFresh(turn)) return NOTHING;
  const said = opens(turn.look);
  return said.length > 0 ? said : typed("changes who reaches what")(turn);
};

const INGRESS: TypeRules = {
  is: "who may come in",
  make: opens,
  end: typedEnd("what came in by it comes in no longer"),
  free: "description security_group_rule_id",
  attributes: {
    ...Object.fromEntries(
      [
        "cidr_ipv4",
        "cidr_ipv6",
        "from_port",
        "ip_protocol",
        "prefix_list_id",
        "referenced_security_group_id",
        "to_port",
      ].map((name) => [name, opened]),
    ),
    security_group_id: typedLater("changes who reaches what"),
    tags: anything,
  },
};

const EGRESS: TypeRules = {
  is: "what may go out",
  end: typedEnd("what went out by it goes out no longer"),
  free: "description security_group_rule_id tags",
  attributes: Object.fromEntries(
    [
      "cidr_ipv4",
      "cidr_ipv6",
      "from_port",
      "ip_protocol",
      "prefix_list_id",
      "referenced_security_group_id",
      "security_group_id",
      "to_port",
    ].map((name) => [name, typedLater("changes what goes out")]),
  ),
};

const inlineRules: AttributeRule = (turn: Turn) => typed("changes who reaches what, in the group itself")(turn);
const topology = typedLater("changes the network");

export const NETWORK: Readonly<Record<string, TypeRules>> = {
  aws_eip: {
    is: "an Elastic IP",
    end: addressEnds,
    free: `allocation_id association_id carrier_ip customer_owned_ip private_dns private_ip ptr_record public_dns public_ip
      public_ipv4_pool network_border_group`,
    attributes: {
      address: pointed,
      associate_with_private_ip: pointed,
      domain: typedLater("changes an address"),
      instance: pointed,
      network_interface: pointed,
      tags: nameTags,
    },
  },
  aws_eip_association: {
    is: "an address's place",
    end: typedEnd("the machine loses its address until it is given back"),
    free: "allow_reassociation instance_id private_ip_address public_ip network_interface_id",
    attributes: { allocation_id: associated },
  },
  aws_vpc_security_group_ingress_rule: INGRESS,
  aws_vpc_security_group_egress_rule: EGRESS,
  aws_security_group: {
    is: "a security group",
    end: plainEnd,
    free: "description name name_prefix owner_id revoke_rules_on_delete",
    attributes: { egress: inlineRules, ingress: inlineRules, tags: labels, vpc_id: topology },
  },
  aws_vpc: {
    is: "the network",
    end: plainEnd,
    free: `default_network_acl_id default_route_table_id default_security_group_id dhcp_options_id ipv6_association_id
      ipv6_cidr_block_network_border_group main_route_table_id owner_id`,
    attributes: {
      assign_generated_ipv6_cidr_block: topology,
      cidr_block: topology,
      enable_dns_hostnames: topology,
      enable_dns_support: topology,
      ipv6_cidr_block: topology,
      tags: labels,
    },
  },
  aws_internet_gateway: {
    is: "the way out",
    end: plainEnd,
    free: "owner_id",
    attributes: { tags: labels, vpc_id: topology },
  },
  aws_subnet: {
    is: "a subnet",
    end: plainEnd,
    free: "availability_zone_id ipv6_cidr_block_association_id owner_id private_dns_hostname_type_on_launch",
    attributes: {
      assign_ipv6_address_on_creation: topology,
      availability_zone: topology,
      cidr_block: topology,
      ipv6_cidr_block: topology,
      map_public_ip_on_launch: topology,
      tags: labels,
      vpc_id: topology,
    },
  },
  aws_route_table: {
    is: "the routes",
    end: plainEnd,
    free: "owner_id propagating_vgws",
    attributes: { route: topology, tags: labels, vpc_id: topology },
  },
  aws_route_table_association: {
    is: "a subnet's routes",
    end: plainEnd,
    free: "",
    attributes: { gateway_id: topology, route_table_id: topology, subnet_id: topology },
  },
  aws_key_pair: {
    is: "the key pair",
    end: typedEnd("no new machine can be opened by that key"),
    free: "fingerprint key_pair_id key_type",
    attributes: {
      key_name: typedLater("changes the key that opens new machines"),
      public_key: typedLater("changes the key that opens new machines"),
      tags: labels,
    },
  },
};
