/**
 * The Lambda: looks at every dev server, stops the idle ones, and tells by SNS of each stop and of each that failed.
 * A machine that cannot be looked at hides no other: the run goes on and fails at its end, which Lambda reports.
 */

import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { EC2Client, type Instance, StopInstancesCommand } from "@aws-sdk/client-ec2";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { findInstances, readHistory } from "./machines.ts";
import { verdict } from "./rule.ts";

const ec2 = new EC2Client({});
const cloudwatch = new CloudWatchClient({});
const sns = new SNSClient({});

export interface Report {
  readonly instance: string;
  readonly done: "stopped" | "kept" | "failed" | "gone";
  readonly because: string;
}

/** Reads `IDLE_HOURS`, `INSTANCE_IDS` (comma-separated) and `SNS_TOPIC_ARN`. Throws after all are done if any failed. */
export async function handler(): Promise<readonly Report[]> {
  const idleHours = Number(required("IDLE_HOURS"));
  if (!Number.isInteger(idleHours) || idleHours < 1) throw new Error("IDLE_HOURS must be a whole number of hours.");
  const ids = required("INSTANCE_IDS")
    .split(",")
    .map((id) => id.trim())
    .filter((id) => id !== "");
  const topic = required("SNS_TOPIC_ARN");
  const now = Date.now();
  const found = await findInstances(ec2, ids);
  const reports: Report[] = [];
  const failures: unknown[] = [];
  for (const id of ids) {
    const instance = found.find((one) => one.InstanceId === id);
    let report: Report = {
      instance: id,
      done: "gone",
      because: "It no longer exists; the next apply names its successor.",
    };
    try {
      if (instance) report = await look(instance, id, now, idleHours, topic);
    } catch (error) {
      failures.push(error);
      report = { instance: id, done: "failed", because: sentence(error) };
    }
    console.log(JSON.stringify(report));
    reports.push(report);
  }
  if (failures.length > 0) throw new AggregateError(failures, failures.map(sentence).join(" "));
  return reports;
}

async function look(instance: Instance, id: string, now: number, idleHours: number, topic: string): Promise<Report> {
  const { stop, because } = verdict(await readHistory(cloudwatch, instance, now, idleHours), now, idleHours);
  if (!stop) return { instance: id, done: "kept", because };
  const name = instance.Tags?.find((tag) => tag.Key === "Name")?.Value ?? "a dev server";
  try {
    await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  } catch (error) {
    await tell(topic, `snowglobe: ${name} could not be stopped`, [
      `${name} (${id}) is idle, and stopping it failed: ${sentence(error)}`,
      "It goes on costing money. Stop it in the cockpit with p, or look at the Lambda snowglobe-auto-stop.",
    ]);
    throw error;
  }
  await tell(topic, `snowglobe: ${name} was stopped`, [
    `${name} (${id}) was stopped. ${because}`,
    "Start it in the cockpit with p, or with make.",
  ]);
  return { instance: id, done: "stopped", because };
}

/** SNS takes at most 100 ASCII characters without line ends as a subject. */
async function tell(topic: string, subject: string, lines: readonly string[]): Promise<void> {
  const Subject = subject.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 100);
  await sns.send(new PublishCommand({ TopicArn: topic, Subject, Message: lines.join("\n") }));
}

function sentence(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set.`);
  return value;
}
