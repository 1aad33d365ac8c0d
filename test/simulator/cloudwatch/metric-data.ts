/** GetMetricData for the CPUUtilization of instances: samples gathered into periods. */

import type { Account } from "../ec2/account.ts";
import { type Form, flagAt, listAt, numberAt, textAt } from "../wire/form.ts";
import { type CpuBook, SAMPLE } from "./cpu.ts";

interface MetricDataResult {
  readonly Id: string;
  readonly Label: string;
  readonly Timestamps: readonly Date[];
  readonly Values: readonly number[];
  readonly StatusCode: "Complete";
}

/** What is wrong with the parameters, for the service to word as an error. */
export class BadMetricQuery {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

const STATISTICS: Readonly<Record<string, (samples: readonly number[]) => number>> = {
  Maximum: (samples) => Math.max(...samples),
  Minimum: (samples) => Math.min(...samples),
  Average: (samples) => samples.reduce((sum, one) => sum + one, 0) / samples.length,
  Sum: (samples) => samples.reduce((sum, one) => sum + one, 0),
  SampleCount: (samples) => samples.length,
};

/** Answers the parameters in `form`. Throws BadMetricQuery. Periods begin at StartTime, rounded down to the minute, as CloudWatch has it. */
export function metricData(account: Account, cpu: CpuBook, form: Form, now: number): readonly MetricDataResult[] {
  const start = Math.floor(timeAt(form, "StartTime") / 60_000) * 60_000;
  const end = timeAt(form, "EndTime");
  if (!(start < end)) throw new BadMetricQuery("The parameter StartTime must be less than the parameter EndTime.");
  const ascending = textAt(form, "ScanBy") === "TimestampAscending";
  return listAt(form, "MetricDataQueries")
    .filter((query) => flagAt(query, "ReturnData") !== false)
    .map((query) => {
      const points = series(account, cpu, query, start, end, now);
      if (!ascending) points.reverse();
      return {
        Id: textAt(query, "Id") ?? "",
        Label: textAt(query, "Label") ?? textAt(query, "MetricStat.Metric.MetricName") ?? "",
        Timestamps: points.map((point) => new Date(point.at)),
        Values: points.map((point) => point.value),
        StatusCode: "Complete",
      };
    });
}

function series(account: Account, cpu: CpuBook, query: Form, start: number, end: number, now: number) {
  if (textAt(query, "Expression")) throw new BadMetricQuery("This simulator does no metric math.");
  const metric = "MetricStat.Metric";
  const period = (numberAt(query, "MetricStat.Period") ?? 0) * 1000;
  const statistic = STATISTICS[textAt(query, "MetricStat.Stat") ?? ""];
  if (!statistic) throw new BadMetricQuery("The parameter MetricStat.Stat is not a known statistic.");
  if (!(period >= 60_000) || period % 60_000 !== 0) {
    throw new BadMetricQuery("The parameter MetricStat.Period must be a multiple of 60.");
  }
  const known =
    textAt(query, `${metric}.Namespace`) === "AWS/EC2" && textAt(query, `${metric}.MetricName`) === "CPUUtilization";
  const dimensions = listAt(query, `${metric}.Dimensions`);
  const instanceId = dimensions.length === 1 && dimensions[0] && textAt(dimensions[0], "Value");
  const points: { readonly at: number; readonly value: number }[] = [];
  if (!known || !instanceId) return points;
  for (let from = start; from < end; from += period) {
    const samples: number[] = [];
    // A sample is there once its five minutes are over.
    for (let at = Math.ceil(from / SAMPLE) * SAMPLE; at < from + period && at + SAMPLE <= now; at += SAMPLE) {
      const sample = cpu.sample(account, instanceId, at);
      if (sample !== undefined) samples.push(sample);
    }
    if (samples.length > 0) points.push({ at: from, value: statistic(samples) });
  }
  return points;
}

/** Query sends ISO times, JSON seconds since the epoch. */
function timeAt(form: Form, name: string): number {
  const text = textAt(form, name) ?? textAt(form, `${name}.value`) ?? "";
  return /^[\d.eE+-]+$/.test(text) && !text.includes("T") ? Number(text) * 1000 : Date.parse(text);
}
