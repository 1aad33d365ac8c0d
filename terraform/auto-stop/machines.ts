/** What EC2 and CloudWatch know of the dev servers. */

import { type CloudWatchClient, type MetricDataResult, paginateGetMetricData } from "@aws-sdk/client-cloudwatch";
import { type EC2Client, type Instance, paginateDescribeInstances } from "@aws-sdk/client-ec2";
import { type History, HOUR } from "./rule.ts";

/** The instances of these IDs that exist. By filter, because naming an ID that is gone fails the call for all the others. */
export async function findInstances(ec2: EC2Client, ids: readonly string[]): Promise<Instance[]> {
  const found: Instance[] = [];
  const pages = paginateDescribeInstances({ client: ec2 }, { Filters: [{ Name: "instance-id", Values: [...ids] }] });
  for await (const page of pages) {
    for (const reservation of page.Reservations ?? []) found.push(...(reservation.Instances ?? []));
  }
  return found;
}

/** The instance's figures since its launch, `idleHours` whole hours back at most. */
export async function readHistory(
  cloudwatch: CloudWatchClient,
  instance: Instance,
  now: number,
  idleHours: number,
): Promise<History> {
  const launchedAt = instance.LaunchTime?.getTime();
  const from = Math.floor(now / HOUR) * HOUR - idleHours * HOUR;
  const metric = (Id: string, Namespace: string, MetricName: string, Period: number) => ({
    Id,
    MetricStat: {
      Metric: { Namespace, MetricName, Dimensions: [{ Name: "InstanceId", Value: instance.InstanceId }] },
      Period,
      Stat: "Maximum",
    },
  });
  const peaks = new Map<number, number>();
  let busyAt: number | undefined;
  const pages = paginateGetMetricData(
    { client: cloudwatch },
    {
      StartTime: new Date(from),
      EndTime: new Date(now),
      MetricDataQueries: [metric("cpu", "AWS/EC2", "CPUUtilization", 3600), metric("busy", "snowglobe", "Busy", 300)],
    },
  );
  for await (const page of pages) {
    for (const result of page.MetricDataResults ?? []) {
      for (const [at, value] of points(result)) {
        if (result.Id === "cpu") peaks.set(at, Math.max(value, peaks.get(at) ?? 0));
        else if (value > 0) busyAt = Math.max(at, busyAt ?? 0);
      }
    }
  }
  return { state: instance.State?.Name, launchedAt, peaks, busyAt };
}

function points(result: MetricDataResult): (readonly [number, number])[] {
  const values = result.Values ?? [];
  return (result.Timestamps ?? []).flatMap((at, index) => {
    const value = values[index];
    return value === undefined ? [] : [[at.getTime(), value] as const];
  });
}
