/** This folder: the device code on the screen, large, as a QR code, in a browser. Not here: the sign-in (ops/signin). */
/** What to do to sign in: an address, a code in large letters, the same as a QR code, and the time that is left. */

import { Box, Text, useIsScreenReaderEnabled } from "ink";
import { useEffect, useState } from "react";
import type { Environment } from "../../ops/environment.ts";
import type { DevicePrompt } from "../../ops/operation/types.ts";
import { flow } from "../format/flow.ts";
import { type Line, t, ticking } from "../format/line.ts";
import { clean, width as widthOf } from "../format/text.ts";
import { left } from "../format/words.ts";
import { keyOf } from "../keys/registry.ts";
import { useKeys } from "../keys/use-keys.ts";
import { useNotice } from "../shared/notice.ts";
import { Panel, type Window } from "../shared/overlay.tsx";
import { Rows } from "../shared/rows.tsx";
import { style, type Token } from "../shared/theme.ts";
import { useCopy } from "../terminal/use-copy.ts";
import { bigText, type TextSize } from "./big-text.ts";
import { openBrowser } from "./browser.ts";
import { type QrMatrix, qrMatrix, qrRows } from "./qr.ts";

interface DeviceCodeProps extends Window {
  readonly prompt: DevicePrompt;
  readonly environment: Pick<Environment, "env">;
  readonly onCancel: () => void;
}

const GAP = 3;
/** The largest letters are this wide; the QR code stands close to the text on any screen. */
const WIDEST_TEXT = 112;

export function DeviceCode({ prompt, environment, onCancel, columns, rows, active, clock }: DeviceCodeProps) {
  const { notice, tell } = useNotice();
  const copy = useCopy(environment, tell);
  const matrix = useQr(prompt.urlComplete, tell);
  const reader = useIsScreenReaderEnabled();
  useKeys(
    "device-code",
    {
      copy: () => copy(prompt.urlComplete, "the address"),
      browser: () => void openBrowser(prompt.urlComplete, environment.env).then(tell),
      cancel: onCancel,
    },
    { active },
  );
  return (
    <Panel
      columns={columns}
      rows={rows}
      clock={clock}
      title={[t("Sign in", "text.strong"), t("  waiting for your approval", "status.busy")]}
      busy
      hints={[
        [keyOf("device-code", "copy"), "copy the address"],
        [keyOf("device-code", "browser"), "open a browser"],
        [keyOf("device-code", "cancel"), "cancel"],
      ]}
    >
      {(width, height) => {
        const { lines, qr } = reader
          ? { lines: textLines(prompt, PLAIN, width), qr: undefined }
          : arrange(prompt, matrix, width, height);
        const qrColumns = qr ? (qr[0]?.length ?? 0) : 0;
        const textColumns = qr ? Math.min(WIDEST_TEXT, width - qrColumns - GAP) : width;
        const note = said(notice ?? prompt.note ?? "", textColumns, notice ? "status.ok" : "text.dim");
        return (
          <Box width={width} height={height}>
            <Box width={textColumns} flexDirection="column" overflow="hidden">
              <Rows lines={[...lines, ...note].slice(0, height)} width={textColumns} clock={clock} />
            </Box>
            {qr && (
              <Box width={qrColumns} marginLeft={GAP} flexShrink={0} flexDirection="column">
                <Text {...style("qr")}>{qr.join("\n")}</Text>
              </Box>
            )}
          </Box>
        );
      }}
    </Panel>
  );
}

function useQr(url: string, tell: (sentence: string) => void): QrMatrix | undefined {
  const [held, setHeld] = useState<{ readonly url: string; readonly matrix: QrMatrix } | undefined>();
  useEffect(() => {
    let gone = false;
    qrMatrix(url).then(
      (matrix) => {
        // An address too long for any code is still there to be read.
        if (!gone && matrix) setHeld({ url, matrix });
      },
      () => {
        if (!gone) tell("No QR code could be drawn: use the address and the code.");
      },
    );
    return () => {
      gone = true;
    };
  }, [url, tell]);
  return held?.url === url ? held.matrix : undefined;
}

/** A row kept for what a key or the last poll said, so that the letters do not change their size when it comes. */
const NOTE_ROWS = 1;

const PLAIN = ["plain", false] as const;

/** The code in one row of letters, or broken at its dash, each from the largest size down. */
const SHAPES: readonly (readonly [size: TextSize, broken: boolean])[] = [
  ["double", false],
  ["double", true],
  ["single", false],
  ["single", true],
  PLAIN,
  ["plain", true],
];

interface Arranged {
  readonly lines: readonly Line[];
  readonly qr: readonly string[] | undefined;
}

/** The largest letters that fit beside the QR code; where not even large ones do, the letters are worth more than it. */
function arrange(prompt: DevicePrompt, matrix: QrMatrix | undefined, width: number, height: number): Arranged {
  const qr = matrix && qrRows(matrix, width - GAP - 20, height);
  if (qr) {
    const beside = largest(prompt, width - (qr[0]?.length ?? 0) - GAP, height);
    if (beside && beside.size !== "plain") return { lines: beside.lines, qr };
  }
  const alone = largest(prompt, width, height);
  return { lines: alone?.lines ?? textLines(prompt, PLAIN, width), qr: undefined };
}

function largest(prompt: DevicePrompt, width: number, height: number) {
  for (const shape of SHAPES) {
    const letters = lettersOf(prompt.userCode, shape);
    if (!letters || letters.some((row) => widthOf(row) > width)) continue;
    const lines = textLines(prompt, shape, width);
    if (lines.length + NOTE_ROWS <= height) return { size: shape[0], lines };
  }
  return undefined;
}

function lettersOf(code: string, [size, broken]: readonly [TextSize, boolean]): readonly string[] | undefined {
  const dash = code.indexOf("-") + 1;
  if (!broken || dash <= 0) return bigText(clean(code), size);
  const above = bigText(clean(code.slice(0, dash)), size);
  const below = bigText(clean(code.slice(dash)), size);
  return above && below && [...above, "", ...below];
}

function textLines(prompt: DevicePrompt, shape: readonly [TextSize, boolean], width: number): readonly Line[] {
  const letters = lettersOf(prompt.userCode, shape) ?? [clean(prompt.userCode)];
  return [
    ...said("Open in any browser, on any device:", width),
    ...said(prompt.url, width, "accent"),
    [],
    ...letters.map((row): Line => [{ text: row, token: "text.strong", spoken: `Code: ${row}` }]),
    [],
    ...said("Approve only if you started this and the codes match.", width, "status.warn"),
    [
      ticking(
        (now) => (prompt.expiresAt > now ? `${left(prompt.expiresAt, now)} left` : "The code has expired."),
        "text.dim",
      ),
    ],
  ];
}

function said(text: string, width: number, token?: Token): readonly Line[] {
  return text ? flow(clean(text), width).map((row) => [t(row, token)]) : [];
}
