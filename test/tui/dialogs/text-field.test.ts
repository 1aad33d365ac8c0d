import fc from "fast-check";
import { expect, it } from "vitest";
import { EMPTY_FIELD, edited, fieldText, pasted } from "../../../tui/dialogs/text-field.ts";
import { clean } from "../../../tui/format/text.ts";

const KEYS = ["left", "right", "home", "end", "backspace", "delete", "ctrl+a", "ctrl+e", "ctrl+u", "ctrl+k", "ctrl+w"];
const move = fc.oneof(
  fc.constantFrom(...KEYS).map((name) => ({ text: "", name })),
  fc.string({ unit: "grapheme", maxLength: 4 }).map((text) => ({ text, name: text })),
);

it("never loses or invents a character by moving, whatever is typed", () => {
  fc.assert(
    fc.property(fc.array(move), fc.constantFrom("left", "right", "home", "end"), (moves, last) => {
      const field = moves.reduce((old, { text, name }) => edited(old, text, name), EMPTY_FIELD);
      expect(fieldText(edited(field, "", last))).toBe(fieldText(field));
      expect(clean(fieldText(field))).toBe(fieldText(field));
    }),
  );
});

it("pastes one line, and takes whole characters away", () => {
  expect(fieldText(pasted(EMPTY_FIELD, "\n vol-1\r\n"))).toBe("vol-1");
  expect(fieldText(pasted(EMPTY_FIELD, "a\nb"))).toBe("a b");
  expect(fieldText(edited({ before: "a👩‍💻", after: "" }, "", "backspace"))).toBe("a");
});
