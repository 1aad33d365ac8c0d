/** What a program may send to a terminal, as patterns over its bytes. */

const CSI = "\u001b\\[";

/** Sets a colour of any kind (ECMA-48, 8.3.117; 90 to 107 are xterm's). */
export const COLOURS = new RegExp(`${CSI}(?:\\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\\d+)*m`);
/** A colour beyond the sixteen: by its number out of 256, or by red, green and blue. */
export const BEYOND_SIXTEEN = new RegExp(`${CSI}(?:\\d+;)*[34]8[;:]`);
/** Has the terminal report the mouse (xterm's control sequences, "Mouse Tracking"). */
export const MOUSE = new RegExp(`${CSI}\\?(?:\\d+;)*(?:9|100[0-6]|1015|1016)(?:;\\d+)*h`);
