import { expect, test } from "vitest";
import { readConfiguration } from "../../terraform/hcl.ts";
import { ADDRESSES } from "./configuration.ts";

test("the demo's state has what terraform/ makes, and nothing else", async () => {
  const { resources, outputs } = await readConfiguration();
  const made = Object.entries(resources).flatMap(([type, named]) =>
    Object.keys(named).map((name) => `${type}.${name}`),
  );
  expect([...new Set(ADDRESSES.map((one) => one.replace(/\[.*/, "")))].sort()).toEqual(made.sort());
  expect(Object.keys(outputs).length).toBeGreaterThan(5);
});
