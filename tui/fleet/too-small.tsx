import { Box, Text } from "ink";
import { flow } from "../format/flow.ts";
import { style } from "../shared/theme.ts";

/** The least in which the three machines can be told apart. */
const LEAST = { columns: 40, rows: 8 } as const;

export function isTooSmall(columns: number, rows: number): boolean {
  return columns < LEAST.columns || rows < LEAST.rows;
}

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
