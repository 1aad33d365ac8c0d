import { expect, it } from "vitest";
import { t, ticking } from "../../../tui/format/line.ts";
import { SpinnerRow } from "../../../tui/shared/spinner.tsx";
import { drawn } from "../../harness/component.tsx";
import { fakeClock } from "../../harness/fakes.ts";

it("turns before the line, in exactly the width", async () => {
  const spinner = drawn(<SpinnerRow line={[t("swap fcvm-metal-arm")]} width={21} clock={fakeClock()} />, {
    columns: 60,
    rows: 1,
  });
  expect(spinner.text()).toMatch(/^\S swap fcvm-metal-arm$/);
  const [first = ""] = spinner.text();
  await spinner.waitFor(() => !spinner.text().startsWith(first));
  spinner.unmount();
  const narrow = drawn(<SpinnerRow line={[t("swap fcvm-metal-arm")]} width={10} clock={fakeClock()} />, {
    columns: 60,
    rows: 1,
  });
  expect(narrow.text()).toMatch(/^\S swap fc.*$/);
  expect(narrow.text().length).toBeLessThanOrEqual(10);
  narrow.unmount();
});

it("tells the time of the clock that it is given", async () => {
  const clock = fakeClock();
  const start = clock.now();
  const line = [t("stop"), ticking((now) => ` ${(now - start) / 1000} s`)];
  const spinner = drawn(<SpinnerRow line={line} width={30} clock={clock} />, { columns: 60, rows: 1 });
  expect(spinner.text()).toContain("stop 0 s");
  clock.advance(61_000);
  await spinner.waitFor("stop 61 s");
  spinner.unmount();
});
