import fc from "fast-check";
import { expect, test } from "vitest";
import { findIn } from "../../../ops/kernel/findings.ts";

test.each([
  ["init/main.c:12:5: error: 'x' undeclared", "error", "init/main.c", 12, 5, "'x' undeclared"],
  ["./include/a.h:3:10: fatal error: b.h: No such file", "error", "./include/a.h", 3, 10, "b.h: No such file"],
  ["fs/x.c:7:1: warning: unused variable 'y' [-Wunused]", "warning", "fs/x.c", 7, 1, "unused variable 'y' [-Wunused]"],
  ["arch/arm64/a.S:9: Error: unknown mnemonic", "error", "arch/arm64/a.S", 9, undefined, "unknown mnemonic"],
  [
    ".config:31:warning: symbol value 'n' invalid for X",
    "warning",
    ".config",
    31,
    undefined,
    "symbol value 'n' invalid for X",
  ],
  [
    "drivers/Kconfig:5: error: recursive dependency detected!",
    "error",
    "drivers/Kconfig",
    5,
    undefined,
    "recursive dependency detected!",
  ],
])("the place of %s", (line, severity, file, number, column, text) => {
  expect(findIn(line)).toEqual({ severity, file, line: number, column, text, echo: false });
});

test.each([
  ["make[2]: *** [scripts/Makefile.build:287: init/main.o] Error 1", "error", "scripts/Makefile.build", 287],
  ["make: *** No rule to make target 'x'.  Stop.", "error", undefined, undefined],
  ["/usr/bin/ld: kernel/a.o:(.text+0x10): undefined reference to `foo'", "error", "kernel/a.o", undefined],
  ["kernel/a.c:44: multiple definition of `bar'; b.o:b.c:1: first defined here", "error", "kernel/a.c", 44],
  ["aarch64-linux-gnu-ld: cannot find -lelf: No such file", "error", undefined, undefined],
  ["ld.lld: error: undefined symbol: kvm_x", "error", undefined, undefined],
  ["gcc: fatal error: Killed signal terminated program cc1", "error", undefined, undefined],
  ['ERROR: modpost: "foo" [net/x.ko] undefined!', "error", undefined, undefined],
  ["WARNING: modpost: missing MODULE_LICENSE() in a.o", "warning", undefined, undefined],
  ["WARNING: unmet direct dependencies detected for X", "warning", undefined, undefined],
  ["==> failed The disk of /tmp is full.", "error", undefined, undefined],
])("%s is one", (line, severity, file, number) => {
  expect(findIn(line)).toMatchObject({ severity, file, line: number });
});

test.each([
  "  CC      lib/error-inject.o",
  "  LD      vmlinux",
  "make[1]: *** Waiting for unfinished jobs....",
  "==> note Proven: the image is Linux version 6.18.3.",
  "In file included from init/error.c:3:",
  "init/main.c:12:5: note: declared here",
  "/usr/bin/ld: kernel/a.o: in function `foo':",
  "checking for warnings... no",
  "",
])("%s is none", (line) => {
  expect(findIn(line)).toBeUndefined();
});

test("any text is survived, in time that grows with its length only", () => {
  const words = fc.constantFrom(
    "error:",
    "warning:",
    ":",
    " ",
    "1",
    "a.c",
    "make: *** [",
    "ld: ",
    "undefined reference to ",
    "]",
    "(",
    "x",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string({ maxLength: 8 })), { maxLength: 40 }), (parts) => {
      const found = findIn(parts.join("").replace(/\n/g, " "));
      if (found) expect(["error", "warning"]).toContain(found.severity);
    }),
    { numRuns: 10_000 },
  );
  // No rule takes more than a linear time: one that did would not end before the test does.
  for (const one of ["a:", "1:", "ld: ", ".ld", "make: *** [", "x/ld", "error: ", "((", "a.b"]) {
    for (let time = 0; time < 20; time += 1) findIn(`${one.repeat(4096 / one.length)}error`);
  }
});
