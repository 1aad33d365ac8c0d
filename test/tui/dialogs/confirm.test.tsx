/** The dialogs as components: buttons, a typed word, a list. How a run asks them stands in dialogs.test.tsx. */

import { expect, it } from "vitest";
import { ChooseDialog } from "../../../tui/dialogs/choose-dialog.tsx";
import { ConfirmDialog } from "../../../tui/dialogs/dialog.tsx";
import { TypedDialog } from "../../../tui/dialogs/typed-dialog.tsx";
import { drawn } from "../../harness/component.tsx";
import { fakeClock } from "../../harness/fakes.ts";

const SIZE = { columns: 80, rows: 20 };
const WINDOW = { ...SIZE, active: true, clock: fakeClock() };

function confirm() {
  const answers: string[] = [];
  const dialog = drawn(
    <ConfirmDialog
      {...WINDOW}
      title="Stop jumpbox?"
      lines={["Stop i-0abc: what runs on it ends."]}
      yes="Stop it"
      no="Cancel"
      onYes={() => answers.push("yes")}
      onNo={() => answers.push("no")}
    />,
    SIZE,
  );
  return { dialog, answers };
}

it("a question has Cancel in focus, and the arrows move it", async () => {
  const { dialog, answers } = confirm();
  expect(dialog.text()).toContain("Stop jumpbox?");
  expect(dialog.text()).toMatch(/\[ Cancel \] {4}Stop it/);
  await dialog.press("right");
  await dialog.waitFor("[ Stop it ]");
  await dialog.press("left");
  await dialog.waitFor("[ Cancel ]");
  await dialog.press("enter");
  await dialog.waitFor(() => answers.length > 0);
  expect(answers).toEqual(["no"]);
  dialog.unmount();
});

it("a question is answered by the other button and Enter", async () => {
  const { dialog, answers } = confirm();
  await dialog.press("tab", "enter");
  await dialog.waitFor(() => answers.length > 0);
  expect(answers).toEqual(["yes"]);
  dialog.unmount();
});

it("a typed question takes the right word alone, and says which character is wrong", async () => {
  const answers: string[] = [];
  const dialog = drawn(
    <TypedDialog
      {...WINDOW}
      title="Delete vol-12?"
      lines={["It is deleted for ever."]}
      word="vol-12"
      yes="Delete it"
      no="Keep it"
      onYes={() => answers.push("yes")}
      onNo={() => answers.push("no")}
    />,
    SIZE,
  );
  await dialog.press("v", "o", "k", "enter");
  await dialog.waitFor('Character 3 is "k" and should be "l".');
  expect(answers).toEqual([]);
  await dialog.press("backspace", "l", "-", "1", "2", "enter");
  await dialog.waitFor(() => answers.length > 0);
  expect(answers).toEqual(["yes"]);
  dialog.unmount();
});

it("a list is chosen from by arrows and Enter, and left by Escape", async () => {
  const answers: (string | undefined)[] = [];
  const dialog = drawn(
    <ChooseDialog
      {...WINDOW}
      title="Which kernel?"
      lines={[]}
      choices={[
        { id: "cancel", label: "Cancel" },
        { id: "guest", label: "Guest", detail: "a Firecracker microVM's image" },
        { id: "host", label: "Host" },
      ]}
      onChoice={(id) => answers.push(id)}
      onNo={() => answers.push(undefined)}
    />,
    SIZE,
  );
  expect(dialog.text()).toMatch(/› 1 Cancel/);
  await dialog.press("down");
  await dialog.waitFor(() => /› 2 Guest/.test(dialog.text()));
  await dialog.press("enter");
  await dialog.waitFor(() => answers.length === 1);
  await dialog.press("escape");
  await dialog.waitFor(() => answers.length === 2);
  expect(answers).toEqual(["guest", undefined]);
  dialog.unmount();
});
