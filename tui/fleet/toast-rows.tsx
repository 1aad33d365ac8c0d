/** What just changed, over the lower right corner, where it hides nothing of importance. */

import { Box } from "ink";
import type { Clock } from "../../ops/clock.ts";
import { type Line, t } from "../format/line.ts";
import { clean, pad, truncate, width } from "../format/text.ts";
import { Rows } from "../shared/rows.tsx";
import type { Token } from "../shared/theme.ts";
import { toneToken } from "./machine-view.ts";
import type { Toast } from "./toasts.ts";

const MARKS: Readonly<Record<Toast["tone"], string>> = { good: "✓", busy: "◐", quiet: "·", warning: "▲", bad: "✕" };

interface ToastsProps {
  /** Newest last. */
  readonly toasts: readonly Toast[];
  /** The room there is, in columns and rows; the newest are shown. */
  readonly columns: number;
  readonly rows: number;
  /** How many rows stay free below. */
  readonly above: number;
  readonly clock: Clock;
}

export function Toasts({ toasts, columns, rows, above, clock }: ToastsProps) {
  const lines = toastLines(toasts, columns, rows);
  if (lines.length === 0) return null;
  const wide = toastWidth(toasts, columns);
  return (
    <Box
      position="absolute"
      bottom={above}
      right={0}
      width={wide}
      height={lines.length}
      flexDirection="column"
      overflow="hidden"
      aria-role="list"
    >
      <Rows lines={lines} width={wide} clock={clock} />
    </Box>
  );
}

function toastWidth(toasts: readonly Toast[], columns: number): number {
  return Math.min(columns, Math.max(...toasts.map((toast) => width(clean(toast.text)))) + 6);
}

function toastLines(toasts: readonly Toast[], columns: number, rows: number): Line[] {
  if (toasts.length === 0 || rows <= 0) return [];
  const wide = toastWidth(toasts, columns);
  return toasts.slice(-rows).map((toast): Line => {
    const token: Token = toneToken(toast.tone);
    return [
      t("▐ ", token),
      t(`${MARKS[toast.tone]} `, token),
      t(pad(truncate(clean(toast.text), wide - 6), Math.max(0, wide - 4)), "text.strong"),
    ];
  });
}
