/** What is busy: something that turns, beside a line that says what and for how long. Mounted only while it is so. */

import { Box, Text, useIsScreenReaderEnabled } from "ink";
import Spinner from "ink-spinner";
import type { Clock } from "../../ops/clock.ts";
import type { Line } from "../format/line.ts";
import { Row } from "./rows.tsx";
import { style } from "./theme.ts";

/** A spinner and the line, together `width` columns. */
export function SpinnerRow({ line, width, clock }: { line: Line; width: number; clock: Clock }) {
  if (useIsScreenReaderEnabled()) return <Row line={line} width={width} clock={clock} />;
  return (
    <Box width={width} height={1} flexShrink={0}>
      <Box width={2} flexShrink={0}>
        <Text {...style("status.busy")}>
          <Spinner type="dots" />
        </Text>
      </Box>
      <Row line={line} width={Math.max(0, width - 2)} clock={clock} />
    </Box>
  );
}
