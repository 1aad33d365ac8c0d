import { existsSync, readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { textOf } from "./graph.ts";

const TOPS = ["ops", "tui", "test", "terraform", "kernel"];
/** Made by a build, or data through and through. */
const SKIPPED = /(^|\/)(node_modules|dist|\.[^/]*|patches)(\/|$)/;
const LINE = /^(?:\/\*\*|#) This folder: \S.* Not here: \S.*\.(?: \*\/)?$/;

/** All folders of the project that hold files themselves. */
function folders(path: string): string[] {
  if (SKIPPED.test(path)) return [];
  const entries = readdirSync(path, { withFileTypes: true });
  const inner = entries.filter((one) => one.isDirectory()).flatMap((one) => folders(`${path}/${one.name}`));
  return entries.some((one) => one.isFile()) ? [path, ...inner] : inner;
}

/** The line that says what lives in a folder, at the head of its chief file; after what a shell must read first. */
function linesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((one) => one.isFile())
    .flatMap((one) => {
      const head = textOf(`${folder}/${one.name}`).slice(0, 1000).split("\n");
      const first = head.find((line) => !/^(#!|# shellcheck)/.test(line)) ?? "";
      return LINE.test(first) ? [`${folder}/${one.name}: ${first}`] : [];
    });
}

it("each folder opens with one line that says what lives there and what does not", () => {
  const wrong = TOPS.flatMap(folders)
    .map((folder) => [folder, linesOf(folder)] as const)
    // Tests of a folder lie in one of the same name, which that one's line speaks for.
    .filter(
      ([folder, lines]) => lines.length !== 1 && !(lines.length === 0 && existsSync(folder.replace(/^test\//, ""))),
    )
    .map(([folder, lines]) => `${folder}: ${lines.length} such lines`);
  expect(wrong, 'a line as in "/** This folder: … Not here: … */" stands first in the chief file').toEqual([]);
});

it("README's table names every folder of ops and tui, with its own line", () => {
  const readme = textOf("README.md");
  const missing = ["ops", "tui"].flatMap(folders).flatMap((folder) => {
    const line = linesOf(folder)[0] ?? "";
    const [, words = ""] = /This folder: (.*?)\. Not here: /.exec(line) ?? [];
    const row = `| \`${folder}/\` | ${words} |`;
    return readme.includes(`${row}\n`) ? [] : [row];
  });
  expect(missing, "rows that README's table wants").toEqual([]);
  const told = [...readme.matchAll(/^\| `((?:ops|tui)\/[^`]*)` \|/gm)].map(([, folder = ""]) => folder.slice(0, -1));
  expect(told.toSorted()).toEqual(["ops", "tui"].flatMap(folders).toSorted());
  expect(readme.split("\n").length - 1).toBeLessThan(130);
});
