/** The Linux console (TERM=linux) has a font of 256 or 512 shapes: what it lacks is drawn with the nearest that it has. */

/** Left as they are: in code page 437, which every console font covers (console_codes(4), setfont(8)). */
export const IN_EVERY_FONT = "─│┌┐└┘░▒▓█▄▌▐▀■·•○►◄▲▼↑↓→←≤≥±√";

const NEAREST: Readonly<Record<string, string>> = {
  ...pairs("╭╮╰╯┃", "┌┐└┘│"),
  ...pairs("●▸▾›–…×✓✗✕Δ↻", "•►▼>-.x√xx~*"),
  ...pairs("◐◓◑◒", "|/-\\"),
  ...pairs("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\|/-\\|/"),
  ...pairs("▁▂▃▅▆▇", "__▄▄██"),
};

function pairs(from: string, to: string): Record<string, string> {
  const shapes = [...to];
  return Object.fromEntries([...from].map((character, index) => [character, shapes[index] ?? "?"]));
}

const LACKED = new RegExp(`[${Object.keys(NEAREST).join("")}]`, "gu");

/** The text in shapes that a console has; as wide as before. */
export function forConsole(text: string): string {
  return text.replaceAll(LACKED, (character) => NEAREST[character] ?? character);
}
