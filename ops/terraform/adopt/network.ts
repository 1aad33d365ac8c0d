/** Our network in the account, found by its names, for a state that does not know it. */

import { FailureError } from "../../failure.ts";
import { type Fields, fields, list, text } from "../../plan/plan.ts";
import type { Workspace } from "../workspace.ts";
import { type Adopted, IT } from "./decide.ts";
import { askAll } from "./look.ts";

const NAME = "snowglobe";

/** The first question: which networks have our name. */
export const NETWORKS = `ec2 describe-vpcs --filters Name=tag:Name,Values=${NAME}`;

/** What of the network there is, as import IDs. Throws a FailureError (`conflict`) where two networks have the name. */
export async function findNetwork(workspace: Workspace, networks: Fields): Promise<Adopted> {
  const vpcs = list(networks.Vpcs).map((one) => text(fields(one).VpcId));
  const [vpc] = vpcs;
  if (vpc === undefined) return {};
  if (vpcs.length > 1) {
    throw new FailureError({
      kind: "conflict",
      code: "ADOPT",
      sentence: `${vpcs.length} networks are named ${NAME}: ${vpcs.join(" and ")}.`,
      action: "Give the one that is not ours another Name tag in the VPC console, then run make apply again.",
    });
  }
  const inside = `--filters Name=vpc-id,Values=${vpc}`;
  const answers = await askAll(workspace, [
    `ec2 describe-internet-gateways --filters Name=attachment.vpc-id,Values=${vpc}`,
    `ec2 describe-subnets ${inside}`,
    `ec2 describe-route-tables ${inside} Name=tag:Name,Values=${NAME}`,
    `ec2 describe-security-groups ${inside}`,
  ]);
  const [gateways = {}, subnets = {}, tables = {}, groups = {}] = answers;
  const group = (name: string) =>
    list(groups.SecurityGroups)
      .map(fields)
      .find(({ GroupName }) => GroupName === `${NAME}-${name}`)?.GroupId;
  const [machines, database] = [text(group("machines")), text(group("database"))];
  const ids = [machines, database].filter((id) => id !== undefined).join(",");
  const [rules = {}] = ids
    ? await askAll(workspace, [`ec2 describe-security-group-rules --filters Name=group-id,Values=${ids}`])
    : [];
  const gateway = text(fields(list(gateways.InternetGateways)[0]).InternetGatewayId);
  return found({
    "aws_vpc.this": { [IT]: vpc },
    "aws_internet_gateway.this": { [IT]: gateway },
    ...subnetsAndTable(list(subnets.Subnets).map(fields), fields(list(tables.RouteTables)[0])),
    "aws_security_group.machines": { [IT]: machines },
    "aws_security_group.database": { [IT]: database },
    ...groupRules(list(rules.SecurityGroupRules).map(fields), machines, database),
  });
}

function subnetsAndTable(
  subnets: readonly Fields[],
  table: Fields,
): Record<string, Record<string, string | undefined>> {
  const zones = new Map(
    subnets.flatMap(({ SubnetId, AvailabilityZone, Tags }): [string, string][] => {
      const [id, zone] = [text(SubnetId), text(AvailabilityZone)];
      const tags = list(Tags).map(fields);
      const ours = tags.some(({ Key, Value }) => Key === "Name" && Value === `${NAME}-${zone}`);
      return ours && id && zone ? [[id, zone]] : [];
    }),
  );
  const tableId = text(table.RouteTableId);
  const associated = list(table.Associations).flatMap((one): [string, string][] => {
    const subnet = text(fields(one).SubnetId);
    const zone = subnet && zones.get(subnet);
    return zone && tableId ? [[zone, `${subnet}/${tableId}`]] : [];
  });
  return {
    "aws_subnet.public": Object.fromEntries([...zones].map(([id, zone]) => [zone, id])),
    "aws_route_table.public": { [IT]: tableId },
    "aws_route_table_association.public": Object.fromEntries(associated),
  };
}

function groupRules(
  rules: readonly Fields[],
  machines: string | undefined,
  database: string | undefined,
): Record<string, Record<string, string | undefined>> {
  const rule = (group: string | undefined, wanted: Fields) =>
    text(
      rules.find(
        (one) =>
          group !== undefined &&
          one.GroupId === group &&
          Object.entries(wanted).every(([name, value]) => one[name] === value),
      )?.SecurityGroupRuleId,
    );
  return {
    "aws_vpc_security_group_ingress_rule.ssh": { [IT]: rule(machines, { IsEgress: false, FromPort: 22 }) },
    "aws_vpc_security_group_egress_rule.out": {
      ipv4: rule(machines, { IsEgress: true, CidrIpv4: "0.0.0.0/0" }),
      ipv6: rule(machines, { IsEgress: true, CidrIpv6: "::/0" }),
    },
    "aws_vpc_security_group_ingress_rule.database": { [IT]: rule(database, { IsEgress: false, FromPort: 3306 }) },
  };
}

/** Without what there is not. */
export function found(all: Readonly<Record<string, Readonly<Record<string, string | undefined>>>>): Adopted {
  return Object.fromEntries(
    Object.entries(all).flatMap(([resource, ids]) => {
      const there = Object.entries(ids).filter((entry): entry is [string, string] => Boolean(entry[1]));
      return there.length > 0 ? [[resource, Object.fromEntries(there)]] : [];
    }),
  );
}
