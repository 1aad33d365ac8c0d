/** After a resize the whole frame is drawn anew. */

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
 * Repaints all once a resize has settled. Ink 8 draws only the lines that differ from its last frame, and reckons from
 * where it left the cursor; a terminal that was made small and large again has lost lines and moved the cursor, and two
 * quick resizes arrive as one. `lent`: the terminal is somebody else's now, and is repainted anyway when it comes back.
 */
export function repaintOnResize({ clear, redraw }: Drawing, stdout: NodeJS.WriteStream, lent: () => boolean): void {
  let timer: NodeJS.Timeout | undefined;
  stdout.on("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (lent()) return;
      clear();
      stdout.write(BEGIN_HOME_AND_ERASE);
      redraw();
    }, SETTLED_MS);
  });
}
