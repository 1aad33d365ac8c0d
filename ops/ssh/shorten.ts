/**
 * A flood that only prints, made short before it is parsed. Exact, not a guess: outside any sequence and with the whole
 * screen scrolling, output of text, styles and erasing of lines can only print and scroll, so that after enough lines
 * nothing that came before the last of them is on the screen or in the scrollback; just after CR LF the cursor's column
 * is known, and the style there is what was selected since the last reset before it.
 */

const ESCAPE = 0x1b;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SELECT_STYLE = 0x6d;
const ERASE_IN_LINE = 0x4b;
/** How far back from the cut a reset of the style is looked for. */
const STYLE_REACH = 64 * 1024;
/** Longer than any sequence that a program selects a style with: an end so long is not held back. */
const LONGEST = 40;

/**
 * Whether output only prints: no sequence but whole ones of styles (SGR) and of erasing in a line (EL), no shift of
 * character sets, no C1 control (in UTF-8, C2 80 to C2 9F).
 */
export function onlyPrints(chunk: Buffer): boolean {
  // A character split between two chunks: its second half could pass for a C1 control.
  if (((chunk[0] ?? 0) & 0xc0) === 0x80) return false;
  return !MORE_THAN_PRINTING.test(chunk.toString("latin1"));
}

/** One search, as every byte of an attached flood meets it: an anchor or a counted repetition would make it thrice as slow. */
const MORE_THAN_PRINTING = new RegExp(
  ["\u001b(?!\\[[\\d:;]*[mK])", "[\u000e\u000f]", "\u00c2(?:[\u0080-\u009f]|$)"].join("|"),
);

/** Where the SGR or EL sequence that begins at `at` has its final byte; undefined where it is none, or not whole. */
function sequenceEnd(bytes: Buffer, at: number): number | undefined {
  if (bytes[at + 1] !== 0x5b) return undefined;
  let end = at + 2;
  // Digits, colon and semicolon.
  while ((bytes[end] ?? 0) >= 0x30 && (bytes[end] ?? 0) <= 0x3b) end += 1;
  return bytes[end] === SELECT_STYLE || bytes[end] === ERASE_IN_LINE ? end : undefined;
}

/** Splits off an end that may be the beginning of such a sequence, so that it is not torn between two chunks. */
export function splitOpenEnd(chunk: Buffer): readonly [whole: Buffer, open: Buffer] {
  const at = chunk.lastIndexOf(ESCAPE);
  const isOpen = at >= 0 && chunk.length - at < LONGEST && /^(\[[\d:;]*)?$/.test(chunk.toString("latin1", at + 1));
  return isOpen ? [chunk.subarray(0, at), chunk.subarray(at)] : [chunk, chunk.subarray(chunk.length)];
}

/**
 * What leads to the same screen as a run of chunks that only print, from a terminal at rest: the end of it with at least
 * `lines` line feeds, after the style that was selected there. Undefined where no place to cut is found.
 */
export function shorten(run: readonly Buffer[], lines: number): Buffer | undefined {
  let left = lines;
  for (let index = run.length - 1; index >= 0; index -= 1) {
    const chunk = run[index];
    if (!chunk) return undefined;
    for (let at = chunk.lastIndexOf(LINE_FEED); at > 0; at = chunk.lastIndexOf(LINE_FEED, at - 1)) {
      left -= 1;
      if (left > 0 || chunk[at - 1] !== CARRIAGE_RETURN) continue;
      const style = styleBefore(run, index, at + 1);
      return style && Buffer.concat([style, chunk.subarray(at + 1), ...run.slice(index + 1)]);
    }
  }
  return undefined;
}

/** The sequences that select the style at a place: the last reset before it and all that came after; empty for none at all. */
function styleBefore(run: readonly Buffer[], index: number, end: number): Buffer | undefined {
  const selected: Buffer[] = [];
  let reach = STYLE_REACH;
  let to = end;
  for (let at = index; at >= 0; at -= 1) {
    const chunk = run[at];
    if (!chunk) return undefined;
    if (at !== index) to = chunk.length;
    for (let begin = lastEscape(chunk, to); begin >= 0; begin = lastEscape(chunk, begin)) {
      if (to - begin > reach) return undefined;
      const final = sequenceEnd(chunk, begin);
      if (final === undefined || chunk[final] !== SELECT_STYLE) continue;
      const sequence = chunk.subarray(begin, final + 1);
      selected.unshift(sequence);
      if (/^.\[0*m$/s.test(sequence.toString("latin1"))) return Buffer.concat(selected);
    }
    reach -= to;
    if (reach < 0 && selected.length > 0) return undefined;
  }
  // No reset in all the run: the style of before holds on, with what was selected since.
  return Buffer.concat(selected);
}

function lastEscape(chunk: Buffer, before: number): number {
  return before > 0 ? chunk.lastIndexOf(ESCAPE, before - 1) : -1;
}
