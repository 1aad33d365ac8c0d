/** The whole frame drawn anew: after a resize, and when a terminal reads again. */

/** Begins a synchronized update, which the frame's own end ends: no empty screen is ever seen. */
const BEGIN_HOME_AND_ERASE = "\u001b[?2026h\u001b[H\u001b[2J";
/** A window that is dragged changes its size many times a second. */
const SETTLED_MS = 50;

interface Drawing {
  readonly clear: () => void;
  /** Draws the next frame whole, after a `clear`. */
  readonly redraw: () => void;
}

/**
 * Draws all anew: Ink draws only the lines that differ from its last frame, and reckons from where it left the cursor.
 * `lent`: the terminal is somebody else's now, and is repainted anyway when it comes back.
 */
export function createRepaint(
  { clear, redraw }: Drawing,
  stdout: Pick<NodeJS.WriteStream, "write">,
  lent: () => boolean,
): () => void {
  return () => {
    if (lent()) return;
    clear();
    stdout.write(BEGIN_HOME_AND_ERASE);
    redraw();
  };
}

/**
 * Repaints once a resize has settled: a terminal that was made small and large again has lost lines and moved the cursor,
 * and two quick resizes arrive as one.
 */
export function repaintOnResize(repaint: () => void, stdout: NodeJS.WriteStream): void {
  let timer: NodeJS.Timeout | undefined;
  stdout.on("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(repaint, SETTLED_MS);
  });
}
