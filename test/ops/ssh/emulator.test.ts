import xterm, { type IBufferCell, type Terminal } from "@xterm/headless";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createEmulator, type Emulator } from "../../../ops/ssh/emulator.ts";
import { enter, LEAVE } from "../../../ops/ssh/replay.ts";
import { onlyPrints, shorten, splitOpenEnd } from "../../../ops/ssh/shorten.ts";
import { currentWidths } from "../../../ops/ssh/widths.ts";
import { type Extended, extendedOf, internals, mendEraseAbove, parse } from "../../../ops/ssh/xterm-internals.ts";
import { gridRows } from "../../harness/grid.ts";

const SIZE = { columns: 20, rows: 6 };

function realTerminal(size = SIZE): Terminal {
  const terminal = new xterm.Terminal({ cols: size.columns, rows: size.rows, allowProposedApi: true, scrollback: 50 });
  terminal.unicode.register(currentWidths);
  terminal.unicode.activeVersion = currentWidths.version;
  mendEraseAbove(terminal);
  return terminal;
}

const write = (terminal: Terminal, bytes: string | Uint8Array) =>
  new Promise<void>((resolve) => terminal.write(bytes, resolve));

/** How a cell is underlined. */
function underlineOf(cell: IBufferCell) {
  const { underline, colour } = extendedOf(cell as IBufferCell & Extended);
  return [underline, underline && colour];
}

/** Everything of a terminal that a person or a program could tell the difference by. */
function stateOf(terminal: Terminal) {
  const buffer = terminal.buffer.active;
  const rows = Array.from({ length: terminal.rows }, (_, row) => {
    const line = buffer.getLine(buffer.baseY + row);
    return Array.from({ length: terminal.cols }, (_, column) => {
      const cell = line?.getCell(column);
      if (!cell) return "";
      const style = [
        cell.getFgColorMode(),
        cell.getFgColor(),
        cell.getBgColorMode(),
        cell.getBgColor(),
        ...[cell.isBold(), cell.isItalic(), cell.isDim(), cell.isInverse(), cell.isInvisible()],
        ...underlineOf(cell),
      ];
      // An empty cell shows its background alone, and so does a space that nothing underlines.
      const shows = cell.getChars().trim() || cell.isUnderline() || cell.isInverse() ? cell.getChars() : "";
      return shows ? `${cell.getChars()}|${style.join()}` : `|${cell.getBgColorMode()},${cell.getBgColor()}`;
    });
  });
  return { rows, x: buffer.cursorX, y: buffer.cursorY, type: buffer.type, modes: terminal.modes };
}

async function emulatorOf(size = SIZE): Promise<Emulator> {
  return createEmulator(size, { onAnswer: () => {}, onCrowded: () => {} });
}

const CSI = "\u001b[";
const small = fc.integer({ min: 1, max: 22 });
const token = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: "grapheme-ascii", maxLength: 12 }) },
  { weight: 2, arbitrary: fc.constantFrom("\r\n", "\r\n", "\n", "\r", "\t", "\b", "日本", "é", "😀", "─│") },
  { weight: 2, arbitrary: fc.tuple(small, small).map(([row, column]) => `${CSI}${row};${column}H`) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(
        "0",
        "4",
        "4:3",
        "4:3;58:2::9:8:7",
        "4:5;58:5:7",
        "24",
        "59",
        "1",
        "3",
        "7",
        "31",
        "42",
        "97",
        "104",
        "38;5;200",
        "48;2;1;2;3",
        "22",
        "27",
        "49",
      )
      .map((style) => `${CSI}${style}m`),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(small, fc.constantFrom("A", "B", "C", "D", "J", "K", "L", "M", "P", "X", "@", "S", "T", "d", "G"))
      .map(([count, final]) => `${CSI}${"JK".includes(final) ? count % 3 : count % 5}${final}`),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(1, 7, 25, 47, 1000, 1002, 1006, 1004, 1049, 2004, 6, 66), fc.boolean())
      .map(([mode, on]) => `${CSI}?${mode}${on ? "h" : "l"}`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 2, max: 6 }))
      .map(([top, bottom]) => `${CSI}${Math.min(top, bottom - 1)};${bottom}r`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("\u001b7", "\u001b8", "\u001bM", `${CSI}4h`, `${CSI}4l`),
  },
);
const stream = fc.array(token, { maxLength: 60 }).map((tokens) => tokens.join(""));

