// Bundles the cockpit, the command line and the simulator into dist/. Make runs it when a source is newer.
import { rm } from "node:fs/promises";
import { build } from "esbuild";
import { buildAutoStop } from "./terraform/auto-stop/build.mjs";

const entryPoints = {
  cockpit: "tui/main.tsx",
  cli: "ops/cli.ts",
  simulator: "test/simulator/main.ts",
  demo: "test/simulator/demo.ts",
  engine: "test/simulator/engine/main.ts",
};

await rm("dist", { recursive: true, force: true });
await build({
  entryPoints,
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  // ES modules where a package has them: only what is used ends up in the bundle.
  mainFields: ["module", "main"],
  target: "node24",
  minify: true,
  keepNames: true,
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
  // Native or needing its own files at run time.
  external: ["node-pty", "ssh2", "cpu-features"],
  alias: { "react-devtools-core": "./tui/no-devtools.ts" },
  // What CommonJS packages expect to find; write-file-atomic names its temporary files after its own.
  banner: {
    js: [
      'import { createRequire as __createRequire } from "node:module";',
      "const require = __createRequire(import.meta.url), __filename = import.meta.filename;",
    ].join(" "),
  },
  logLevel: "warning",
});

await buildAutoStop();
