/** An AWS account that moto plays on loopback: a second implementation, which knows nothing of us. */

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { EC2Client } from "@aws-sdk/client-ec2";

export interface Moto {
  readonly url: string;
  /** What any AWS client needs to talk to it. */
  readonly env: Readonly<Record<string, string>>;
  readonly ec2: EC2Client;
  /** From now on EC2 refuses this call, until what this gives is called. */
  readonly refuse: (action: string, code: string, message: string) => () => void;
  /** Says that Ubuntu's newest images are new ones, as Canonical does every few weeks; once, there are no more. */
  readonly newImages: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The account's number in moto. */
export const ACCOUNT = "123456789012";

/** Ubuntu's architectures as EC2 and as Canonical's parameters call them. */
const ARCHITECTURES = [
  ["arm64", "arm64"],
  ["x86_64", "amd64"],
] as const;
/** The older and the newer image of each; an image that is registered in moto has no architecture. */
const imageId = (architecture: string, age: number) =>
  `ami-${age}${architecture === "arm64" ? "a" : "b"}${"0".repeat(15)}`;
const IMAGES = ARCHITECTURES.flatMap(([architecture]) =>
  [1, 2].map((age) => ({
    ami_id: imageId(architecture, age),
    name: `ubuntu-${architecture}-${age}`,
    description: "Ubuntu 24.04",
    owner_id: "099720109477",
    public: true,
    virtualization_type: "hvm",
    architecture,
    state: "available",
    platform: null,
    image_type: "machine",
    hypervisor: "xen",
    root_device_name: "/dev/sda1",
    root_device_type: "ebs",
    sriov: "simple",
    tags: {},
  })),
);

/** Starts an empty account on a free port. */
export async function startMoto(): Promise<Moto> {
  const folder = await mkdtemp(join(tmpdir(), "moto-"));
  const images = join(folder, "images.json");
  await writeFile(images, JSON.stringify(IMAGES));
  const child = spawn("moto_server", ["-H", "127.0.0.1", "-p", "0"], {
    env: { ...process.env, MOTO_IAM_LOAD_MANAGED_POLICIES: "true", MOTO_AMIS_PATH: images },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said: string[] = [];
  const behind = await new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`moto_server ended: ${said.join("\n")}`)));
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (said.length < 50) said.push(line);
      const [, found] = /Running on (http:\S+)/.exec(line) ?? [];
      if (found) resolve(found);
    });
  });
  const door = await openDoor(behind);
  const { url } = door;
  const env = {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: "AKIAMOTOMOTOMOTOMOTO",
    AWS_SECRET_ACCESS_KEY: "moto",
    AWS_REGION: "us-west-1",
    AWS_DEFAULT_REGION: "us-west-1",
    AWS_EC2_METADATA_DISABLED: "true",
    // moto answers 500 to what it does not know, and clients would try that for minutes.
    AWS_MAX_ATTEMPTS: "2",
  };
  const ec2 = new EC2Client({
    endpoint: url,
    region: "us-west-1",
    credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY },
  });
  let age = 0;
  const newImages = async () => {
    age += 1;
    for (const [architecture, canonical] of ARCHITECTURES) {
      const Name = `/service/canonical/ubuntu/server/24.04/stable/current/${canonical}/hvm/ebs-gp3/ami-id`;
      const Value = imageId(architecture, age);
      await post(url, "AmazonSSM.PutParameter", "ssm", { Name, Value, Type: "String", Overwrite: true });
    }
  };
  await newImages();
  return {
    url,
    env,
    ec2,
    newImages,
    refuse: door.refuse,
    stop: async () => {
      ec2.destroy();
      await door.stop();
      child.removeAllListeners("exit");
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Before moto: hands on all but what EC2 is to refuse, in EC2's own form. */
async function openDoor(behind: string) {
  const refused = new Map<string, { readonly code: string; readonly message: string }>();
  const { hostname, port } = new URL(behind);
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const action = /^Action=(\w+)/.exec(body.toString("latin1", 0, 100))?.[1] ?? "";
    const refusal = refused.get(action);
    if (refusal) {
      const { code, message } = refusal;
      outgoing.writeHead(code.startsWith("Insufficient") ? 500 : 400, { "content-type": "text/xml" });
      outgoing.end(
        `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>1</RequestID></Response>`,
      );
      return;
    }
    const { method, headers, url: path } = incoming;
    const call = request({ hostname, port, method, headers, path }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    call.on("error", () => outgoing.destroy());
    call.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refuse: (action: string, code: string, message: string) => {
      refused.set(action, { code, message });
      return () => void refused.delete(action);
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A call of an AWS JSON service that no client of ours speaks; moto looks only at whose it is. */
async function post(url: string, target: string, service: string, body: object): Promise<void> {
  const credential = `Credential=AKIAMOTOMOTOMOTOMOTO/20260101/us-west-1/${service}/aws4_request`;
  const answer = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": target,
      authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${target}: ${answer.status} ${await answer.text()}`);
}
