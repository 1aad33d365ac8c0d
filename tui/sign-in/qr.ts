/** A QR code in half-block characters, two modules a character. */

/** Light modules around the code: four by ISO/IEC 18004; phones read two, where there is no more room. */
const QUIET = [4, 2] as const;

const HALVES = [" ", "▄", "▀", "█"] as const;

/** The modules of a code, dark ones true, row by row. */
export interface QrMatrix {
  readonly size: number;
  readonly dark: (row: number, column: number) => boolean;
}

/** The most bytes that a code can hold, at the lowest error correction (ISO/IEC 18004, version 40-L). */
const MOST_BYTES = 2953;

/**
 * The code of `text`, at the lowest error correction: a screen is not scratched, and a smaller code is larger to the eye.
 * Undefined where no code can hold it.
 */
export async function qrMatrix(text: string): Promise<QrMatrix | undefined> {
  if (Buffer.byteLength(text) > MOST_BYTES) return undefined;
  // Loaded when it is needed: most starts never show a code.
  const { encode } = await import("uqr");
  const { size, data } = encode(text, { ecc: "L", border: 0 });
  return { size, dark: (row, column) => data[row]?.[column] === true };
}

/** How much room a code takes with a quiet zone. */
export function qrRoom(matrix: QrMatrix, quiet: number): { readonly columns: number; readonly rows: number } {
  const columns = matrix.size + 2 * quiet;
  return { columns, rows: Math.ceil(columns / 2) };
}

/** The rows of the code with the widest quiet zone that fits; undefined where none does. The *light* modules are drawn. */
export function qrRows(matrix: QrMatrix, columns: number, rows: number): readonly string[] | undefined {
  const quiet = QUIET.find((zone) => {
    const room = qrRoom(matrix, zone);
    return room.columns <= columns && room.rows <= rows;
  });
  if (quiet === undefined) return undefined;
  const end = matrix.size + quiet;
  const light = (row: number, column: number) =>
    row < 0 || column < 0 || row >= matrix.size || column >= matrix.size || !matrix.dark(row, column);
  const drawn: string[] = [];
  for (let row = -quiet; row < end; row += 2) {
    let line = "";
    for (let column = -quiet; column < end; column += 1) {
      const below = row + 1 < end && light(row + 1, column);
      line += HALVES[(light(row, column) ? 2 : 0) + (below ? 1 : 0)] ?? " ";
    }
    drawn.push(line);
  }
  return drawn;
}
