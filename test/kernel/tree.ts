/** This folder: kernel/'s scripts with stand-ins for the machine beneath. Not here: builds in TypeScript (test/ops/kernel). */
/**
 * A source tree small enough to build in a second, that behaves as the kernel's does where build.sh can tell: the files that the
 * patches touch hold the patches' own context at the right lines, and its Makefile prints, configures and remembers as Kbuild does.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The old side of every hunk of the patches in `directory`, by file and line; the lines between are filler. */
function oldSides(directory: string): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>();
  for (const name of readdirSync(directory).filter((one) => one.endsWith(".patch"))) {
    let lines: string[] = [];
    let at = 0;
    let left = 0;
    for (const line of readFileSync(join(directory, name), "utf8").split("\n")) {
      const file = /^\+\+\+ b\/(\S+)/.exec(line)?.[1];
      if (file) {
        lines = files.get(file) ?? [];
        files.set(file, lines);
        continue;
      }
      const hunk = /^@@ -(\d+),(\d+) /.exec(line);
      if (hunk) {
        at = Number(hunk[1]) - 1;
        left = Number(hunk[2]);
      } else if (left > 0 && (line.startsWith(" ") || line.startsWith("-") || line === "")) {
        while (lines.length < at) lines.push(`/* line ${lines.length + 1} */`);
        lines[at] = line.slice(1);
        at += 1;
        left -= 1;
      }
    }
  }
  return files;
}

/** What a larger tree has beyond the small one's files. */
interface More {
  /** C files by their paths, and what is in them. */
  readonly sources: ReadonlyMap<string, string>;
  /** Those of them that become modules. */
  readonly modules: readonly string[];
  /** Leaves the count of its objects where build.sh looks for the last build's, as if there had been one. */
  readonly builtBefore: boolean;
}

/** Writes the tree into `folder`; the objects are the patched C files and four of init/, and what `more` brings. */
export function writeTree(folder: string, patches: string, more?: More): void {
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const name of ["main", "version", "calibrate", "initramfs"]) put(`init/${name}.c`, `int ${name};\n`);
  put("drivers/net/tun.c", "int tun;\n");
  for (const [path, text] of more?.sources ?? []) put(path, text);
  // After those of the larger tree: a patch has to apply whatever else is there.
  for (const [path, lines] of oldSides(patches)) put(path, `${lines.join("\n")}\n`);
  put("modules.list", `${["drivers/net/tun.c", ...(more?.modules ?? [])].join("\n")}\n`);
  if (more?.builtBefore) put("built-before", "");
  // What only makes the tarball large enough to be cut in two.
  put("COPYING", Array.from({ length: 4000 }, (_, line) => `${line} ${Math.sin(line)}`).join("\n"));
  put("scripts/cc", compiler);
  put("Makefile", makefile);
}

// What a source says of itself: `#error` is a compiler error; #full and #oom are what they say; `#takes SECONDS` in the first
// line; `#warns LINE:COLUMN TEXT` anywhere. A file that HOLD names keeps the compiler waiting.
const compiler = `#!/bin/bash
while [ -n "$HOLD" ] && [ -e "$HOLD" ]; do sleep 0.02; done
read -r word seconds <"$1"
[ "$word" != "#takes" ] || sleep "$seconds"
text=$(<"$1")
if [[ $text == *"#"[wefo]* ]]; then
  sed -n "s,^#warns \\([^ ]*\\) \\(.*\\),$1:\\1: warning: \\2,p" "$1" >&2
  line=$(grep -n -m 1 '^#error' "$1") && { echo "$1:\${line%%:*}:2: error: #error broken" >&2; exit 1; }
  grep -q '^#full' "$1" && { echo 0 >"$FREE"; echo "$1: fatal error: No space left on device" >&2; exit 1; }
  grep -q '^#oom' "$1" && { echo "oom_kill 1" >"$SNOWGLOBE_ROOT/proc/vmstat"; echo "gcc: fatal error: Killed signal terminated program cc1" >&2; exit 1; }
fi
printf '%s\\n' "$text" >"$2"
printf 'source_%s := %s\\n' "$2" "$1" >"\${2%/*}/.\${2##*/}.cmd"
`;

const makefile = `SHELL := /bin/bash
modules := $(shell sed 's/\\.c$$/.o/' modules.list)
objects := $(filter-out $(modules),$(sort $(patsubst ./%.c,%.o,$(shell find . -name scripts -prune -o -name .snowglobe -prune -o -name '*.c' -print))))
release = $(shell cat include/config/kernel.release)
all: vmlinux
allnoconfig:
	@grep -vE "$$(cat Kconfig.lost 2>/dev/null || echo ^$$)" $(KCONFIG_ALLCONFIG) >.config.tmp
	@cmp -s .config.tmp .config || cp .config.tmp .config; rm .config.tmp
defconfig:
	@echo CONFIG_FROM_DEFCONFIG=y >.config
olddefconfig:
	@mkdir -p include/config; echo "$(CC)" >.snowglobe/compiler
	@grep -vE "$$(cat Kconfig.lost 2>/dev/null || echo ^$$)" .config >.config.tmp
	@cmp -s .config.tmp .config || cp .config.tmp .config; rm .config.tmp
	@echo "6.18.3$$(sed -n 's/^CONFIG_LOCALVERSION="\\(.*\\)"/\\1/p' .config | tail -n 1)" >include/config/kernel.release
	@[ ! -e built-before ] || echo $(words $(objects) $(if $(findstring -host/,$(CURDIR)),$(modules))) >"../.total-$$(sha256sum <.config | cut -c 1-12)"
$(objects): %.o: %.c .config arch/arm64/include/asm/cpufeature.h
	@echo "  CC      $@"
	@bash scripts/cc $< $@
$(modules): %.o: %.c .config arch/arm64/include/asm/cpufeature.h
	@echo "  CC [M]  $@"
	@bash scripts/cc $< $@
vmlinux: $(objects)
	@echo "  LD      vmlinux.o"
	@[ ! -e built-before ] || sleep 1
	@{ echo "Linux version $(release) (snowglobe)"; cat $(objects); } >vmlinux
	@echo "  SYSMAP  System.map"; echo map >System.map
Image: vmlinux
	@mkdir -p arch/arm64/boot; echo "  OBJCOPY arch/arm64/boot/Image"; cp vmlinux arch/arm64/boot/Image
bzImage: vmlinux
	@mkdir -p arch/x86/boot; cp vmlinux arch/x86/boot/bzImage
modules: vmlinux $(modules)
modules_install:
	@mkdir -p $(INSTALL_MOD_PATH)/lib/modules/$(release); echo "  INSTALL modules"; echo one >$(INSTALL_MOD_PATH)/lib/modules/$(release)/modules.dep
.PHONY: all allnoconfig defconfig olddefconfig Image bzImage modules modules_install
`;