test("a replay on a cleared terminal shows the same screen, and goes on in the same way", async () => {
  await fc.assert(
    fc.asyncProperty(stream, stream, fc.integer({ min: 1, max: 40 }), async (before, after, step) => {
      const emulator = await emulatorOf();
      const plain = realTerminal();
      const shown = realTerminal();
      try {
        const bytes = Buffer.from(before);
        for (let at = 0; at < bytes.length; at += step) emulator.push(bytes.subarray(at, at + step), at % 2 === 0);
        await emulator.settle();
        await write(plain, bytes);
        await write(shown, `left by another program${CSI}?1h${enter(SIZE.rows, false)}`);
        await write(shown, emulator.replay());
        expect(stateOf(shown)).toEqual(stateOf(plain));
        // Tabs and saved cursors of the past are a matter of the stream alone; what is written next must agree.
        await write(shown, after);
        await write(plain, after);
        expect(stateOf(shown)).toEqual(stateOf(plain));
      } finally {
        emulator.dispose();
        plain.dispose();
        shown.dispose();
      }
    }),
    { numRuns: 150 },
  );
});

test("hyperlinks and curly underlines come back, and what is written next has them too", async () => {
  const emulator = await emulatorOf();
  const shown = realTerminal();
  const link = "\u001b]8;;https://one.example/\u001b\\";
  emulator.push(Buffer.from(`${link}li${CSI}4:3mnk\u001b]8;;\u001b\\ no ${link}on`), false);
  await emulator.settle();
  await write(shown, enter(SIZE.rows, false));
  await write(shown, emulator.replay());
  await write(shown, "e");
  const { _oscLinkService } = internals(shown);
  const cells = Array.from({ length: 11 }, (_, column) => {
    const cell = shown.buffer.active.getLine(shown.buffer.active.baseY)?.getCell(column);
    const { underline, link: id } = extendedOf(cell as IBufferCell & Extended);
    return `${cell?.getChars()}${underline}${id ? _oscLinkService.getLinkData(id)?.uri.slice(8, 11) : ""}`;
  });
  expect(cells.join(" ")).toBe("l0one i0one n3one k3one  3 n3 o3  3 o3one n3one e3one");
  await write(shown, `${LEAVE}plain`);
  expect(extendedOf(shown.buffer.active.getLine(0)?.getCell(0) as IBufferCell & Extended)).toMatchObject({
    underline: 0,
    link: 0,
  });
  emulator.dispose();
  shown.dispose();
});

test("characters are as wide as terminals count them, one by one", async () => {
  const terminal = realTerminal();
  const after = async (text: string) => {
    await write(terminal, `\r${text}`);
    return terminal.buffer.active.cursorX;
  };
  expect(await after("\u{1f1e9}\u{1f1ea}")).toBe(2);
  expect(await after("\u1112\u1161\u11ab")).toBe(2);
  expect(await after("\u2630")).toBe(1);
  expect(await after("a\u00adb")).toBe(3);
  expect(await after("\u{1f469}\u200d\u{1f4bb}")).toBe(4);
  terminal.dispose();
});

test("erasing upwards from the last corner neither throws nor leaves anything", async () => {
  const terminal = realTerminal();
  await write(terminal, `${CSI}?1049h${"x".repeat(119)}${CSI}6;20H${CSI}1J`);
  expect(gridRows(terminal).join("")).toBe("");
  expect(terminal.buffer.active.cursorX).toBe(19);
});

test("an error of the parser's loses a piece of the stream, and nothing else", async () => {
  const terminal = realTerminal();
  const fault = terminal.parser.registerCsiHandler({ final: "Z" }, () => {
    throw new Error("a fault");
  });
  parse(terminal, Buffer.from(`one${CSI}Zlost`));
  parse(terminal, Buffer.from(" two"));
  expect(gridRows(terminal)[0]).toBe("one two");
  fault.dispose();
});

