/** Proxies and certificates, by what the AWS CLI makes of the same variables. */

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { proxyFor } from "../../../ops/aws/proxy.ts";
import { createOps } from "../../../ops/compose.ts";
import { environmentFrom } from "../../../ops/environment.ts";
import type { Failure } from "../../../ops/failure.ts";
import { invocation } from "../../../ops/terraform/engine.ts";
import { type Simulator, startSimulator } from "../../simulator/simulator.ts";
import { type CompanyNetwork, LACKS, startCompanyNetwork } from "./company-network.ts";

type Env = Readonly<Record<string, string>>;
const run = promisify(execFile);

describe.skipIf(LACKS)(LACKS ? `${LACKS} is not installed` : "a company's network", () => {
  let simulator: Simulator;
  let network: CompanyNetwork;
  beforeAll(async () => {
    simulator = await startSimulator();
    network = await startCompanyNetwork(simulator.url);
  });
  afterAll(async () => {
    network.stop();
    await simulator.stop();
  });

  const envWith = (more: Env): Env => ({
    ...simulator.signedInEnv,
    PATH: process.env.PATH ?? "",
    HOME: network.directory,
    AWS_ENDPOINT_URL: network.endpoint,
    ...more,
  });
  /** What went wrong when we asked who we are and looked; undefined where nothing did. */
  const ours = async (more: Env): Promise<Failure | undefined> => {
    const ops = createOps(environmentFrom(envWith(more)));
    try {
      const state = await ops.signIn.check();
      if (state.status !== "signed-in") return state.status === "signed-out" ? state.failure : undefined;
      expect(Object.keys((await ops.access.look()).machines)).toHaveLength(3);
      return undefined;
    } finally {
      await ops.stop();
    }
  };
  const cli = (more: Env): Promise<boolean> =>
    run("aws", ["sts", "get-caller-identity"], { env: { ...envWith(more), AWS_MAX_ATTEMPTS: "1" } }).then(
      () => true,
      () => false,
    );

  const forms = (): readonly (readonly [what: string, env: Env, byProxy: boolean, code: string | undefined])[] => [
    ["in capitals", { HTTPS_PROXY: `http://${network.proxy}`, AWS_CA_BUNDLE: network.ca }, true, undefined],
    [
      "small letters first, without http://, with a password",
      { https_proxy: `me:secret@${network.guarded}`, HTTPS_PROXY: network.dead, REQUESTS_CA_BUNDLE: network.ca },
      true,
      undefined,
    ],
    [
      "NO_PROXY",
      {
        HTTPS_PROXY: network.dead,
        NO_PROXY: "example.org, .0.0.1",
        AWS_CA_BUNDLE: network.ca,
        REQUESTS_CA_BUNDLE: "/none",
      },
      false,
      undefined,
    ],
    ["nobody at the proxy", { HTTPS_PROXY: network.dead, AWS_CA_BUNDLE: network.ca }, false, "PROXY_SILENT"],
    ["no password", { HTTPS_PROXY: network.guarded, AWS_CA_BUNDLE: network.ca }, false, "PROXY_407"],
    ["no certificate", { HTTPS_PROXY: network.proxy }, true, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["no such file", { AWS_CA_BUNDLE: "/no/such.pem" }, false, "CA_VARIABLE"],
  ];

  it("is got through in each form that the AWS CLI gets through, and told by the variable where neither does", async () => {
    for (const [what, env, byProxy, code] of forms()) {
      const before = network.passed();
      const failure = await ours(env);
      expect([what, failure?.code, network.passed() > before]).toEqual([what, code, byProxy]);
      if (failure) {
        expect([what, failure.sentence + failure.action]).toEqual([
          what,
          expect.stringMatching(code?.startsWith("PROXY") ? /HTTPS_PROXY/ : /AWS_CA_BUNDLE/),
        ]);
      }
    }
    const before = network.passed();
    const got = await Promise.all(forms().map(async ([what, env]) => [what, await cli(env)]));
    expect(got).toEqual(forms().map(([what, , , code]) => [what, code === undefined]));
    expect(network.passed() - before).toBe(forms().filter(([, , byProxy]) => byProxy).length);
  });

  it("takes SSL_CERT_FILE too, and says what is wrong with a file or a proxy by the variable's name", async () => {
    expect(await ours({ SSL_CERT_FILE: network.ca })).toBeUndefined();
    const garbled = join(network.directory, "garbled.pem");
    writeFileSync(garbled, "not a certificate\n");
    expect(await ours({ REQUESTS_CA_BUNDLE: garbled })).toMatchObject({
      sentence: expect.stringMatching(/^REQUESTS_CA_BUNDLE names .*, which holds no certificate/),
    });
    expect(await ours({ https_proxy: "socks5://me:secret@127.0.0.1:1", SSL_CERT_FILE: network.ca })).toMatchObject({
      sentence: "https_proxy names no HTTP proxy: socks5://…@127.0.0.1:1",
    });
  });

  it("is got through by the built program, whose packages are others than the sources'", async () => {
    const env = envWith({ HTTPS_PROXY: `http://${network.proxy}`, AWS_CA_BUNDLE: network.ca, DEBUG: "*" });
    const { stdout, stderr } = await run(process.execPath, ["dist/cli.js", "status"], { env });
    expect(stdout).toMatch(/fcvm-metal-arm +running/);
    expect(stderr).not.toContain(network.proxy);
  });

  it("is handed to the container, with the certificates under a name of its own", async () => {
    const engine = { name: "docker", image: "image" } as const;
    const env = envWith({
      HTTPS_PROXY: `http://me:secret@${network.proxy}`,
      no_proxy: "example.org",
      AWS_CA_BUNDLE: network.ca,
    });
    const call = await invocation(environmentFrom(env), engine, { command: ["terraform"] });
    expect(call.env).toMatchObject({
      HTTPS_PROXY: `http://me:secret@${network.proxy}/`,
      no_proxy: "example.org",
      AWS_CA_BUNDLE: "/snowglobe/certificates.pem",
      SSL_CERT_FILE: "/snowglobe/certificates.pem",
    });
    const words = call.args.join(" ");
    expect(words).toContain(`--volume ${network.ca}:/snowglobe/certificates.pem:ro`);
    expect(words).toContain("--env HTTPS_PROXY ");
    expect(words).not.toContain("secret");
    if (process.platform === "linux") expect(words).toContain("--network host");
  });
});

it.each<[Env, { secure: boolean; host: string; port: number }, string | undefined]>([
  [{}, { secure: true, host: "a.b", port: 443 }, undefined],
  [{ HTTPS_PROXY: "p:1" }, { secure: true, host: "a.b", port: 443 }, "p:1"],
  [{ HTTPS_PROXY: "p:1" }, { secure: false, host: "a.b", port: 80 }, undefined],
  [{ HTTPS_PROXY: "p:1", https_proxy: "" }, { secure: true, host: "a.b", port: 443 }, undefined],
  [{ HTTP_PROXY: "//p:1" }, { secure: false, host: "a.b", port: 80 }, "p:1"],
  [{ HTTPS_PROXY: "p:1", NO_PROXY: "*" }, { secure: true, host: "a.b", port: 443 }, undefined],
  [{ HTTPS_PROXY: "p:1", NO_PROXY: "x,*" }, { secure: true, host: "a.b", port: 443 }, "p:1"],
  [{ HTTPS_PROXY: "p:1", NO_PROXY: ".B" }, { secure: true, host: "a.b", port: 443 }, undefined],
  [{ HTTPS_PROXY: "p:1", NO_PROXY: "b:443" }, { secure: true, host: "a.b", port: 443 }, undefined],
  [{ HTTPS_PROXY: "p:1", NO_PROXY: "xb" }, { secure: true, host: "a.b", port: 443 }, "p:1"],
  [{ HTTPS_PROXY: "p:1", NO_PROXY: "b", no_proxy: "c" }, { secure: true, host: "a.b", port: 443 }, "p:1"],
])("a proxy is chosen as Python's urllib does, by %j to %j", (env, to, host) => {
  const found = proxyFor(env, to);
  expect(found && "proxy" in found ? found.proxy.url.host : undefined).toBe(host);
});
