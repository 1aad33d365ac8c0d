/** This folder: tests of questions and of typing. Not here: what is done with an answer. */
import { describe, expect, it } from "vitest";
import type { Answer, Question } from "../../../ops/operation/types.ts";
import { wrongness } from "../../../tui/dialogs/typed-dialog.tsx";
import { FOREVER, scripted, show } from "../run/scripted.tsx";

/** Shows one question of a real run; `answers` fills with what the operation was told. */
async function asked(question: Question, size: { columns?: number; rows?: number } = {}) {
  const answers: (Answer | undefined)[] = [];
  const run = scripted(async ({ ask }) => {
    answers.push(await ask(question));
    return FOREVER;
  });
  const { screen } = await show(run, size);
  await screen.waitFor(question.title);
  return { screen, answers, run };
}

const SWAP: Question = {
  kind: "confirm",
  title: "Swap fcvm-metal-arm?",
  lines: ["Root off: vol-0aaa", "Root on:  vol-09e5"],
  yes: "Swap",
  no: "Cancel",
};

describe("a question of yes or no", () => {
  it("has the harmless answer in focus: Enter and Escape say no", async () => {
    for (const key of ["enter", "escape"]) {
      const { screen, answers } = await asked(SWAP);
      expect(screen.text()).toContain("[ Cancel ]");
      expect(screen.text()).toContain("Root on:  vol-09e5");
      await screen.press(key);
      expect(answers).toEqual([undefined]);
      await screen.waitFor((text) => !text.includes("[ Cancel ]"));
      await screen.unmount();
    }
  });

  it("is answered yes only by going to the other button", async () => {
    for (const keys of [
      ["right", "enter"],
      ["tab", "enter"],
      ["tab", "tab", "right", "enter"],
    ]) {
      const { screen, answers } = await asked(SWAP);
      await screen.press("Y", "space");
      expect(answers).toEqual([]);
      await screen.press(...keys);
      expect(answers).toEqual(["yes"]);
      await screen.unmount();
    }
  });

  it("takes y and n as well as its buttons, and shows what a yes does as a table, what cannot be undone in it", async () => {
    const deeds = [
      { act: "Stop", object: "i-0c4d5e6f708192a3b", consequence: "what runs on it ends" },
      {
        act: "Delete",
        object: "vol-0f4d5e6f708192a3b",
        consequence: "300 GiB, 3 h old; once SSH has answered",
        irreversible: true,
      },
    ];
    for (const [key, answer] of [
      ["y", "yes"],
      ["n", undefined],
    ] as const) {
      const { screen, answers } = await asked({ ...SWAP, deeds });
      expect(screen.text()).toMatch(/1 {2}Stop {4}i-0c4d5e6f708192a3b {4}what runs on it ends/);
      expect(screen.text()).toMatch(/2 {2}Delete {2}vol-0f4d5e6f708192a3b {2}300 GiB, 3 h old; once/);
      await screen.press(key);
      expect(answers).toEqual([answer]);
      await screen.unmount();
    }
    const narrow = await asked({ ...SWAP, deeds }, { columns: 44 });
    expect(narrow.screen.text()).toContain("1  Stop i-0c4d5e6f708192a3b: what runs");
    await narrow.screen.unmount();
  });

  it("hears keys that come in one chunk, as over a slow link", async () => {
    const { screen, answers } = await asked(SWAP);
    await screen.press("\u001b[C\u001b[D\u001b[C\r");
    expect(answers).toEqual(["yes"]);
    await screen.unmount();
  });

  it("can go back from the other button", async () => {
    const { screen, answers } = await asked(SWAP);
    await screen.press("right", "left", "enter");
    expect(answers).toEqual([undefined]);
    await screen.unmount();
  });

  it("scrolls what does not fit, with its buttons always in sight", async () => {
    const lines = Array.from({ length: 40 }, (_, line) => `vol-${line} is touched`);
    const { screen } = await asked({ ...SWAP, lines }, { columns: 60, rows: 16 });
    expect(screen.text()).toContain("[ Cancel ]");
    expect(screen.text()).toMatch(/↓ \d+ more/);
    expect(screen.text()).not.toContain("vol-39");
    for (let press = 0; press < 40; press += 1) await screen.press("down");
    expect(screen.text()).toContain("vol-39 is touched");
    expect(screen.text()).toContain("[ Cancel ]");
    await screen.unmount();
  });

  it("starts afresh with every question", async () => {
    const answers: (Answer | undefined)[] = [];
    const run = scripted(async ({ ask }) => {
      answers.push(await ask(SWAP));
      answers.push(await ask({ ...SWAP, title: "Really?" }));
      return FOREVER;
    });
    const { screen } = await show(run);
    await screen.press("right", "enter");
    await screen.waitFor("Really?");
    expect(screen.text()).toContain("[ Cancel ]");
    await screen.press("enter");
    expect(answers).toEqual(["yes", undefined]);
    await screen.unmount();
  });
});

