import { expect, it } from "vitest";
import { living } from "../simulator/engine/configuration.ts";
import { scene, signIn } from "./stage.ts";

it("a: plans, shows what is dangerous, applies after the name is typed, and offers the swap", async () => {
  const stage = await scene({ latencyScale: 0.02 });
  const cockpit = stage.cockpit({ columns: 110, rows: 36 });
  await signIn(cockpit, stage);
  await cockpit.waitFor("running on a throw-away root");
  const before = living(stage.simulator.account(), "fcvm-metal-x86")?.id;
  await cockpit.press("a");
  await cockpit.waitFor("▲ DANGEROUS", 30_000);
  await cockpit.waitFor("± 2 to replace");
  await cockpit.press("e");
  await cockpit.waitFor("source_code_hash");
  await cockpit.press("a");
  await cockpit.waitFor("Type fcvm-metal-x86");
  await cockpit.press(..."fcvm-metal-x86");
  await cockpit.press("enter");
  await cockpit.waitFor(/destroying +aws_instance\.fcvm_metal_x86|creating +aws_instance\.fcvm_metal_x86/, 30_000);
  await cockpit.waitFor("fcvm-metal-x86 was recreated", 60_000);
  await cockpit.waitFor("Press s, or run make swap-x86");
  expect(living(stage.simulator.account(), "fcvm-metal-x86")?.id).not.toBe(before);
  await cockpit.press("escape");
  await cockpit.waitFor("fcvm-metal-x86");
  await cockpit.press("q");
  expect((await cockpit.exited).exitCode).toBe(0);
  expect(cockpit.scrolledAway()).toBe(0);
});
