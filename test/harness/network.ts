/** What tests of networks need: a port that is free, and a certificate of an authority of its own. */

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Makes ca.pem, and server.key and server.pem for `address`, in the directory, with openssl. */
export function makeCertificates(directory: string, address: string): void {
  const openssl = (words: string, ...more: readonly string[]) =>
    execFileSync("openssl", [...words.split(" "), ...more], { cwd: directory, stdio: "pipe" });
  openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj", "/CN=An authority for tests");
  openssl("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj", `/CN=${address}`);
  writeFileSync(join(directory, "names"), `subjectAltName=IP:${address}\n`);
  const signed = "-CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -days 2";
  openssl(`x509 -req -in server.csr -out server.pem ${signed}`);
}
