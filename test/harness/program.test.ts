import { expect, it } from "vitest";
import { runProgram } from "./program.ts";

it("notices a frame that is a row too high for the alternate screen", async () => {
  const frame = (rows: number) =>
    `\\033[?1049h\\033[H${Array.from({ length: rows }, (_, row) => `row ${row}`).join("\\r\\n")}`;
  for (const [rows, scrolled] of [
    [24, 0],
    [25, 1],
  ] as const) {
    const program = runProgram("/bin/sh", ["-c", `printf '${frame(rows)}'; read x`], { env: process.env });
    await program.waitFor(`row ${rows - 1}`);
    expect(program.scrolledAway()).toBe(scrolled);
    program.kill();
    await program.exited;
  }
});
