import { expect, it } from "vitest";
import { type Line, t } from "../../../tui/format/line.ts";
import { Rows } from "../../../tui/shared/rows.tsx";
import { drawn } from "../../harness/component.tsx";
import { fakeClock } from "../../harness/fakes.ts";

const SIZE = { columns: 60, rows: 6 };

it("gives each line one row, cut at the width and never wrapped; an empty line keeps its row", () => {
  const lines: Line[] = [[t("one")], [], [t("a line that is longer than the width")], [t("last")]];
  const rows = drawn(<Rows lines={lines} width={12} clock={fakeClock()} />, SIZE);
  const [first, second, third = "", fourth] = rows.text().split("\n");
  expect([first, second, fourth]).toEqual(["one", "", "last"]);
  expect(third.length).toBeLessThanOrEqual(12);
  expect(third).toMatch(/^a line that/);
  rows.unmount();
});

it("draws what it is given anew, and nothing of what stood there before", () => {
  const clock = fakeClock();
  const rows = drawn(<Rows lines={[[t("volumes")], [t("vol-1")], [t("vol-2")]]} width={20} clock={clock} />, SIZE);
  rows.rerender(<Rows lines={[[t("none")]]} width={20} clock={clock} />);
  expect(rows.text().trimEnd()).toBe("none");
  rows.unmount();
});