test("line drawing goes on as line drawing", async () => {
  for (const shift of ["\u001b(0", "\u001b)0\u000e", "\u001b(0\u001b7\u001b(B\u001b8"]) {
    const emulator = await emulatorOf();
    emulator.push(Buffer.from(`${shift}q`), false);
    await emulator.settle();
    const shown = realTerminal();
    await write(shown, Buffer.concat([Buffer.from(enter(SIZE.rows, false)), emulator.replay()]));
    await write(shown, "q");
    expect(gridRows(shown)[0]).toBe("──");
    emulator.dispose();
  }
});

test("a stream cut in the middle of a sequence or of a character goes on whole", async () => {
  const whole = Buffer.from(`one\r\n${CSI}38;5;200mtwo\u001b]2;title\u0007 é 😀 end`);
  for (let cut = 0; cut <= whole.length; cut += 1) {
    const emulator = await emulatorOf();
    const plain = realTerminal();
    const shown = realTerminal();
    emulator.push(whole.subarray(0, cut), false);
    await emulator.settle();
    await write(shown, Buffer.concat([Buffer.from(enter(SIZE.rows, false)), emulator.replay()]));
    await write(shown, whole.subarray(cut));
    await write(plain, whole);
    expect(stateOf(shown), `cut at ${cut}`).toEqual(stateOf(plain));
    emulator.dispose();
  }
});

test("a flood of plain text is shortened without a trace", async () => {
  for (const prefix of ["", `${CSI}?1049h`, `${CSI}31m`, `${CSI}2;4r${CSI}3;1H`, "\u001bP1;2|", "\u001b]2;open"]) {
    const lines = Array.from({ length: 80_000 }, (_, line) => `line ${line} ${"x".repeat(line % 37)}\r\n`).join("");
    const flood = Buffer.from(`${prefix}${lines}last`);
    const emulator = await emulatorOf();
    const plain = realTerminal();
    for (let at = 0; at < flood.length; at += 60_000) emulator.push(flood.subarray(at, at + 60_000), true);
    await emulator.settle();
    await write(plain, flood);
    const shown = realTerminal();
    await write(shown, Buffer.concat([Buffer.from(enter(SIZE.rows, false)), emulator.replay()]));
    expect(gridRows(shown), JSON.stringify(prefix)).toEqual(gridRows(plain));
    expect(stateOf(shown)).toEqual(stateOf(plain));
    emulator.dispose();
  }
});

test("a flood that is parsed while it still grows is all there, in its order", async () => {
  const emulator = await emulatorOf();
  const plain = realTerminal();
  for (let chunk = 0; chunk < 60; chunk += 1) {
    const lines = Array.from(
      { length: 20 * (chunk % 7) + 1 },
      (_, row) => `${CSI}3${row % 8}mline ${chunk}.${row}\r\n`,
    );
    const bytes = Buffer.from(`${lines.join("")}${chunk % 11 === 5 ? `${CSI}2J` : ""}`);
    emulator.push(bytes, chunk % 13 === 7);
    await write(plain, bytes);
    if (chunk % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 7));
  }
  await emulator.settle();
  const shown = realTerminal();
  await write(shown, Buffer.concat([Buffer.from(enter(SIZE.rows, false)), emulator.replay()]));
  expect(stateOf(shown)).toEqual(stateOf(plain));
  emulator.dispose();
});

