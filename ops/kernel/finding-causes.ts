/**
 * What tools of a build say when they fail, told apart from what make echoes of it, with a sentence on the way on. Pure.
 * The forms are those of gcc 13 and 14, binutils 2.44, dash, bash, GNU make, pahole and resolve_btfids, apt, initramfs-tools and dkms.
 */

interface Cause {
  readonly said: string;
  readonly file: string | undefined;
  readonly line: string | undefined;
  readonly column: string | undefined;
  /** Says only that something failed, and what that was stands elsewhere. */
  readonly echo: boolean;
}

interface Rule {
  /** With groups `said` (else the whole line), `file`, `line`, `column` and `name` (of what the sentence speaks) where it has them. */
  readonly pattern: RegExp;
  readonly sentence?: (name: string) => string;
  readonly echo?: true;
}

const PLACE = String.raw`(?<file>[^\s:][^:]{0,511}):(?<line>\d{1,9}):(?:(?<column>\d{1,9}):)?`;

/** The first that fits is it. */
const RULES: readonly Rule[] = [
  {
    pattern: new RegExp(`^(?:${PLACE}|\\S{1,200}:) (?<said>internal compiler error: .*)`),
    sentence: () =>
      "The compiler crashed, which is no error of the source. Build again; where it stops at the same place, update gcc.",
  },
  {
    pattern: /^(?<said>(?:\S+: )?.*\/boot\/.*No space left on device.*|zstd: error .*No space left on device.*)/,
    sentence: () => "The file system of /boot is full. Remove kernels that are no longer booted, then build again.",
  },
  {
    pattern: /(?:of (?<file>[^\s:]{1,500}\.o): )?.?No space left on device/,
    sentence: () => "A disk is full: df -h on the machine says which. Make room, then build again.",
  },
  {
    pattern: /(?:Killed signal terminated program|terminated with signal 9|out of memory|virtual memory exhausted)/i,
    sentence: () => "Memory ran out. Stop what else runs on the machine, then build again.",
  },
  {
    pattern: /^(?:\S*\bld(?:\.\w+)?: )?(?<file>[^\s:()]{1,511}): (?<said>file not recognized: .*|file truncated.*)/,
    sentence: (file) =>
      `This object is damaged, as an earlier end in its middle leaves it. Remove ${file}, then build again.`,
  },
  {
    pattern: /^(?:(?<file>[^\s:()]{1,511}):)?\([^)]{1,200}\): (?<said>relocation truncated to fit: .*)/,
    sentence: () => "The kernel is too large, or its parts are too far apart. Take options out of kernel/config.",
  },
  { pattern: /additional relocation overflows omitted|^collect2: error: ld returned/, echo: true },
  {
    pattern: /^(?:\S*\/)?(?:ba|da)?sh: (?:line )?\d+: (?<name>[^\s:]{1,200}): (?:command )?not found$/,
    sentence: missing,
  },
  {
    pattern: /^(?:make(?:\[\d+\])?|\S*env): [‘'`]?(?<name>[\w.+-]{1,100})[’']?: No such file or directory$/,
    sentence: missing,
  },
  {
    pattern: /^(?:FAILED:? .*(?:BTF|unresolved symbol).*|BTF: .*not available.*|Failed to (?:encode|generate) BTF.*)/i,
    sentence: () =>
      "The type information (BTF) could not be made: the machine's pahole does not fit. kernel/config switches it off by DEBUG_INFO_NONE.",
  },
  {
    pattern: /^(?<said>(?:\{standard input\}|[^\s:]{1,200}): (?:Fatal|fatal) error: .*)/,
  },
  {
    pattern: /^E: (?<said>Could not get lock .*|Unable to (?:acquire|lock) .*)/,
    sentence: () => "Another apt works on this machine. Wait for its end, then build again.",
  },
  {
    pattern:
      /^E: (?<said>Unable to locate package (?<name>\S+).*|Package '(?<other>[^']+)' has no installation candidate)/,
    sentence: () => "apt knows no such package here. Look at the machine's apt sources.",
  },
  {
    pattern: /^E: (?<said>Unmet dependencies.*|Unable to correct problems.*|dpkg was interrupted.*)/,
    sentence: () =>
      "The machine's packages are not in order. Run apt-get --fix-broken install there, then build again.",
  },
  {
    pattern: /^E: mkinitramfs failure|^update-initramfs: failed for|^run-parts: .* exited with return code/,
    echo: true,
  },
  { pattern: /^E: (?<said>.+)/ },
  {
    pattern: /^(?<said>Error! Bad return status for module build.*|Error! Your kernel headers .*)/,
    sentence: () => "A module of DKMS does not build for this kernel; the kernel itself does without it.",
  },
  { pattern: /^Error! One or more modules failed|^dkms autoinstall on .* failed/, echo: true },
  { pattern: /^(?<said>Error! .+)/ },
];

/** Quick to say no: most lines hold none of what the rules look for, and a log has a million. */
const MAY_BE =
  /internal compiler error|No space left|Killed signal|signal 9|out of memory|memory exhausted|file not recognized|file truncated|truncated to fit|overflows omitted|collect2: |not found$|No such file or directory$|BTF|^FAILED|atal error: |^E: |^Error! |initramfs: failed|^run-parts: |^dkms /i;

function missing(name: string): string {
  return `The machine has no ${name}. Install the package that brings it, then build again.`;
}

/** What the line says went wrong, where it is of one of these tools; `said` ends in what to do, where that is known. */
export function causeIn(line: string): Cause | undefined {
  if (!MAY_BE.test(line)) return undefined;
  for (const { pattern, sentence, echo } of RULES) {
    const match = pattern.exec(line);
    if (!match) continue;
    const { said = line, file, line: at, column, name } = match.groups ?? {};
    const more = sentence?.(name ?? file ?? "");
    return {
      said: more ? `${said.replace(/[.\s]+$/, "")}. ${more}` : said,
      file,
      line: at,
      column,
      echo: echo === true,
    };
  }
  return undefined;
}
