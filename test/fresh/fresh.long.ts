import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FreshRoot, makeRoot, whyNoRoot } from "./root.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
/** What the README asks for. */
const PACKAGES = ["make", "npm", "git", "openssh-client"];
const MINUTE = 60_000;

const lacks = whyNoRoot();

describe.skipIf(lacks)(`a bare Debian with ${PACKAGES.join(", ")}${lacks ? ` (${lacks})` : ""}`, () => {
  let directory = "";
  let root: FreshRoot;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "snowglobe-fresh-"));
    root = await makeRoot(directory, PACKAGES);
    const clone = root.person(`git clone --quiet ${await root.serve(REPOSITORY)} snowglobe`);
    expect((await clone.exited).exitCode, clone.text()).toBe(0);
  }, 10 * MINUTE);

  afterAll(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }), 2 * MINUTE);

  it("lists the targets before anything is installed", async () => {
    const help = root.person("cd snowglobe && make help && ls -A");
    expect((await help.exited).exitCode).toBe(0);
    for (const target of ["make tui", "make demo", "make test"]) expect(help.written()).toContain(target);
    expect(help.written()).not.toContain("node_modules");
  });

  it("make demo: installs, builds, and is at a machine's prompt and back", { timeout: 8 * MINUTE }, async () => {
    const demo = root.person("cd snowglobe && make demo");
    const over = demo.exited.then(({ exitCode }) => {
      throw new Error(`it ended with status ${exitCode}:\n${demo.text()}`);
    });
    over.catch(() => {});
    await Promise.race([over, demo.waitFor("Press l to sign in", 7 * MINUTE)]);
    for (const name of ["jumpbox", "fcvm-metal-arm", "fcvm-metal-x86"]) expect(demo.text()).toContain(name);
    expect(demo.text()).toContain("stored 9 h ago");
    await demo.press("l");
    await demo.waitFor("running on a temporary disk", MINUTE);
    await demo.press("up", "enter");
    await demo.waitFor("ubuntu@jumpbox:~$", MINUTE);
    demo.write("exit\r");
    await demo.waitFor("Enter ssh", MINUTE);
    await demo.press("q");
    expect((await demo.exited).exitCode).toBe(0);
    expect(demo.restored()).toBe(true);
  });

  it("make tui: tells who never signed in what to press, and asks for what it cannot know", async () => {
    const cockpit = root.person("cd snowglobe && make tui");
    await cockpit.waitFor("Nobody is signed in to AWS. Press l to sign in.", MINUTE);
    await cockpit.press("l");
    await cockpit.waitFor("Start URL of your AWS access portal", MINUTE);
    await cockpit.press("escape");
    await cockpit.waitFor("nobody is signed in", MINUTE);
    await cockpit.press("escape");
    await cockpit.waitFor("q quit");
    await cockpit.press("q");
    expect((await cockpit.exited).exitCode).toBe(0);
    expect(cockpit.restored()).toBe(true);
  });

  it("leaves the clone as it was, but for what git ignores", async () => {
    const status = root.person("cd snowglobe && git status --porcelain && node_modules/.bin/node --version");
    expect((await status.exited).exitCode).toBe(0);
    expect(status.written().trim()).toMatch(/^v24\.\d+\.\d+$/);
  });
});
