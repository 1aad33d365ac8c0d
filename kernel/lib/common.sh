# shellcheck shell=bash
# This folder: parts of the scripts one folder up, sourced. Not here: anything that is run by itself.
# What build.sh, install-host.sh and job.sh share. Sourced; the caller has set -euo pipefail.
#
# Seams for tests, by environment: SNOWGLOBE_ROOT goes before every path of the machine's own (/boot, /etc, /sys, …),
# SNOWGLOBE_KERNEL_MIRROR, SNOWGLOBE_KERNEL_KEY and SNOWGLOBE_KERNEL_STALL are in source.sh, SNOWGLOBE_METADATA in job.sh.
# SNOWGLOBE_JOB is the job's directory where job.sh runs the build.

# Where sources, finished images and jobs are kept: on the root disk, because the instance store is emptied by a stop.
state=$HOME/.local/state/snowglobe-kernel
root=${SNOWGLOBE_ROOT:-}
# The ending of a host kernel's release; kernel/config/host.config sets it.
suffix=-nested-dsb

# put FILE: standard input, which is text, into FILE, whole or not at all.
put() {
  local part=$1.$BASHPID
  printf '%s\n' "$(</dev/stdin)" >"$part"
  mv -f "$part" "$1"
}

phase() {
  echo "==> phase $1"
  [ -z "${SNOWGLOBE_JOB:-}" ] || put "$SNOWGLOBE_JOB/phase" <<<"$1"
}

note() { echo "==> note $*"; }

# fail SENTENCE: the end of a build; the sentence says what happened and what to do next.
said_why=no
fail() {
  said_why=yes
  echo "==> failed $*"
  [ -z "${SNOWGLOBE_JOB:-}" ] || put "$SNOWGLOBE_JOB/reason" <<<"$*"
  exit 1
}

# For `trap say_end EXIT`: a command that failed without a sentence of its own ends in one all the same.
say_end() {
  local code=$?
  [ "$code" != 0 ] && [ "$said_why" = no ] || return 0
  [ ! -e "${SNOWGLOBE_JOB:-/none}/cancelled" ] || return 0
  (fail "A command failed with status $code; the lines above say which. Mend that, then start again.") || true
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# Where systemd is not the first process (containers, tests) there are no units, upgrades or planned reboots.
has_systemd() { [ -d "$root/run/systemd/system" ] && command -v systemd-run >/dev/null; }

# call_off_reboot WHY: one already planned (03:00) is called off; the next upgrade plans it again.
call_off_reboot() {
  [ -e "$root/run/systemd/shutdown/scheduled" ] || return 0
  note "A planned reboot is called off: $1."
  as_root shutdown -c || true
}

# without_lock COMMAND…: for what may leave a daemon behind, which would otherwise hold the machine's lock for ever.
without_lock() { "$@" 9>&-; }

# One build a machine: descriptor 9 holds the lock for as long as this process or a child of it lives.
take_lock() {
  mkdir -p "$state"
  exec 9>>"$state/lock"
  # Not at once: whoever only looks whether it is held holds it for a moment.
  flock -w 2 9
}

# The kernel's name for this machine's architecture, and ours.
case $(uname -m) in
  aarch64) arch=arm64 make_arch=arm64 ;;
  x86_64) arch=x86 make_arch=x86_64 ;;
  *) fail "A kernel is built on arm64 or x86, and this is $(uname -m)." ;;
esac

# free_gb PATH: whole gigabytes free where PATH (or its nearest existing parent) is.
free_gb() {
  local path=$1
  while [ ! -e "$path" ]; do path=$(dirname "$path"); done
  df --output=avail -BG "$path" | tail -n 1 | tr -dc 0-9
}

# json_string TEXT: as a JSON string; control characters become spaces.
json_string() {
  local REPLY
  as_json "$1"
  printf %s "$REPLY"
}

# as_json TEXT: the same into REPLY.
as_json() {
  local LC_ALL=C text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  REPLY="\"${text//[[:cntrl:]]/ }\""
}
