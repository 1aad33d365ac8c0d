/** Terraform's registry on loopback behind a proxy that lets through, or does not: what `init` meets on the way to its providers. */

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { crc32 } from "node:zlib";

/** Which of the programs that it is made with is not here. */
export const REGISTRY_LACKS = ["openssl version", "gpg --version"].find(
  (one) => spawnSync("sh", ["-c", one]).status !== 0,
);

const HOST = "registry.terraform.io";
const VERSION = "5.100.0";

interface Registry {
  /** What Terraform's environment needs, so that it comes here. */
  readonly env: Readonly<Record<string, string>>;
  /** What the proxy answers from now on in place of a tunnel: a status; undefined: it lets through. */
  readonly refuse: (status: number | undefined) => void;
  readonly stop: () => Promise<void>;
}

/** The registry protocol (developer.hashicorp.com/terraform/internals/provider-registry-protocol), with one provider in it. */
export async function startRegistry(folder: string): Promise<Registry> {
  mkdirSync(folder);
  const [key, certificate, home] = ["key.pem", "certificate.pem", "gnupg"].map((one) => join(folder, one)) as [
    string,
    string,
    string,
  ];
  const made = { stdio: "ignore" } as const;
  const asking = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=${HOST}`.split(" ");
  const names = ["-addext", `subjectAltName=DNS:${HOST}`, "-keyout", key, "-out", certificate];
  execFileSync("openssl", [...asking, ...names], made);
  mkdirSync(home, { mode: 0o700 });
  const gpg = (...words: string[]) =>
    execFileSync("gpg", ["--homedir", home, "--batch", "--passphrase", "", ...words], {
      stdio: ["ignore", "pipe", "ignore"],
    });
  gpg("--quick-gen-key", "registry", "rsa2048", "sign");
  const [platform, architecture] = [process.platform, process.arch === "x64" ? "amd64" : process.arch];
  const file = `terraform-provider-aws_${VERSION}_${platform}_${architecture}.zip`;
  const archive = zipOf(`terraform-provider-aws_v${VERSION}`, Buffer.from("#!/bin/sh\n"));
  const shasum = createHash("sha256").update(archive).digest("hex");
  const sums = join(folder, "SHA256SUMS");
  writeFileSync(sums, `${shasum}  ${file}\n`);
  gpg("--detach-sign", sums);
  const at = (path: string) => `https://${HOST}/files/${path}`;
  const download = {
    ...{ protocols: ["5.0"], os: platform, arch: architecture, filename: file, shasum },
    ...{ download_url: at("zip"), shasums_url: at("sums"), shasums_signature_url: at("sig") },
    signing_keys: { gpg_public_keys: [{ key_id: "1", ascii_armor: gpg("--armor", "--export").toString() }] },
  };
  const aws = "/v1/providers/hashicorp/aws";
  const answers: Readonly<Record<string, Buffer | object>> = {
    "/.well-known/terraform.json": { "providers.v1": "/v1/providers/" },
    [`${aws}/versions`]: {
      versions: [{ version: VERSION, protocols: ["5.0"], platforms: [{ os: platform, arch: architecture }] }],
    },
    [`${aws}/${VERSION}/download/${platform}/${architecture}`]: download,
    "/files/zip": archive,
    "/files/sums": readFileSync(sums),
    "/files/sig": readFileSync(`${sums}.sig`),
  };
  const tls = { key: readFileSync(key), cert: readFileSync(certificate) };
  const server = createSecureServer(tls, ({ url = "" }, response) => {
    const answer = answers[url];
    if (!answer) response.writeHead(404).end();
    else
      response
        .setHeader("content-type", "application/json")
        .end(Buffer.isBuffer(answer) ? answer : JSON.stringify(answer));
  });
  let refused: number | undefined;
  const proxy = createServer().on("connect", (_, socket) => {
    socket.on("error", () => {});
    if (refused !== undefined) {
      const words = refused === 407 ? "Proxy Authentication Required" : "Forbidden";
      socket.end(`HTTP/1.1 ${refused} ${words}\r\n\r\n`);
      return;
    }
    const through = connect((server.address() as AddressInfo).port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      through.pipe(socket).pipe(through);
    }).on("error", () => socket.destroy());
  });
  for (const one of [server, proxy]) await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
  return {
    env: {
      HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      SSL_CERT_FILE: certificate,
      // Nothing but this registry, whatever mirrors this machine has.
      TF_CLI_CONFIG_FILE: "/dev/null",
    },
    refuse: (status) => {
      refused = status;
    },
    stop: async () => {
      spawnSync("gpgconf", ["--homedir", home, "--kill", "all"]);
      server.closeAllConnections();
      proxy.closeAllConnections();
      for (const one of [server, proxy]) await new Promise((resolve) => one.close(resolve));
    },
  };
}

/** A ZIP archive of one program, stored as it is (PKWARE's APPNOTE, 4.3). */
function zipOf(name: string, content: Buffer): Buffer {
  const about = Buffer.alloc(26);
  about.writeUInt16LE(20, 0);
  about.writeUInt32LE(crc32(content), 10);
  about.writeUInt32LE(content.length, 14);
  about.writeUInt32LE(content.length, 18);
  about.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from("PK\x03\x04"), about, Buffer.from(name), content]);
  const end = Buffer.alloc(14);
  end.writeUInt32LE(0o100755 * 0x10000, 6);
  // Made on Unix, where a program's mode counts.
  const central = Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([20, 3]), about, end, Buffer.from(name)]);
  const last = Buffer.alloc(18);
  last.writeUInt16LE(1, 4);
  last.writeUInt16LE(1, 6);
  last.writeUInt32LE(central.length, 8);
  last.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, central, Buffer.from("PK\x05\x06"), last]);
}
