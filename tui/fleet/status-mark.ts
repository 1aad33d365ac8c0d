/** A machine's state as a shape and words. The shape alone tells it, also without colour. */

import type { Line, Piece } from "../format/line.ts";
import { t, ticking } from "../format/line.ts";
import { elapsed, left } from "../format/words.ts";
import { type MachineView, toneToken } from "./machine-view.ts";

const FRAMES = ["◐", "◓", "◑", "◒"] as const;
const FRAME_MS = 200;

/** ● running, ○ stopped, ◐ (turning) on its way, ✕ gone. */
export function statusMark({ machine, words }: MachineView): Piece {
  const token = toneToken(words.tone);
  if (words.tone === "busy") return { tick: spinner, token, fast: true };
  const { instance } = machine;
  if (!instance || instance.state === "terminated" || instance.state === "shutting-down") return t("✕", token);
  return t(instance.state === "running" ? "●" : "○", token);
}

/** The frame of the spinner at the instant `now`. */
export function spinner(now: number): string {
  return FRAMES[Math.floor(now / FRAME_MS) % FRAMES.length] ?? FRAMES[0];
}

/** The state in a word or two, with seconds where it is on its way, and loud where AWS takes the machine away. */
export function statusWords({ words, stateSince, interruption }: MachineView): Line {
  const token = toneToken(words.tone);
  if (interruption) {
    const { action, at } = interruption;
    const said = ` ▲ AWS ${action} it `;
    return [
      at === undefined
        ? t(said, "headline.error")
        : ticking((now) => ` ▲ taken in ${left(at, now)} `, "headline.error"),
    ];
  }
  if (words.tone !== "busy" || stateSince === undefined) return [t(words.short, token)];
  return [t(words.short, token), ticking((now) => ` ${elapsed(stateSince, now)}`, token)];
}

/** What the state's words add to the short ones: "spot request not yet released". */
export function statusDetail({ words }: MachineView): string | undefined {
  return words.text.startsWith(`${words.short}: `) ? words.text.slice(words.short.length + 2) : undefined;
}
