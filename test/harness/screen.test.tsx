import { Box, Text, useWindowSize } from "ink";
import { useState } from "react";
import { expect, it } from "vitest";
import { useKeys } from "../../tui/keys/use-keys.ts";
import { renderScreen } from "./screen.tsx";

function Probe() {
  const { columns, rows } = useWindowSize();
  const [seen, setSeen] = useState("");
  useKeys(
    "typed",
    { accept: () => setSeen((old) => `${old}<enter>`), back: () => setSeen((old) => `${old}<back>`) },
    { active: true, onText: (text) => setSeen((old) => old + text) },
  );
  return (
    <Box width={columns} height={rows} overflow="hidden" flexDirection="column">
      <Text>{`${columns}x${rows}`}</Text>
      <Text>{seen}</Text>
    </Box>
  );
}

it("draws, hears keys, resizes and unmounts", async () => {
  const screen = await renderScreen(<Probe />, { columns: 30, rows: 4 });
  expect(screen.screen()[0]).toBe("30x4");
  await screen.type("ab");
  await screen.press("enter", "escape");
  expect(screen.screen()[1]).toBe("ab<enter><back>");
  await screen.resize(50, 6);
  await screen.waitFor("50x6");
  expect(screen.screen()).toHaveLength(6);
  expect(screen.scrolledAway()).toBe(0);
  await screen.unmount();
});
