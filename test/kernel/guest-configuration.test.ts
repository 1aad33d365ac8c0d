/** Our guest configurations against what Firecracker and fcvm ask for: each option is there, brought along, or refused by name. */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ASKED, BROUGHT, DIFFERENT } from "./asked-of-guests.ts";
import { ROOT } from "./publish.ts";

const fragment = (name: string) => readFileSync(join(ROOT, "kernel/config", `${name}.config`), "utf8");
const options = (text: string) => new Set([...text.matchAll(/^CONFIG_(\w+)=y$/gm)].map(([, name = ""]) => name));
const reason = (architecture: string, option: string) =>
  DIFFERENT[`${architecture}:${option}`] ?? DIFFERENT[option] ?? BROUGHT[option];

test.each(["arm64", "x86"] as const)("the %s guest has what is asked of it, or says why not", (architecture) => {
  const ours = options(fragment("guest") + fragment(`guest-${architecture}`));
  const lacking = ASKED.filter((one) => one.architectures.includes(architecture)).flatMap(({ by, options: asked }) =>
    asked.filter((option) => !ours.has(option) && !reason(architecture, option)).map((option) => `${by}: ${option}`),
  );
  expect(lacking).toEqual([]);
});

test("no difference is named that is none", () => {
  const asked = new Map(ASKED.flatMap(({ options: all, architectures }) => all.map((one) => [one, architectures])));
  for (const name of [...Object.keys(DIFFERENT), ...Object.keys(BROUGHT)]) {
    const [option = "", architecture] = name.split(":").toReversed();
    expect([name, asked.has(option)]).toEqual([name, true]);
    for (const one of architecture ? [architecture] : (asked.get(option) ?? [])) {
      const ours = options(fragment("guest") + fragment(`guest-${one}`));
      expect([name, one, ours.has(option)]).toEqual([name, one, false]);
    }
  }
});

test("what the comments promise is in them: shared images by pmem, clones that do not share their random state", () => {
  const ours = options(fragment("guest"));
  for (const one of ["VIRTIO_PMEM", "BLK_DEV_PMEM", "FS_DAX", "VIRT_DRIVERS", "VMGENID", "INET_DIAG_DESTROY"])
    expect(ours).toContain(one);
  expect(options(fragment("host"))).toContain("NETFILTER_XTABLES_LEGACY");
});

// What make test-kernel keeps. Its sources are real, and so is the configuration that they made of ours.
const kept = (architecture: string) =>
  join(
    process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
    `snowglobe-test-kernel/root/build/guest-${architecture}/linux-6.18.3`,
  );
describe.each(["arm64", "x86"])("the real tree of make test-kernel", (architecture) => {
  const tree = kept(architecture);
  const lacking = existsSync(join(tree, ".config")) ? "" : " (skipped: it is not here)";
  test.skipIf(lacking)(`${architecture}: its configuration has every option that is asked of it${lacking}`, () => {
    const script =
      'source "$1/lib/configure.sh"; lost_options <(cat "$1/config/guest.config" "$1/config/guest-$2.config") "$3/.config"';
    const lost = spawnSync("bash", ["-euc", script, "", join(ROOT, "kernel"), architecture, tree], {
      encoding: "utf8",
    });
    expect([lost.stdout, lost.stderr]).toEqual(["", ""]);
    const real = options(readFileSync(join(tree, ".config"), "utf8"));
    for (const option of ASKED.filter((one) => one.architectures.some((each) => each === architecture)).flatMap(
      (one) => one.options,
    )) {
      const different = DIFFERENT[`${architecture}:${option}`] ?? DIFFERENT[option];
      expect([option, real.has(option) || different !== undefined]).toEqual([option, true]);
    }
  });
});
