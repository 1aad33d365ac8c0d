import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { $, findProgram } from "../../../ops/programs.ts";
import { width } from "../../../tui/format/text.ts";
import { bigText } from "../../../tui/sign-in/big-text.ts";
import { type QrMatrix, qrMatrix, qrRoom, qrRows } from "../../../tui/sign-in/qr.ts";

describe("large letters", () => {
  it("are different for every character that a code may have", () => {
    const all = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"];
    for (const size of ["single", "double"] as const) {
      const drawn = all.map((character) => bigText(character, size)?.join("\n"));
      expect(new Set(drawn).size).toBe(all.length);
      expect(drawn).not.toContain(undefined);
    }
  });

  it("stand in rows of one width, small letters as capitals", () => {
    const rows = bigText("abc-123", "single");
    expect(rows).toHaveLength(4);
    expect(new Set(rows?.map(width))).toEqual(new Set([41]));
    expect(bigText("ABC-123", "single")).toEqual(rows);
    expect(bigText("A", "double")).toHaveLength(7);
  });

  it("are the text itself where a character has no glyph or the size is plain", () => {
    expect(bigText("é", "single")).toBeUndefined();
    expect(bigText("AB-C", "plain")).toEqual(["A B - C"]);
  });
});

/** The code of an address that one can hold. */
async function codeOf(url: string): Promise<QrMatrix> {
  const matrix = await qrMatrix(url);
  if (!matrix) throw new Error(`no code of ${url}`);
  return matrix;
}

describe("the QR code", () => {
  it("shows exactly the code's modules, light ones drawn, within a quiet zone", async () => {
    await fc.assert(
      fc.asyncProperty(fc.webUrl(), fc.constantFrom(2, 4), async (url, quiet) => {
        const matrix = await codeOf(url);
        const { columns, rows } = qrRoom(matrix, quiet);
        const drawn = qrRows(matrix, columns, rows) ?? [];
        expect(drawn).toHaveLength(rows);
        const lit = (row: number, column: number) => {
          const half = drawn[Math.floor(row / 2)]?.[column] ?? " ";
          return half === "█" || half === (row % 2 === 0 ? "▀" : "▄");
        };
        for (let row = 0; row < columns; row += 1) {
          for (let column = 0; column < columns; column += 1) {
            const [y, x] = [row - quiet, column - quiet];
            const inside = y >= 0 && x >= 0 && y < matrix.size && x < matrix.size;
            expect(lit(row, column)).toBe(!(inside && matrix.dark(y, x)));
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  it("takes the wider quiet zone where it fits, and is not there where none does", async () => {
    const matrix = await codeOf("https://example.com/?user_code=WDJB-MJHT");
    const narrow = qrRoom(matrix, 2);
    const wide = qrRoom(matrix, 4);
    expect(qrRows(matrix, wide.columns, wide.rows)?.[0]).toHaveLength(wide.columns);
    expect(qrRows(matrix, wide.columns - 1, wide.rows)?.[0]).toHaveLength(narrow.columns);
    expect(qrRows(matrix, narrow.columns, narrow.rows - 1)).toBeUndefined();
  });

  const reader = findProgram("zbarimg", process.env);
  it.skipIf(!reader)(`is read by an independent reader${reader ? "" : " (needs zbarimg)"}`, async () => {
    const directory = await mkdtemp(join(tmpdir(), "qr-"));
    for (const length of [10, 100, 1000]) {
      const url = `https://device.sso.us-west-1.amazonaws.com/?user_code=${"x".repeat(length)}`;
      const matrix = await codeOf(url);
      const { columns, rows } = qrRoom(matrix, 4);
      const drawn = qrRows(matrix, columns, rows) ?? [];
      // A portable bitmap, each module 4×4 dots, dark ones 1.
      const dots = drawn.flatMap((row) =>
        ["█▀", "█▄"].map((lit) => [...row].map((half) => (lit.includes(half) ? "0" : "1").repeat(4)).join("")),
      );
      const picture = dots.slice(0, columns).flatMap((line) => [line, line, line, line]);
      const file = join(directory, "code.pbm");
      await writeFile(file, `P1\n${columns * 4} ${columns * 4}\n${picture.join("\n")}\n`);
      expect((await $({ env: process.env })`${reader} --quiet --raw ${file}`).stdout.trim()).toBe(url);
    }
    await rm(directory, { recursive: true });
  });

  it("is not there for what no code can hold", async () => {
    expect(await qrMatrix("é".repeat(1477))).toBeUndefined();
    expect((await qrMatrix("é".repeat(1476)))?.size).toBe(177);
  });
});