describe("a question that a word answers", () => {
  const DELETE: Question = { ...SWAP, title: "Delete it?", yes: "Delete it", no: "Keep it", typed: "vol-0123" };

  it("takes the exact word and nothing else", async () => {
    const { screen, answers } = await asked(DELETE);
    await screen.press("enter");
    await screen.type("vol-01x");
    await screen.waitFor('✗ Character 7 is "x" and should be "2".');
    await screen.press("enter");
    expect(answers).toEqual([]);
    await screen.press("backspace");
    await screen.type("23");
    await screen.waitFor("✓ It matches.");
    await screen.press("enter");
    expect(answers).toEqual(["yes"]);
    await screen.unmount();
  });

  it("takes a paste, with the white space around it off", async () => {
    const { screen, answers } = await asked(DELETE);
    await screen.paste("  vol-0123\n");
    await screen.waitFor("✓ It matches.");
    await screen.press("enter");
    expect(answers).toEqual(["yes"]);
    await screen.unmount();
  });

  it("is refused by Escape", async () => {
    const { screen, answers } = await asked(DELETE);
    await screen.type("vol-0123");
    await screen.press("escape");
    expect(answers).toEqual([undefined]);
    await screen.unmount();
  });

  it("says what is wrong", () => {
    expect(wrongness("", "arm")).toBe("Nothing is typed yet.");
    expect(wrongness("a", "arm")).toBe("Right so far: 2 more characters.");
    expect(wrongness("ar", "arm")).toBe("Right so far: 1 more character.");
    expect(wrongness("arm", "arm")).toBe("");
    expect(wrongness("arms", "arm")).toBe("✗ Too long by 1.");
    expect(wrongness("ARM", "arm")).toBe('✗ Character 1 is "A" and should be "a".');
  });
});

describe("a question with a list", () => {
  const choices = Array.from({ length: 40 }, (_, index) => ({ id: `id-${index}`, label: `account-${index}` }));

  it("scrolls and gives the id of what is marked", async () => {
    const { screen, answers } = await asked({ kind: "choose", title: "Which?", lines: ["Asked once."], choices });
    expect(screen.text()).toContain("› account-0");
    expect(screen.text()).not.toContain("account-39");
    await screen.press("up", "down", "down", "pagedown", "pagedown");
    await screen.waitFor("› account-18");
    await screen.press("enter");
    expect(answers).toEqual(["id-18"]);
    await screen.unmount();
  });

  it("keeps what is marked in sight to both ends", async () => {
    const { screen } = await asked({ kind: "choose", title: "Which?", lines: [], choices }, { columns: 60, rows: 12 });
    for (let press = 0; press < 45; press += 1) await screen.press("down");
    expect(screen.text()).toContain("› account-39");
    expect(screen.text()).toContain("40 of 40");
    for (let press = 0; press < 6; press += 1) await screen.press("pageup");
    expect(screen.text()).toContain("› account-0");
    await screen.unmount();
  });
});

describe("a question with a line of text", () => {
  const URL: Question = {
    kind: "text",
    title: "Start URL?",
    lines: [],
    placeholder: "https://example.awsapps.com/start",
    check: (text) => (text.startsWith("https://") ? undefined : "A start URL begins with https://."),
  };

  it("shows the placeholder, then what is wrong while one types, and takes what is right", async () => {
    const { screen, answers } = await asked(URL);
    expect(screen.text()).toContain("https://example.awsapps.com/start");
    expect(screen.text()).not.toContain("begins with");
    await screen.type("ttps");
    await screen.waitFor("A start URL begins with https://.");
    await screen.press("enter");
    expect(answers).toEqual([]);
    await screen.press("home");
    await screen.type("h");
    await screen.press("end");
    await screen.type("://xy");
    await screen.press("left", "backspace", "right", "delete");
    await screen.waitFor((text) => text.includes("› https://y") && !text.includes("begins with"));
    await screen.press("enter");
    expect(answers).toEqual(["https://y"]);
    await screen.unmount();
  });

  it("takes a paste and edits by words and lines", async () => {
    const { screen, answers } = await asked(URL);
    await screen.paste("https://one two");
    await screen.press("ctrl+w");
    await screen.paste("three");
    await screen.press("enter");
    expect(answers).toEqual(["https://one three"]);
    await screen.unmount();
  });

  it("survives a pasted megabyte", async () => {
    const { screen } = await asked(URL);
    await screen.paste(`https://${"x".repeat(1_000_000)}`);
    await screen.waitFor("xxxx");
    expect(screen.scrolledAway()).toBe(0);
    await screen.unmount();
  });
});

it("takes a word and its Enter that come in one piece, as from a slow link", async () => {
  const { screen, answers } = await asked({ ...SWAP, typed: "arm" });
  await screen.press("arm\r");
  await expect.poll(() => answers).toEqual(["yes"]);
  await screen.unmount();
});

it("stays in the middle of the window when that is resized, with what was typed", async () => {
  const { screen } = await asked({ ...SWAP, typed: "arm" });
  await screen.type("ar");
  await screen.resize(120, 40);
  await screen.waitFor("› ar");
  await screen.resize(60, 14);
  await screen.waitFor("› ar");
  expect(screen.text()).toContain("1 more character");
  expect(screen.scrolledAway()).toBe(0);
  await screen.unmount();
});
