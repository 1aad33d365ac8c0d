import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { forConsole, IN_EVERY_FONT } from "../../../tui/terminal/console.ts";

it("has a shape for every character that the cockpit draws, of the same width", () => {
  const sources = globSync("tui/**/*.{ts,tsx}").filter((path) => path !== "tui/terminal/console.ts");
  const code = sources.map((path) => readFileSync(path, "utf8").replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, ""));
  // What ink-spinner draws, too.
  const drawn = new Set([...code.join(""), ..."⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"].filter((character) => character > "~"));
  const missing = [...drawn].filter(
    (character) => !IN_EVERY_FONT.includes(forConsole(character)) && forConsole(character) > "~",
  );
  expect(missing).toEqual([]);
  for (const character of drawn) expect([...forConsole(character)]).toHaveLength(1);
});

it("tells a running machine from a stopped one, and leaves escape sequences alone", () => {
  expect(forConsole("● ○ ✕ ▲")).toBe("• ○ x ▲");
  expect(forConsole("\u001b[36m╭─╮\u001b[39m")).toBe("\u001b[36m┌─┐\u001b[39m");
});
