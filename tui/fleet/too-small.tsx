import { Box, Text } from "ink";
import { flow } from "../format/flow.ts";
import { style } from "../shared/theme.ts";
import { LEAST } from "./fleet-frame.ts";

/** Says what size is needed, in whatever room there is. */
export function TooSmall({ columns, rows }: { columns: number; rows: number }) {
  const sentence = `This window is ${columns}×${rows}: snowglobe needs ${LEAST.columns}×${LEAST.rows}, and shows all at 80×24.`;
  const lines = flow(sentence, columns).slice(0, rows);
  const text = lines.join("\n");
  return (
    <Box
      width={columns}
      height={rows}
      overflow="hidden"
      flexDirection="column"
      justifyContent="center"
      aria-label={sentence}
    >
      <Text wrap="truncate-end" {...style("status.warn")}>
        {text}
      </Text>
    </Box>
  );
}
