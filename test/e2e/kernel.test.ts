import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { healthyAccount, PERSISTENT } from "../simulator/story.ts";
import { scene, signIn } from "./stage.ts";

it("k builds a kernel; the cockpit is killed in mid-build, and the next one follows it without a key, to its end", async () => {
  const stage = await scene({ latencyScale: 0.05, story: healthyAccount });
  const jobs = join(
    stage.hosts.volumePath(PERSISTENT["fcvm-metal-arm"].volumeId),
    "home/ubuntu/.local/state/snowglobe-kernel/jobs",
  );
  stage.hosts.kernels.hold(true);
  const cockpit = stage.cockpit({ columns: 120, rows: 40 });
  await signIn(cockpit, stage);
  await cockpit.waitFor(/fcvm-metal-arm +running/);
  await cockpit.press("k");
  await cockpit.waitFor("jumpbox builds no kernels");
  await cockpit.press("down", "k");
  await cockpit.waitFor("Build which kernel on fcvm-metal-arm?");
  await cockpit.takesAnswers();
  await cockpit.press("down", "enter");
  await cockpit.waitFor("▸ compile");
  cockpit.kill("SIGKILL");
  await cockpit.exited;

  const again = stage.cockpit({ columns: 120, rows: 40 });
  await again.waitFor(/Build a guest kernel on fcvm-metal-arm.*compil/i);
  await again.press("q");
  await again.waitFor("1 build will go on without the cockpit");
  await again.press("escape", "v");
  await again.waitFor("▸ compile");
  stage.hosts.kernels.hold(false);
  await again.waitFor("The guest kernel was built on fcvm-metal-arm");
  const [job, ...others] = readdirSync(jobs);
  expect(others).toEqual([]);
  expect(readFileSync(join(jobs, job ?? "", "exit"), "utf8")).toMatch(/^0\n *\n$/);
  await again.press("escape", "q");
  expect((await again.exited).exitCode).toBe(0);
  expect(again.restored()).toBe(true);
});
