/** What a machine's serial console shows, as EC2 keeps it. */

import type { EC2Client } from "@aws-sdk/client-ec2";
import { explain } from "./errors.ts";

export interface ConsoleOutput {
  readonly text: string;
  /** When it was last updated, milliseconds since the epoch; absent where EC2 does not say. */
  readonly at: number | undefined;
}

/**
 * Asks for it over the signed API: nobody between us and the machine can change it. `Latest` shows what there is now
 * instead of what AWS kept after the last reboot; Nitro machines have it (EC2 API reference, GetConsoleOutput), and one
 * that has not is asked without. Throws what the SDK throws.
 */
export async function consoleOutput(client: EC2Client, id: string, signal?: AbortSignal): Promise<ConsoleOutput> {
  const { GetConsoleOutputCommand } = await import("./ec2-sdk.ts");
  const options = signal ? { abortSignal: signal } : {};
  const ask = (Latest: boolean) => client.send(new GetConsoleOutputCommand({ InstanceId: id, Latest }), options);
  const { Output = "", Timestamp } = await ask(true).catch((error: unknown) => {
    if (explain(error).code !== "UnsupportedOperation") throw error;
    return ask(false);
  });
  return { text: Buffer.from(Output, "base64").toString("utf8"), at: Timestamp?.getTime() };
}
