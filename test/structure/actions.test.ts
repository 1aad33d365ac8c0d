/** The table of actions, against everything that people read of them: `make help`, the README, the Makefile's own calls. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ACTION_NAMES, ACTIONS, isActionName, machinesFor, whyNot } from "../../ops/actions.ts";
import { MACHINE_NAMES, MACHINES } from "../../ops/fleet/machines.ts";
import { shownKey } from "../../tui/keys/key-names.ts";
import { bindingsOf } from "../../tui/keys/registry.ts";
import { aFleet, PHASES } from "../harness/fleets.ts";

const makefile = readFileSync("Makefile", "utf8");
const readme = readFileSync("README.md", "utf8");

/** What a person types after `make` for it: one target, or one a machine that can have it. */
const targetsOf = (name: (typeof ACTION_NAMES)[number]): readonly string[] => {
  const { target, scope } = ACTIONS[name];
  if (!target) return [];
  return scope === "machine" ? machinesFor(name).map((short) => `${target}-${short}`) : [target];
};

/** `make help` as it is printed: targets and what they do. */
const told = new Map(
  execFileSync("make", ["--no-print-directory", "help"], { encoding: "utf8" })
    .split("\n")
    .flatMap((line) => {
      const [, targets, help] =
        /^ {2}make (.+?) {2,}(.+)$/.exec(line) ?? /^ {2}make (\S.*?) (\S+ .+)$/.exec(line) ?? [];
      return targets && help ? [[targets.trim(), help] as const] : [];
    }),
);

it("make help lists each action with the machines that can have it, in the table's words", () => {
  for (const name of ACTION_NAMES) {
    const targets = targetsOf(name);
    if (targets.length > 0)
      expect([targets.join(" "), told.get(targets.join(" "))]).toEqual([targets.join(" "), ACTIONS[name].help]);
  }
});

it("whatever Make calls is an action, and each action with a target is called by it", () => {
  const called = [...makefile.matchAll(/^([^\s#:][^:]*):.*\n(?:\t.*\n)*?\t@?(?:exec )?\S+ dist\/cli\.js (\S+)/gm)].map(
    ([, targets = "", name = ""]) => ({ targets: targets.split(" "), name }),
  );
  for (const { name } of called) expect(isActionName(name), name).toBe(true);
  for (const name of ACTION_NAMES) {
    for (const target of targetsOf(name)) {
      expect(
        called.filter((one) => one.targets.includes(target)).map((one) => one.name),
        target,
      ).toEqual([name]);
    }
  }
});

it("the README names every target of an action, and no other", () => {
  const paragraph = /Every key is also a Make target[\s\S]*?\n\n/.exec(readme)?.[0] ?? "";
  const named = [...paragraph.matchAll(/`([a-z0-9-]+)`/g)].map(([, target = ""]) => target);
  // "ssh-" and a machine where it has several.
  const short = ACTION_NAMES.flatMap((name) =>
    targetsOf(name).length > 1 ? [`${ACTIONS[name].target}-`] : targetsOf(name),
  );
  const machines = MACHINE_NAMES.map((name) => MACHINES[name].short);
  expect(named.toSorted()).toEqual([...machines, ...short].toSorted());
});

it("the README's table of keys has each key of the first screen", () => {
  const table = /\| key \| what it does \|\n[\s\S]*?\n\n/.exec(readme)?.[0] ?? "";
  const keys = [...table.matchAll(/^\| (.+?) \|/gm)].flatMap(([, cell = ""]) => cell.replaceAll("`", "").split(" "));
  const heard = bindingsOf("fleet").flatMap((binding) => binding.keys.map(shownKey));
  expect(heard.filter((key) => !keys.includes(key))).toEqual([]);
});

it("of two actions of one key never both can be had, whatever the machine does", () => {
  for (const phase of PHASES) {
    for (const root of ["persistent", "temporary"] as const) {
      const story = { phase, root };
      const { machines } = aFleet({ jumpbox: { phase }, "fcvm-metal-arm": story, "fcvm-metal-x86": story });
      for (const name of MACHINE_NAMES) {
        const able = ACTION_NAMES.filter((one) => ACTIONS[one].keys && whyNot(one, machines[name]) === undefined);
        const keys = able.flatMap((one) => ACTIONS[one].keys ?? []);
        expect(keys).toEqual([...new Set(keys)]);
      }
    }
  }
});
