import { readFileSync } from "node:fs";
import xterm from "@xterm/headless";
import { expect, it } from "vitest";
import { svgOf } from "./svg.ts";

async function drawn(bytes: string): Promise<string> {
  const terminal = new xterm.Terminal({ cols: 20, rows: 2, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(bytes, resolve));
  return svgOf(terminal, "a < b");
}

it("draws text in its columns and its colours, and escapes it", async () => {
  const svg = await drawn("a\u001b[31m<&b\u001b[0m  \u001b[1mbold\u001b[0m");
  expect(svg).toContain("<title>a &lt; b</title>");
  expect(svg).toContain('textLength="25.2" lengthAdjust="spacingAndGlyphs" fill="#f0757c">&lt;&amp;b</text>');
  expect(svg).toContain('font-weight="700">bold</text>');
});

it("draws what is inverse as a bar, bars as bars and rules as one line", async () => {
  const svg = await drawn("\u001b[33;7m ! \u001b[0m\u001b[36m█\u001b[0m───");
  expect(svg).toContain('width="25.2" height="18" fill="#f2c572"/>');
  expect(svg).toContain('width="8.4" height="18" fill="#70d2e0"/>');
  expect(svg.match(/<path /g)).toHaveLength(1);
});

it("refuses a colour that is not one of the sixteen", async () => {
  await expect(drawn("\u001b[38;5;200mx")).rejects.toThrow("beyond the sixteen");
  await expect(drawn("\u001b[38;2;1;2;3mx")).rejects.toThrow("beyond the sixteen");
});

it("the README shows the picture that was taken", () => {
  const svg = readFileSync("tui/cockpit.svg", "utf8");
  for (const words of ["jumpbox", "fcvm-metal-arm", "fcvm-metal-x86", "TEMPORARY DISK", "compiling"]) {
    expect(svg).toContain(words);
  }
  expect(readFileSync("README.md", "utf8").split("\n").slice(0, 12).join("\n")).toContain("(tui/cockpit.svg)");
});
