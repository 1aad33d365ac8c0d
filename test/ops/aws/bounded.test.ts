/** Answers that never end, and answers that are too large, by real HTTP and the real SDK. */

import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { DescribeVolumesCommand } from "@aws-sdk/client-ec2";
import { afterEach, expect, it } from "vitest";
import { bounded } from "../../../ops/aws/bounded.ts";
import { createAwsClients } from "../../../ops/aws/clients.ts";
import { explain } from "../../../ops/aws/errors.ts";
import { systemClock } from "../../../ops/clock.ts";
import { environmentFrom } from "../../../ops/environment.ts";
import { fakeSignIn } from "../fake-sign-in.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** How EC2's answer is explained where its body is what `write` makes of it. */
async function answered(write: (response: ServerResponse) => void) {
  server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/xml" });
    write(response);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const environment = environmentFrom({ HOME: "/nowhere", AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` });
  const clients = createAwsClients(environment, systemClock, fakeSignIn());
  try {
    await (await clients.acting.ec2()).send(new DescribeVolumesCommand({}));
    return undefined;
  } catch (error) {
    return explain(error);
  } finally {
    clients.stop();
  }
}

it("ends an answer that trickles, with a sentence, although something always comes", async () => {
  let timer: NodeJS.Timeout | undefined;
  const failure = await answered((response) => {
    timer = setInterval(() => response.write(" "), 100);
  });
  clearInterval(timer);
  expect(failure).toMatchObject({ kind: "offline", sentence: expect.stringContaining("did not come to its end") });
});

it("reads no answer of 50 MB", async () => {
  let written = 0;
  const failure = await answered((response) => {
    const chunk = Buffer.alloc(64 * 1024, "x");
    const more = () => {
      while (written < 50 * 1024 * 1024 && !response.destroyed) {
        written += chunk.length;
        if (!response.write(chunk)) return response.once("drain", more);
      }
      return response.end();
    };
    more();
  });
  expect(failure).toMatchObject({ code: "TOO_LARGE" });
  expect(written).toBeLessThan(50 * 1024 * 1024);
});

it("gives every byte of what is within bounds, and hands on what broke the source", async () => {
  expect((await buffer(bounded(Readable.from([Buffer.from("one "), Buffer.from("two")]), 60_000))).toString()).toBe(
    "one two",
  );
  const source = new PassThrough();
  const read = buffer(bounded(source, 60_000));
  source.destroy(new Error("reset"));
  await expect(read).rejects.toThrow("reset");
});
