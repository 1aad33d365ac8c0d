/** A company's network on loopback: a real forward proxy (tinyproxy), and an account behind certificates of the company's own. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { waitUntil } from "../../harness/grid.ts";
import { freePort, makeCertificates } from "../../harness/network.ts";

/** What is not installed here; undefined where all is. */
export const LACKS = (["tinyproxy", "openssl", "aws"] as const).find(
  (name) => spawnSync(name, [name === "tinyproxy" ? "-v" : name === "aws" ? "--version" : "version"]).error,
);

export interface CompanyNetwork {
  readonly directory: string;
  /** The certificate of the company's authority. */
  readonly ca: string;
  /** The account over TLS. */
  readonly endpoint: string;
  /** `host:port` of the proxy that lets everybody through, and of the one that wants `me` with `secret`. */
  readonly proxy: string;
  readonly guarded: string;
  /** A port at which nobody listens. */
  readonly dead: string;
  /** How often either proxy opened a way to the account. */
  readonly passed: () => number;
  readonly stop: () => void;
}

/** @param account the URL of a simulated account, which is then to be had over TLS too */
export async function startCompanyNetwork(account: string): Promise<CompanyNetwork> {
  const directory = mkdtempSync(join(tmpdir(), "snowglobe-company-"));
  const at = (name: string) => join(directory, name);
  makeCertificates(directory, "127.0.0.1");

  const { hostname, port } = new URL(account);
  const certificate = { key: readFileSync(at("server.key")), cert: readFileSync(at("server.pem")) };
  const front = createTlsServer(certificate, (socket) => {
    const behind = connect(Number(port), hostname);
    socket.pipe(behind).pipe(socket);
    for (const one of [socket, behind]) one.on("error", () => [socket, behind].forEach((both) => void both.destroy()));
  });
  front.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));

  const proxies: ChildProcess[] = [];
  const startProxy = async (name: string, more: string) => {
    const its = await freePort();
    const log = `LogFile "${at(`${name}.log`)}"\nLogLevel Connect\n`;
    writeFileSync(at(`${name}.conf`), `Port ${its}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\n${log}${more}`);
    proxies.push(spawn("tinyproxy", ["-d", "-c", at(`${name}.conf`)], { stdio: "ignore" }));
    await waitUntil(() => answers(its));
    return `127.0.0.1:${its}`;
  };
  const proxy = await startProxy("open", "");
  const guarded = await startProxy("guarded", "BasicAuth me secret\n");
  const said = () => ["open", "guarded"].map((name) => readFileSync(at(`${name}.log`), "utf8")).join("");
  return {
    directory,
    ca: at("ca.pem"),
    endpoint: `https://127.0.0.1:${(front.address() as AddressInfo).port}`,
    proxy,
    guarded,
    dead: `127.0.0.1:${await freePort()}`,
    passed: () => said().match(/Established connection to host/g)?.length ?? 0,
    stop: () => {
      for (const one of proxies) one.kill("SIGKILL");
      front.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
