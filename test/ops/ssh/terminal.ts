/** A terminal for one process's own use: what is typed is given, what is shown is read from an emulator's grid. */

import { EventEmitter } from "node:events";
import { PassThrough, Writable } from "node:stream";
import xterm from "@xterm/headless";
import type { AttachedTerminal } from "../../../ops/ssh/types.ts";
import { gridRows, PATIENCE_MS, waitUntil } from "../../harness/grid.ts";

interface TestTerminal extends AttachedTerminal {
  readonly type: (keys: string | Buffer) => void;
  readonly text: () => string;
  readonly waitFor: (part: string | RegExp, ms?: number) => Promise<void>;
  readonly resize: (columns: number, rows: number) => void;
  readonly emulator: InstanceType<typeof xterm.Terminal>;
  readonly bytes: () => number;
  readonly isRaw: () => boolean;
}

export function testTerminal(columns = 80, rows = 24): TestTerminal {
  const emulator = new xterm.Terminal({
    cols: columns,
    rows,
    allowProposedApi: true,
    scrollback: 5000,
    logLevel: "off",
  });
  let bytes = 0;
  const keyboard = Object.assign(new PassThrough(), {
    isTTY: true,
    isRaw: false,
    setRawMode(raw: boolean) {
      this.isRaw = raw;
      return this;
    },
    ref() {
      return this;
    },
  });
  const screen = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        emulator.write(chunk, () => done());
      },
    }),
    { isTTY: true, columns, rows },
  );
  EventEmitter.setMaxListeners(0, process);
  emulator.onData((answer) => keyboard.write(answer));
  const text = () => gridRows(emulator).join("\n");
  return {
    // A whole tty stream needs a tty; an attachment uses no more than this of one.
    input: keyboard as unknown as NodeJS.ReadStream,
    output: screen as unknown as NodeJS.WriteStream,
    emulator,
    text,
    bytes: () => bytes,
    isRaw: () => keyboard.isRaw,
    type: (keys) => keyboard.write(keys),
    waitFor: (part, ms = PATIENCE_MS) =>
      waitUntil(
        () => (typeof part === "string" ? text().includes(part) : part.test(text())),
        ms,
        () => `the terminal never showed ${part}; it shows:\n${text()}`,
      ),
    resize: (newColumns, newRows) => {
      if (newColumns > 0 && newRows > 0) emulator.resize(newColumns, newRows);
      Object.assign(screen, { columns: newColumns, rows: newRows });
      screen.emit("resize");
    },
  };
}
