/** This folder: the README's picture, from the screen of the running program. Not here: anything that draws what was not there. */
/** A terminal's screen as an SVG: its cells and their colours, in whatever monospaced font the reader has. Pure. */

import type { IBufferCell, Terminal } from "@xterm/headless";

/** A cell in pixels, and the type in it. */
const CELL = { width: 8.4, height: 18, size: 14, baseline: 13.2 } as const;
const MARGIN = 14;
const FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

const BACKGROUND = "#11151d";
const FOREGROUND = "#d4dae5";
/** The terminal's sixteen colours, as every person's own terminal has its own. */
const PALETTE = [
  ["#11151d", "#f0757c", "#8ed39a", "#f2c572", "#7eaef0", "#cb9cf2", "#70d2e0", "#d4dae5"],
  ["#727d91", "#ff9299", "#a9e6b3", "#ffd88f", "#9fc5ff", "#deb8ff", "#93e6f1", "#ffffff"],
].flat();

interface Look {
  readonly ink: string;
  readonly paper: string;
  readonly bold: boolean;
}

interface Run extends Look {
  readonly column: number;
  text: string;
}

/** @param title what the picture shows, for those who hear it */
export function svgOf(terminal: Terminal, title: string): string {
  const { cols, rows } = terminal;
  const width = round(cols * CELL.width + 2 * MARGIN);
  const height = round(rows * CELL.height + 2 * MARGIN);
  const drawn = Array.from({ length: rows }, (_, row) => drawRow(runsOf(terminal, row), row)).flat();
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="12" fill="${BACKGROUND}"/>`,
    `<g font-family="${FONTS}" font-size="${CELL.size}" fill="${FOREGROUND}" xml:space="preserve">`,
    ...drawn,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

/** The cells of a row, gathered where they look the same. */
function runsOf(terminal: Terminal, row: number): readonly Run[] {
  const line = terminal.buffer.active.getLine(terminal.buffer.active.baseY + row);
  const runs: Run[] = [];
  for (let column = 0; line && column < terminal.cols; column += 1) {
    const cell = line.getCell(column);
    if (!cell || cell.getWidth() === 0) continue;
    const look = lookOf(cell);
    const last = runs.at(-1);
    const text = cell.getChars() || " ";
    if (last && last.ink === look.ink && last.paper === look.paper && last.bold === look.bold) last.text += text;
    else runs.push({ ...look, column, text });
  }
  return runs;
}

function lookOf(cell: IBufferCell): Look {
  const ink = cell.isFgDefault() ? FOREGROUND : colourOf(cell.getFgColor(), cell.isFgRGB());
  const paper = cell.isBgDefault() ? BACKGROUND : colourOf(cell.getBgColor(), cell.isBgRGB());
  const bold = cell.isBold() !== 0;
  return cell.isInverse() ? { ink: paper, paper: ink, bold } : { ink, paper, bold };
}

/** The cockpit uses the sixteen colours only; another one is a mistake that the picture must not hide. */
function colourOf(colour: number, rgb: boolean): string {
  const found = rgb ? undefined : PALETTE[colour];
  if (!found) throw new Error(`The screen has a colour beyond the sixteen: ${colour}.`);
  return found;
}

function drawRow(runs: readonly Run[], row: number): readonly string[] {
  const top = MARGIN + row * CELL.height;
  return runs.flatMap((run) => {
    const left = MARGIN + run.column * CELL.width;
    const wide = run.text.length * CELL.width;
    const paper = run.paper === BACKGROUND ? [] : [rect(left, top, wide, CELL.height, run.paper)];
    return [...paper, ...drawText(run, left, top)];
  });
}

/** Text, parted at its gaps, so that each part stands in its columns whatever the font; bars and lines as shapes. */
function drawText({ text, ink, bold }: Run, left: number, top: number): readonly string[] {
  const drawn: string[] = [];
  for (const match of text.matchAll(/[\u2500-\u259f]|[^\s\u2500-\u259f]+(?: [^\s\u2500-\u259f]+)*/g)) {
    const x = left + match.index * CELL.width;
    const part = match[0];
    const shape = part.length === 1 ? shapeOf(part, x, top, ink) : undefined;
    if (shape) {
      drawn.push(shape);
      continue;
    }
    const colour = ink === FOREGROUND ? "" : ` fill="${ink}"`;
    const weight = bold ? ' font-weight="700"' : "";
    const length = round(part.length * CELL.width);
    const place = `x="${round(x)}" y="${round(top + CELL.baseline)}" textLength="${length}"`;
    drawn.push(`<text ${place} lengthAdjust="spacingAndGlyphs"${colour}${weight}>${escaped(part)}</text>`);
  }
  return merged(drawn);
}

/** Block elements and the lines of boxes; every font has its own idea of them, and the cells would not meet. */
function shapeOf(character: string, x: number, top: number, ink: string): string | undefined {
  const { width, height } = CELL;
  const code = character.charCodeAt(0);
  if (code >= 0x2581 && code <= 0x2588) {
    const tall = (height * (code - 0x2580)) / 8;
    return rect(x, top + height - tall, width, tall, ink);
  }
  if (code >= 0x2589 && code <= 0x258f) return rect(x, top, (width * (0x2590 - code)) / 8, height, ink);
  if (code === 0x2580) return rect(x, top, width, height / 2, ink);
  if (code === 0x2590) return rect(x + width / 2, top, width / 2, height, ink);
  const [middle, centre] = [round(x + width / 2), round(top + height / 2)];
  const [end, bottom] = [round(x + width), round(top + height)];
  const path = {
    "─": `M${round(x)} ${centre}H${end}`,
    "│": `M${middle} ${round(top)}V${bottom}`,
    "╭": `M${middle} ${bottom}Q${middle} ${centre} ${end} ${centre}`,
    "╮": `M${round(x)} ${centre}Q${middle} ${centre} ${middle} ${bottom}`,
    "╰": `M${middle} ${round(top)}Q${middle} ${centre} ${end} ${centre}`,
    "╯": `M${round(x)} ${centre}Q${middle} ${centre} ${middle} ${round(top)}`,
  }[character];
  return path && `<path d="${path}" stroke="${ink}" fill="none"/>`;
}

/** Lines that go on in the next cell are one line. */
function merged(drawn: readonly string[]): readonly string[] {
  const out: string[] = [];
  for (const one of drawn) {
    const now = /^<path d="M([\d.]+) ([\d.]+)H([\d.]+)"(.*)$/.exec(one);
    const before = /^<path d="M([\d.]+) ([\d.]+)H([\d.]+)"(.*)$/.exec(out.at(-1) ?? "");
    const joined = now && before && before[3] === now[1] && before[2] === now[2] && before[4] === now[4];
    if (joined) out[out.length - 1] = `<path d="M${before[1]} ${before[2]}H${now[3]}"${now[4]}`;
    else out.push(one);
  }
  return out;
}

function rect(x: number, y: number, width: number, height: number, fill: string): string {
  const [left, top] = [round(x), round(y)];
  return `<rect x="${left}" y="${top}" width="${round(width)}" height="${round(height)}" fill="${fill}"/>`;
}

function round(pixels: number): number {
  return Math.round(pixels * 100) / 100;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
