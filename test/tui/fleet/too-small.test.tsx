import { expect, it } from "vitest";
import { isTooSmall } from "../../../tui/fleet/fleet-frame.ts";
import { TooSmall } from "../../../tui/fleet/too-small.tsx";
import { drawn } from "../../harness/component.tsx";

it("says what size is needed in whatever room there is", () => {
  for (const [columns, rows] of [
    [39, 20],
    [20, 8],
    [60, 7],
  ] as const) {
    expect(isTooSmall(columns, rows)).toBe(true);
    const window = drawn(<TooSmall columns={columns} rows={rows} />, { columns, rows });
    expect(window.text().replaceAll(/\s+/g, " ").trim()).toBe(
      `This window is ${columns}×${rows}: snowglobe needs 40×8, and shows all at 80×24.`,
    );
    for (const row of window.text().split("\n")) expect(row.length).toBeLessThanOrEqual(columns);
    window.unmount();
  }
  expect(isTooSmall(40, 8)).toBe(false);
});

it("gives as much of it as fits into a window of nothing", () => {
  const window = drawn(<TooSmall columns={10} rows={2} />, { columns: 10, rows: 2 });
  expect(window.text().split("\n")).toHaveLength(2);
  expect(window.text()).toMatch(/^This/);
  window.unmount();
});
