/** Text of others, made fit for one row of a terminal, a sentence or a shell. */

const ESC = "\u001b";
/**
 * Escape sequences (ECMA-48, in 7 and in 8 bits): strings to their end, control sequences, short ones. In one pass, whatever
 * the text: a pattern that looks back would let one hostile line hold up the screen.
 */
const SEQUENCES = new RegExp(
  [
    `(?:${ESC}[\\]PX^_]|[\u0090\u0098\u009d-\u009f])\\P{Cc}*(?:\u0007|${ESC}\\\\|\u009c)`,
    `(?:${ESC}\\[|\u009b)[0-?]*[ -/]*[@-~]`,
    `${ESC}[ -/]*[0-~]`,
  ].join("|"),
  "gu",
);

/** The text without escape sequences, otherwise as it is. */
export function withoutSequences(text: string): string {
  return text.replaceAll(SEQUENCES, "");
}

/**
 * On one line, without escape sequences, control characters, invisible ones that reorder or hide what stands beside them,
 * and halves of characters. Line ends and tabs become spaces.
 */
export function plainText(text: string): string {
  return withoutSequences(text)
    .replaceAll(/[\t\r\n\p{Zl}\p{Zp}]+/gu, " ")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "");
}

/** With a capital at its beginning, as a sentence has one. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** One word of any POSIX shell, whatever is in the text. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
