/** Keyboard protocols that a far side switches on in the real terminal and that the emulator knows nothing of. */

import type { IDisposable, Terminal } from "@xterm/headless";
import type { KeyboardState } from "./replay.ts";

/** Deeper than any program nests them; kitty itself keeps eight. */
const DEPTH = 16;

/**
 * Follows the kitty protocol's stack of flags, one for each screen (sw.kovidgoyal.net/kitty/keyboard-protocol), and
 * xterm's modifyOtherKeys, so that both can be set again in a terminal that was given away meanwhile.
 */
export function followKeyboard(terminal: Terminal): KeyboardState & IDisposable {
  const stacks: Record<"normal" | "alternate", number[]> = { normal: [], alternate: [] };
  let otherKeys = 0;
  const stack = () => stacks[terminal.buffer.active.type];
  const number = (value: number | number[] | undefined, fallback: number) =>
    typeof value === "number" && value >= 0 ? value : fallback;
  const { parser } = terminal;
  const clear = () => {
    stacks.normal = [];
    stacks.alternate = [];
    otherKeys = 0;
    return false;
  };
  const handlers = [
    parser.registerCsiHandler({ prefix: ">", final: "u" }, ([flags]) => {
      stack().push(number(flags, 0));
      if (stack().length > DEPTH) stack().shift();
      return true;
    }),
    parser.registerCsiHandler({ prefix: "<", final: "u" }, ([count]) => {
      stack().splice(-Math.max(1, number(count, 1)));
      return true;
    }),
    parser.registerCsiHandler({ prefix: "=", final: "u" }, ([value, how]) => {
      const flags = number(value, 0);
      const before = stack().pop() ?? 0;
      const way = number(how, 1) || 1;
      stack().push(way === 2 ? before | flags : way === 3 ? before & ~flags : flags);
      return true;
    }),
    parser.registerCsiHandler({ prefix: ">", final: "m" }, ([resource, value]) => {
      if (resource === undefined || resource === 4) otherKeys = number(value, 0);
      return true;
    }),
    parser.registerEscHandler({ final: "c" }, clear),
  ];
  return {
    restore: (screen) => {
      const flags = stacks[screen].map((one) => `\u001b[>${one}u`).join("");
      return flags + (otherKeys && screen === terminal.buffer.active.type ? `\u001b[>4;${otherKeys}m` : "");
    },
    dispose: () => {
      for (const handler of handlers) handler.dispose();
    },
  };
}