test("a flood of colours is shortened without a trace, wherever its chunks are cut", async () => {
  const line = fc.tuple(
    fc.constantFrom(
      "",
      `${CSI}m`,
      `${CSI}0m`,
      `${CSI}1;31m`,
      `${CSI}48;5;20m`,
      `${CSI}7m`,
      `${CSI}K`,
      `${CSI}38;2;1;2;3m`,
    ),
    fc.constantFrom("text", "é─", "", "\t", "longer than the window is wide", "a\bb"),
    fc.constantFrom("", `${CSI}0m`, `${CSI}K`, `${CSI}32m`),
    fc.constantFrom("\r\n", "\r\n", "\n"),
  );
  const lines = fc
    .array(line, { minLength: 1, maxLength: 30 })
    .map((parts) => parts.map((part) => part.join("")).join(""));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("", `${CSI}44m`, "x"),
      lines,
      fc.integer({ min: 7, max: 90 }),
      async (before, text, step) => {
        const run: Buffer[] = [];
        let open: Buffer = Buffer.alloc(0);
        const bytes = Buffer.from(text.repeat(Math.ceil(60 / text.split("\n").length)));
        for (let at = 0; at < bytes.length; at += step) {
          const [whole, rest] = splitOpenEnd(Buffer.concat([open, bytes.subarray(at, at + step)]));
          run.push(whole);
          open = rest;
        }
        const kept = shorten(run, 2 * SIZE.rows);
        if (!kept) return;
        const plain = realTerminal();
        const shown = realTerminal();
        await write(plain, Buffer.concat([Buffer.from(before), ...run, open]));
        await write(shown, Buffer.concat([Buffer.from(before), kept, open]));
        expect(stateOf(shown)).toEqual(stateOf(plain));
        expect(kept.length).toBeLessThanOrEqual(bytes.length);
        plain.dispose();
        shown.dispose();
      },
    ),
    { numRuns: 150 },
  );
});

test("what only prints holds no other control sequence in any encoding", () => {
  expect(onlyPrints(Buffer.from("ls -l\r\n\tétude £5\u0007"))).toBe(true);
  expect(onlyPrints(Buffer.from("\u001b[1;38:2::1:2:3mfile\u001b[m\u001b[K"))).toBe(true);
  for (const text of [
    "a\u001b[H",
    "a\u001b[?25h",
    "\u001b]0;t\u0007",
    "\u001b7",
    "a\u009b1m",
    "a\u000eb",
    "\u001b[1",
  ]) {
    expect(onlyPrints(Buffer.from(text)), JSON.stringify(text)).toBe(false);
  }
  expect(onlyPrints(Buffer.from([0x61, 0xc2]))).toBe(false);
  expect(onlyPrints(Buffer.from([0x9b, 0x61]))).toBe(false);
});

test("queries are answered only where no real terminal saw them", async () => {
  const answers: string[] = [];
  const emulator = await createEmulator(SIZE, { onAnswer: (answer) => answers.push(answer), onCrowded: () => {} });
  emulator.push(Buffer.from(`${CSI}6n`), true);
  emulator.push(Buffer.from(`ab${CSI}6n`), false);
  emulator.push(Buffer.from(`${CSI}c`), true);
  await emulator.settle();
  expect(answers).toEqual([`${CSI}1;3R`]);
  emulator.dispose();
});

test("the source is held when more waits than may, and let go when it is parsed", async () => {
  const crowded: boolean[] = [];
  const emulator = await createEmulator(SIZE, { onAnswer: () => {}, onCrowded: (now) => crowded.push(now) });
  const chunk = Buffer.from(`${CSI}32mcoloured${CSI}0m output${CSI}1G\r\n`.repeat(4000));
  for (let sent = 0; sent < 9 * 1024 * 1024; sent += chunk.length) emulator.push(chunk, true);
  expect(crowded).toEqual([true]);
  await emulator.settle();
  expect(crowded).toEqual([true, false]);
  emulator.dispose();
});

test("sizes take their place in the stream", async () => {
  const emulator = await emulatorOf();
  emulator.push(Buffer.from(`${"a".repeat(25)}\r\n`), false);
  emulator.resize({ columns: 30, rows: 6 });
  emulator.push(Buffer.from("b".repeat(25)), false);
  await emulator.settle();
  expect(emulator.lastLines(3)).toEqual(["a".repeat(25), "b".repeat(25)]);
  emulator.dispose();
});

