/**
 * What keeps a shell on its machine while nobody is connected: a small program for the Python that every Ubuntu has
 * (cloud-init is written in it), brought over with each attachment. It holds the shell's terminal, keeps the newest of what
 * was written, and passes the bytes of whoever is connected; with nobody there it sleeps until the shell writes.
 */

import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { redactLine } from "../aws/redact.ts";

/** A shell that is kept on a machine. */
export interface Held {
  /** Begins with the second in which it was started; unique on the machine. */
  readonly id: string;
  readonly startedAt: number;
  /** Somebody is connected to it. */
  readonly attached: boolean;
  /** What runs in its foreground. */
  readonly title: string;
}

/** Which shell is wanted: another one, the newest that lives and is not known yet (or another one), or this one (or another). */
export type Wanted = "new" | "newest" | { readonly id: string };

const PARTS = ["held-log.py", "held-shell.py", "held-client.py"];

interface Program {
  readonly packed: string;
  /** Other for another program, so that two versions of the cockpit do not take each other's. */
  readonly name: string;
}

let read: Program | undefined;

function program(): Program {
  if (read) return read;
  const text = PARTS.map((part) => readFileSync(new URL(part, import.meta.url))).join("\n");
  const name = `holder-${createHash("sha256").update(text).digest("hex").slice(0, 12)}.py`;
  read = { packed: gzipSync(text, { level: 9 }).toString("base64"), name };
  return read;
}

/** Where it all is, over there. A socket's path is short, so all is named from within. */
const STATE = `state=\${XDG_STATE_HOME:-$HOME/.local/state}/snowglobe-sessions`;
/** Any version of the program understands a shell that another one holds. */
const HERE = `${STATE}
cd "$state" 2>/dev/null || exit 0
program=$(ls -t holder-*.py 2>/dev/null | head -n 1)
[ -n "$program" ] || exit 0`;

/** Lists the shells that live on a machine, a line each; to be run as a part of a longer script. */
export const LIST_HELD = `(${HERE}
for one in *.socket; do
  [ -S "$one" ] && exec python3 -IS "$program" list 2>/dev/null
  exit 0
done)`;

/** Reads what LIST_HELD printed, whatever else was. */
export function parseHeld(output: string): readonly Held[] {
  return [...output.matchAll(/^held ((\d{9,11})-\d{1,10}) ([01]) ?(.*)$/gm)].map(
    ([, id = "", seconds = "", attached, title = ""]) => ({
      id,
      startedAt: Number(seconds) * 1000,
      attached: attached === "1",
      // A command line may hold a password.
      title: redactLine(title, 80) || "shell",
    }),
  );
}

/** Ends a shell as a terminal that goes away does, by force where it stays, and waits for it. */
export function endScript(id: string): string {
  return `${HERE}
exec python3 -IS "$program" end ${id}`;
}

interface Attachment {
  readonly wanted: Wanted;
  /** Shells that this cockpit has already: none of them is the newest that is meant. */
  readonly known: readonly string[];
  /** Tells our words from those that a far side could print by itself. */
  readonly nonce: string;
  /** The terminal's entry as `infocmp` prints it, for a machine that may not have it. */
  readonly terminfo: string | undefined;
}

export function newNonce(): string {
  return randomBytes(9).toString("base64url");
}

/** The command under which a session's ssh runs: it ends with the shell, and with its exit status. */
export function attachScript({ wanted, known, nonce, terminfo }: Attachment): string {
  const { name, packed } = program();
  const want = typeof wanted === "string" ? wanted : wanted.id;
  return `${terminfo === undefined ? "" : terminal(terminfo)}${STATE}
# Ctrl+C that was meant for a shell ends nothing on the way to it.
trap '' INT QUIT TSTP
plain() {
  trap - INT QUIT TSTP
  if [ ! -e "$state/said" ]; then
    echo "snowglobe: $1: this shell ends with its link."
    mkdir -p "$state" 2>/dev/null && : >"$state/said"
  fi
  printf '\\033_%s;plain\\033\\\\' ${nonce}
  cd
  [ -e .hushlogin ] || cat "\${SNOWGLOBE_ROOT:-}/run/motd.dynamic" "\${SNOWGLOBE_ROOT:-}/etc/motd" 2>/dev/null
  exec "\${SHELL:-/bin/sh}" -l
}
command -v python3 >/dev/null || plain "there is no python3 on this machine"
(umask 077; mkdir -p "$state") 2>/dev/null; cd "$state" 2>/dev/null || plain "$state cannot be made"
[ -s ${name} ] || { (umask 077; echo ${packed} | base64 -d | gzip -dc >${name}.$$) && mv ${name}.$$ ${name}; } 2>/dev/null ||
  plain "$state cannot be written"
exec 3>&1
status=$(python3 -IS ${name} attach ${nonce} ${[want, ...known].join(" ")} 4>&1 >&3)
[ -z "$status" ] || exit "$status"
plain "a shell could not be kept here"`;
}

/** Brings the terminal's entry over, once; without it what every machine has must do. */
function terminal(terminfo: string): string {
  return `infocmp "$TERM" >/dev/null 2>&1 || echo ${gzipSync(terminfo).toString("base64")} | base64 -d | gzip -dc | tic -x -o "$HOME/.terminfo" - 2>/dev/null
infocmp "$TERM" >/dev/null 2>&1 || { TERM=xterm-256color; export TERM; }
`;
}
