import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createKeyGate, ESCAPE_KEY, QUIET_MS } from "../../../tui/terminal/key-gate.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const SILENCE_MS = 1000;
const bracketed = (text: string) => `\u001b[200~${text}\u001b[201~`;

/** What is heard of pieces that come a few milliseconds apart, and after a silence at the end. */
function heard(pieces: readonly string[], apart = 5): string {
  const passed: string[] = [];
  const gate = createKeyGate((input) => passed.push(input));
  for (const piece of pieces) {
    gate.push(piece);
    vi.advanceTimersByTime(apart);
  }
  vi.advanceTimersByTime(SILENCE_MS);
  return passed.join("");
}

describe("an answer of the terminal", () => {
  const answers = {
    "background colour (OSC 11)": "\u001b]11;rgb:1e1e/1e1e/2e2e\u001b\\",
    "palette (OSC 4), ended by BEL": "\u001b]4;1;rgb:cdcd/0000/0000\u0007",
    "the terminal's name (XTVERSION, DCS)": "\u001bP>|kitty(0.32.2)\u001b\\",
    "graphics (APC)": "\u001b_Gi=31;OK\u001b\\",
    "a mouse of 1982 (X10)": "\u001b[M q!",
  };
  for (const [name, answer] of Object.entries(answers)) {
    it(`is no key, in any pieces: ${name}`, () => {
      for (let cut = 1; cut < answer.length; cut += 1) {
        expect(heard([answer.slice(0, cut), answer.slice(cut), "k"], 20)).toBe("k");
      }
      expect(heard([`a${answer}b`])).toBe("ab");
      expect(heard([...answer, "k"], 20)).toBe("k");
    });
  }

  it("that never ends takes the keyboard away for a second at most, and Escape or Ctrl+C give it back at once", () => {
    const passed: string[] = [];
    const gate = createKeyGate((input) => passed.push(input));
    gate.push("\u001b]11;rgb:1e");
    vi.advanceTimersByTime(SILENCE_MS);
    gate.push("k");
    gate.push("\u001b]11;rgb:1e");
    gate.push("\u0003");
    gate.push("\u001bP>|ki");
    gate.push("\u001b");
    vi.advanceTimersByTime(30);
    gate.push("q");
    expect(passed).toEqual(["k", "\u0003", ESCAPE_KEY, "q"]);
  });
});

describe("a paste", () => {
  it("is one piece, in whatever pieces it comes", () => {
    const paste = bracketed("two\nlines \u001b[A and an Escape");
    for (let cut = 1; cut < paste.length; cut += 1) {
      expect(heard([paste.slice(0, cut), paste.slice(cut), "k"], 10)).toBe(`${paste}k`);
    }
  });

  it("without an end ends by Escape, by Ctrl+C, and by a second of silence", () => {
    expect(heard(["\u001b[200~vol-0a04", "\u0003", "k"])).toBe(`${bracketed("vol-0a04")}\u0003k`);
    expect(heard(["\u001b[200~vol-0a04", "\u001b", "k"], 30)).toBe(`${bracketed("vol-0a04")}${ESCAPE_KEY}k`);
    expect(heard(["\u001b[200~vol-0a04", "k"], SILENCE_MS)).toBe(`${bracketed("vol-0a04")}k`);
  });
});

describe("keys", () => {
  it("come through whole, arrows and functions too, torn or not", () => {
    for (const key of ["k", "\r", "\u001b[A", "\u001bOP", "\u001b[1;5C", "\u001b[15~", "\u001b[97;5u", "é", "漢"]) {
      expect(heard([key])).toBe(key);
      for (let cut = 1; cut < key.length; cut += 1) expect(heard([key.slice(0, cut), key.slice(cut)])).toBe(key);
    }
  });

  it("Escape is one of its own, whatever is typed or read in the same breath", () => {
    expect(heard(["\u001b"])).toBe(ESCAPE_KEY);
    expect(heard(["\u001bs"])).toBe(`${ESCAPE_KEY}s`);
    expect(heard(["\u001b", "s"])).toBe(`${ESCAPE_KEY}s`);
    expect(heard(["\u001b\u001b"])).toBe(ESCAPE_KEY + ESCAPE_KEY);
    expect(heard(["\u001b\u001b[A"])).toBe(`${ESCAPE_KEY}\u001b[A`);
  });

  it("half a sequence never becomes one", () => {
    expect(heard(["\u001b[1;", "k"], SILENCE_MS)).toBe("k");
  });
});

describe("what was typed for somebody else", () => {
  it("is dropped where the machine was too busy to read it in time: what waits to be read was not silence", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const passed: string[] = [];
    const gate = createKeyGate((input) => passed.push(input));
    gate.dropUntilQuiet();
    // The timers of a late turn of the event loop come before its input.
    vi.advanceTimersByTime(3 * QUIET_MS);
    gate.push("p");
    expect(passed).toEqual([]);
  });

  it("is dropped until it has been quiet for half a second, and a paste that it cut is dropped to its end", () => {
    const passed: string[] = [];
    const gate = createKeyGate((input) => passed.push(input));
    gate.dropUntilQuiet();
    for (const key of "sudo systemctl sta\t\r") {
      gate.push(key);
      vi.advanceTimersByTime(QUIET_MS - 1);
    }
    gate.push("\u001b[200~never ");
    vi.advanceTimersByTime(QUIET_MS - 1);
    gate.push("mine\u001b[201~");
    expect(passed).toEqual([]);
    vi.advanceTimersByTime(QUIET_MS);
    // The rest of that turn of the event loop, which the simulated clock takes for a millisecond.
    vi.advanceTimersByTime(1);
    gate.push("k");
    expect(passed).toEqual(["k"]);
  });

  it("never comes through, whatever is typed and however fast", () => {
    const key = fc.constantFrom("p", "s", "\r", "\t", "\u001b[C", "\u001b", "\u0003", "\u001b]11;", "\u001b[200~", "q");
    const timeline = fc.array(fc.record({ key, after: fc.integer({ min: 0, max: 900 }) }), { maxLength: 40 });
    fc.assert(
      fc.property(timeline, (presses) => {
        let open = false;
        let allowed = true;
        const gate = createKeyGate(() => {
          if (!open) allowed = false;
        });
        gate.dropUntilQuiet();
        for (const { key: pressed, after } of presses) {
          vi.advanceTimersByTime(after);
          open ||= after >= QUIET_MS;
          gate.push(pressed);
        }
        gate.reset();
        return allowed;
      }),
    );
  });
});
