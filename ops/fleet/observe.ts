/** One look at the account: four calls, made at once, whatever the number of machines; or some of the four. */

import type { EC2Client } from "@aws-sdk/client-ec2";
import { MALFORMED_ANSWER } from "../aws/errors.ts";
import { FailureError } from "../failure.ts";
import { addressFrom, instanceFrom, spotRequestFrom, volumeFrom } from "./facts.ts";
import type { Observation } from "./model.ts";
import { TABLES, type Table } from "./parts.ts";

/** An answer in more parts than this is no account of one person. */
const PAGES = 50;

/**
 * Asks EC2 for instances, spot requests, volumes and addresses, or for those of them that `tables` names. `now` gives AWS's
 * time once the answers are in. Throws what the SDK throws, or a FailureError (`malformed`) where an answer makes no sense.
 */
export async function observe<Asked extends Table = Table>(
  ec2: EC2Client,
  now: () => number,
  signal?: AbortSignal,
  tables: readonly Asked[] = TABLES as readonly Table[] as readonly Asked[],
): Promise<Pick<Observation, Asked | "at">> {
  const aws = await import("../aws/ec2-sdk.ts");
  // The first failure ends the other calls as well: nobody waits for them any more.
  const rest = new AbortController();
  const options = { abortSignal: signal ? AbortSignal.any([signal, rest.signal]) : rest.signal };
  const ask: { readonly [Of in Table]: () => Promise<Observation[Of]> } = {
    instances: async () => {
      const instances = await all(async (page) => {
        const answer = await ec2.send(new aws.DescribeInstancesCommand(page), options);
        const reservations = present(answer.Reservations);
        return { items: reservations.flatMap(({ Instances }) => Instances ?? []), next: answer.NextToken };
      });
      return inOrder(instances.map(instanceFrom), (one) => one.id);
    },
    spotRequests: async () => {
      const requests = await all(async (page) => {
        const answer = await ec2.send(new aws.DescribeSpotInstanceRequestsCommand(page), options);
        return { items: present(answer.SpotInstanceRequests), next: answer.NextToken };
      });
      return inOrder(requests.map(spotRequestFrom), (one) => one.id);
    },
    volumes: async () => {
      const volumes = await all(async (page) => {
        const answer = await ec2.send(new aws.DescribeVolumesCommand(page), options);
        return { items: present(answer.Volumes), next: answer.NextToken };
      });
      return inOrder(volumes.map(volumeFrom), (one) => one.id);
    },
    addresses: async () => {
      const answer = await ec2.send(new aws.DescribeAddressesCommand({}), options);
      // Addresses of the long gone EC2-Classic have no allocation ID.
      const ours = present(answer.Addresses).filter((one) => one.AllocationId);
      return inOrder(ours.map(addressFrom), (one) => one.allocationId);
    },
  };
  try {
    const answers = await Promise.all(tables.map(async (table) => [table, await ask[table]()] as const));
    return { ...Object.fromEntries(answers), at: now() } as Pick<Observation, Asked | "at">;
  } catch (error) {
    rest.abort();
    throw error;
  }
}

interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

async function all<T>(ask: (page: { NextToken?: string }) => Promise<Page<T>>): Promise<readonly T[]> {
  const items: T[] = [];
  let next: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const answer = await ask(next ? { NextToken: next } : {});
    items.push(...answer.items);
    if (!answer.next) return items;
    next = answer.next;
  }
  throw new FailureError(MALFORMED_ANSWER);
}

/** An empty list is an answer; no list at all is what the SDK makes of an empty body or somebody else's XML. */
function present<T>(items: readonly T[] | undefined): readonly T[] {
  if (!items) throw new FailureError(MALFORMED_ANSWER);
  return items;
}

/** By ID, each once: EC2 promises no order, and pages may overlap. */
function inOrder<T>(items: readonly T[], id: (item: T) => string): readonly T[] {
  const byId = new Map(items.map((item) => [id(item), item]));
  return [...byId.values()].sort((a, b) => (id(a) < id(b) ? -1 : 1));
}
