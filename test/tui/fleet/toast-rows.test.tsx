import { expect, it } from "vitest";
import { Toasts } from "../../../tui/fleet/toast-rows.tsx";
import type { Toast } from "../../../tui/fleet/toasts.ts";
import { drawn } from "../../harness/component.tsx";
import { fakeClock } from "../../harness/fakes.ts";

const SIZE = { columns: 60, rows: 6 };
const TOASTS: readonly Toast[] = [
  { id: 1, text: "jumpbox is running.", tone: "good" },
  { id: 2, text: "AWS takes fcvm-metal-arm in two minutes.", tone: "bad" },
  { id: 3, text: "Copied.", tone: "quiet" },
];

function toasts(shown: readonly Toast[], rows: number) {
  return drawn(<Toasts toasts={shown} columns={SIZE.columns} rows={rows} above={1} clock={fakeClock()} />, SIZE);
}

it("stands over the lower right corner, the newest last, with the rows below it free", () => {
  const three = toasts(TOASTS, 4);
  const rows = three.text().split("\n");
  expect(rows.slice(0, 2)).toEqual(["", ""]);
  expect(rows[2]).toMatch(/^ +▐ ✓ jumpbox is running\.$/);
  expect(rows[3]).toMatch(/▐ ✕ AWS takes fcvm-metal-arm in two minutes\.$/);
  expect(rows[4]).toMatch(/▐ · Copied\.$/);
  expect(rows[5] ?? "").toBe("");
  three.unmount();
});

it("drops the oldest where there is no room, and draws nothing where there is nothing", () => {
  const one = toasts(TOASTS, 1);
  expect(one.text()).toContain("Copied.");
  expect(one.text()).not.toContain("jumpbox");
  one.unmount();
  const none = toasts([], 4);
  expect(none.text().trim()).toBe("");
  none.unmount();
});

it("makes safe what AWS or a machine has said", () => {
  const hostile = toasts([{ id: 1, text: "a\u001b[2Jb\nc", tone: "warning" }], 3);
  expect(hostile.painted()).not.toContain("\u001b[2J");
  expect(hostile.text().split("\n").filter(Boolean)).toHaveLength(1);
  hostile.unmount();
});