test("title, keyboard protocols and the last lines are kept", async () => {
  const emulator = await emulatorOf();
  emulator.push(Buffer.from(`\u001b]0;vim\u0007${CSI}>1u${CSI}>5u${CSI}<u${CSI}>4;2mone\r\ntwo`), false);
  await emulator.settle();
  expect(emulator.title()).toBe("vim");
  expect(emulator.lastLines(1)).toEqual(["two"]);
  const replayed = emulator.replay().toString();
  expect(replayed).toContain(`${CSI}>1u${CSI}>4;2m`);
  expect(replayed).toContain("\u001b]2;vim\u0007");
  emulator.push(Buffer.from("\u001bc"), false);
  await emulator.settle();
  expect(emulator.replay().toString()).not.toContain(`${CSI}>1u`);
  emulator.dispose();
});

test("leaving puts back every mode, whatever was on and wherever the stream was cut", async () => {
  await fc.assert(
    fc.asyncProperty(stream, fc.nat(400), async (text, cut) => {
      const used = realTerminal();
      await write(used, Buffer.concat([Buffer.from(text).subarray(0, cut), Buffer.from(`${LEAVE}x`)]));
      const fresh = realTerminal();
      await write(fresh, "x");
      expect(stateOf(used)).toEqual(stateOf(fresh));
    }),
    { numRuns: 100 },
  );
});

/** All rows of the normal screen, those scrolled away too, without the empty ones at the end. */
function everything(terminal: Terminal): string {
  const { normal } = terminal.buffer;
  const rows = Array.from({ length: normal.length }, (_, row) => normal.getLine(row)?.translateToString(true) ?? "");
  return rows.join("\n").trimEnd();
}

test("what came while nobody looked can be scrolled back to, once and in its order", async () => {
  const emulator = await emulatorOf();
  const shown = realTerminal();
  const numbers = (from: number, to: number) =>
    Buffer.from(Array.from({ length: to - from + 1 }, (_, index) => `row ${from + index}\r\n`).join(""));
  const look = async () => {
    await emulator.settle();
    await write(shown, enter(SIZE.rows, false));
    await write(shown, emulator.replay());
  };
  emulator.push(numbers(1, 9), false);
  await look();
  const seen = numbers(10, 14);
  emulator.push(seen, true);
  await write(shown, seen);
  emulator.leave();
  await write(shown, LEAVE);
  emulator.push(numbers(15, 30), false);
  await look();
  const rows = everything(shown).split("\n");
  expect(rows.filter((row) => row.startsWith("row "))).toEqual(
    Array.from({ length: 30 }, (_, row) => `row ${row + 1}`),
  );
});

test("what stood on the person's screen is scrolled away and not erased", async () => {
  const shown = realTerminal();
  await write(shown, "$ make\r\nmade all\r\n$ ");
  await write(shown, enter(SIZE.rows, true));
  expect(gridRows(shown).join("")).toBe("");
  expect(everything(shown)).toContain("$ make\nmade all");
});

test("modes and colours that only a real terminal keeps are set again on the way back, and those that were reset are not", async () => {
  const emulator = await emulatorOf();
  emulator.push(Buffer.from(`${CSI}?2048;2031h${CSI}?1015h${CSI}?2031l${CSI}>1u${CSI}?1049h${CSI}>3u`), false);
  emulator.push(
    Buffer.from("\u001b]4;1;#abcdef\u0007\u001b]11;#123456\u0007\u001b]10;?\u0007\u001b]12;red\u0007\u001b]112\u0007"),
    false,
  );
  await emulator.settle();
  const painted = emulator.replay().toString();
  for (const part of [`${CSI}?2048h`, `${CSI}?1015h`, "]4;1;#abcdef", "]11;#123456"]) expect(painted).toContain(part);
  for (const part of [`${CSI}?2031h`, "]10;", "]12;"]) expect(painted).not.toContain(part);
  // Each screen has flags of its own, which are set while it is shown.
  const [main = "", alternate = ""] = painted.split(`${CSI}?1049h`);
  expect(main).toContain(`${CSI}>1u`);
  expect(alternate).toContain(`${CSI}>3u`);
  expect(alternate).not.toContain(`${CSI}>1u`);
});
