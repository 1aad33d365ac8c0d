// Bundles the cockpit, the command line and the simulator into dist/. Make runs it when a source is newer.
import { copyFile, readFile, rm } from "node:fs/promises";
import { build } from "esbuild";
import { buildAutoStop } from "./terraform/auto-stop/build.mjs";

const entryPoints = {
  cockpit: "tui/main.ts",
  cli: "ops/cli.ts",
  simulator: "test/simulator/main.ts",
  demo: "test/simulator/demo.ts",
  engine: "test/simulator/engine/main.ts",
};

/**
 * Yoga fetches its own WebAssembly from a data: address, for which Node loads its whole HTTP client: 37 ms of a first frame.
 * Where there is no fetch it decodes the same text by itself; here it is told that there is none.
 */
const yogaWithoutFetch = {
  name: "yoga-without-fetch",
  setup: ({ onLoad }) => {
    onLoad({ filter: /yoga-wasm-base64-esm\.js$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const contents = source.replaceAll('"function"!=typeof fetch', "true");
      if (contents === source) throw new Error("Yoga loads its WebAssembly in another way now.");
      return { contents };
    });
  },
};

/**
 * A CommonJS package that is imported when it is needed gives nothing but `default` in the bundle, and its names only in
 * the tests: whoever takes a name of one would find it undefined, in the built program alone.
 */
async function checkLazyImports({ inputs }) {
  for (const [path, { imports }] of Object.entries(inputs)) {
    const lazy = imports.filter((one) => one.kind === "dynamic-import" && inputs[one.path]?.format === "cjs");
    for (const { original } of lazy) {
      const source = await readFile(path, "utf8");
      const uses = source.split(`import("${original}")`).slice(0, -1);
      if (uses.length === 0 || !uses.every((before) => /\{ default: \w+ \} = await $/.test(before))) {
        throw new Error(`${path}: ${original} is CommonJS: const { default: name } = await import("${original}")`);
      }
    }
  }
}

await rm("dist", { recursive: true, force: true });
const { metafile } = await build({
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
  plugins: [yogaWithoutFetch],
  alias: { "react-devtools-core": "./tui/no-devtools.ts", debug: "./ops/aws/no-debug.ts" },
  // What CommonJS packages expect to find; write-file-atomic names its temporary files after its own.
  banner: {
    js: [
      'import { createRequire as __createRequire } from "node:module";',
      "const require = __createRequire(import.meta.url), __filename = import.meta.filename;",
    ].join(" "),
  },
  logLevel: "warning",
  metafile: true,
});
await checkLazyImports(metafile);
// Runs on the machines, and is read beside whoever sends it (ops/ssh/holder.ts).
for (const name of ["held-log.py", "held-shell.py", "held-client.py"])
  await copyFile(`ops/ssh/${name}`, `dist/${name}`);

await buildAutoStop();
