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
  "  BTF     .tmp_vmlinux1.btf.o",
  "during GIMPLE pass: vect",
  "{standard input}: Assembler messages:",
  "checking for flex... not found",
  "/usr/bin/ld: kernel/a.o: in function `foo':",
  "checking for warnings... no",
  "",
])("%s is none", (line) => {
  expect(findIn(line)).toBeUndefined();
});

// The lines of shared/cases/19-*, and their likes; what is expected of each stands beside it.
test.each([
  [
    "kernel/fork.c:2012:21: internal compiler error: Segmentation fault",
    ["kernel/fork.c", 2012],
    /^internal compiler error: Segmentation fault\. The compiler crashed/,
  ],
  ["gcc: internal compiler error: Killed (program cc1)", [], /crashed.*Build again/],
  [
    "{standard input}: Fatal error: can't write 12 bytes to section .text of kernel/fork.o: 'No space left on device'",
    ["kernel/fork.o"],
    /A disk is full.*Make room/,
  ],
  ["{standard input}: Fatal error: invalid listing option", [], /invalid listing option/],
  ["ld: final link failed: No space left on device", [], /A disk is full/],
  ["collect2: fatal error: ld terminated with signal 9 [Killed]", [], /Memory ran out/],
  ["gcc: fatal error: Killed signal terminated program cc1", [], /Memory ran out/],
  ["/bin/sh: 1: flex: not found", [], /The machine has no flex\. Install/],
  ["/bin/bash: line 1: bc: command not found", [], /has no bc\./],
  ["make[2]: gcc: No such file or directory", [], /has no gcc\./],
  ["/usr/bin/env: 'python3': No such file or directory", [], /has no python3\./],
  ["FAILED: load BTF from vmlinux: Invalid argument", [], /pahole does not fit/],
  ["FAILED unresolved symbol udp_sock", [], /BTF/],
  ["BTF: .tmp_vmlinux1: pahole (pahole) is not available", [], /BTF/],
  [
    "(.text+0x8): relocation truncated to fit: R_AARCH64_CALL26 against symbol `record_mmu_state' defined in .init.text",
    [],
    /^relocation truncated.*too large/,
  ],
  ["init/main.o:(.text+0x8): relocation truncated to fit: R_X86_64_PC32 against `x'", ["init/main.o"], /too large/],
  ["ld: kernel/fork.o: file not recognized: file format not recognized", ["kernel/fork.o"], /Remove kernel\/fork\.o/],
  ["kernel/fork.o: file not recognized: file truncated", ["kernel/fork.o"], /damaged/],
  [
    "Error! Bad return status for module build on kernel: 6.18.3-nested-dsb (aarch64)",
    [],
    /kernel itself does without/,
  ],
  ["zstd: error 70 : Write error : cannot write block : No space left on device ", [], /of \/boot is full/],
  ["cp: error writing '/boot/vmlinuz.new': No space left on device", [], /of \/boot is full/],
  [
    "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1234 (unattended-upgr)",
    [],
    /Another apt/,
  ],
  ["E: Unable to locate package libdw-dev", [], /knows no such package/],
  ["E: Unmet dependencies. Try 'apt --fix-broken install' with no packages", [], /--fix-broken install/],
  ["E: The repository 'x' is not signed.", [], /^The repository 'x' is not signed\.$/],
])("%s is an error with its sentence", (line, [file, number], text) => {
  const found = findIn(line);
  expect(found).toMatchObject({ severity: "error", file, line: number, echo: false });
  expect(found?.text).toMatch(text);
});

test.each([
  "E: mkinitramfs failure zstd -q -9 -T0 70",
  "update-initramfs: failed for /boot/initrd.img-6.18.3-nested-dsb with 1.",
  "Error! One or more modules failed to install during autoinstall.",
  "dkms autoinstall on 6.18.3-nested-dsb/aarch64 failed for zfs(10)",
  "run-parts: /etc/kernel/postinst.d/dkms exited with return code 11",
  "collect2: error: ld returned 1 exit status",
])("%s only says that something failed", (line) => {
  expect(findIn(line)).toMatchObject({ severity: "error", echo: true });
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
  for (const one of [
    "a:",
    "1:",
    "ld: ",
    ".ld",
    "make: *** [",
    "x/ld",
    "error: ",
    "((",
    "a.b",
    "E: ",
    "BTF: ",
    "/boot/",
  ]) {
    for (const end of ["error", "No space left on device", "not found", " is not available"]) {
      for (let time = 0; time < 20; time += 1) findIn(`${one.repeat(4096 / one.length)}${end}`);
    }
  }
});
