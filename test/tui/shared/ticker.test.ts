import { expect, it } from "vitest";
import { whileItMatters } from "../../../tui/shared/ticker.ts";

it("asks every second while seconds change something, every fifth while they do not, and every one again after a change", () => {
  let shown = 0;
  let asked = 0;
  /** What a second makes of what is shown. */
  let second = () => {};
  const tick = whileItMatters(
    () => {
      asked += 1;
      second();
    },
    () => shown,
  );
  const ticks = (count: number) => {
    asked = 0;
    for (let one = 0; one < count; one += 1) tick();
    return asked;
  };
  second = () => {
    shown += 1;
  };
  expect(ticks(20)).toBe(20);
  second = () => {};
  expect(ticks(5)).toBe(5);
  expect(ticks(50)).toBe(10);
  // Something else than the time: a countdown may stand there now.
  shown += 1;
  expect(ticks(5)).toBe(5);
});
