// Bundles the Lambda into one file; the AWS SDK comes with its runtime.
import { join } from "node:path";
import { build } from "esbuild";

export async function buildAutoStop(outdir = join(import.meta.dirname, "dist")) {
  await build({
    entryPoints: { index: join(import.meta.dirname, "handler.ts") },
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node24",
    external: ["@aws-sdk/*"],
    logLevel: "warning",
  });
}
