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

# reserve FILE: room for what `put` will write there, so that it can be written on a disk that is full by then.
reserve() { printf '%4095s\n' "" >"$1.reserved"; }

# put FILE: standard input, which is text, into FILE, whole or not at all.
put() {
  local part=$1.$BASHPID text
  text=$(</dev/stdin)
  if [ -e "$1.reserved" ]; then
    # In place, so that no block has to be found; whoever reads it reads its first line.
    part=$1.reserved
    printf '%s\n' "${text:0:1000}" 1<>"$part"
  else
    printf '%s\n' "$text" >"$part"
  fi
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
  # Neither may keep the other from being said: the log may be on a disk that is full.
  [ -z "${SNOWGLOBE_JOB:-}" ] || put "$SNOWGLOBE_JOB/reason" <<<"$*" || true
  echo "==> failed $*" || true
  exit 1
}

# fail_if_full PLACE…: with the sentence for it, where one of their disks has no room left.
fail_if_full() {
  local place
  for place in "$@"; do
    [ "$(free_mb "$place")" -ge 20 ] || fail "The disk of $place is full. Make room, then build again: it goes on where it was."
  done
}

# For `trap say_end EXIT`: a command that failed without a sentence of its own ends in one all the same.
say_end() {
  local code=$?
  [ "$code" != 0 ] && [ "$said_why" = no ] || return 0
  [ ! -e "${SNOWGLOBE_JOB:-/none}/cancelled" ] || return 0
  (fail_if_full "${build:-$state}" "$state") || return 0
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

# free_mb PATH: megabytes free where PATH (or its nearest existing parent) is. Not in gigabytes, which df rounds up.
free_mb() {
  local path=$1
  while [ ! -e "$path" ]; do path=$(dirname "$path"); done
  df --output=avail -BM "$path" | tail -n 1 | tr -dc 0-9
}

# as_gb MEGABYTES: in gigabytes, with one digit behind the point where that is not 0.
as_gb() {
  local tenths=$(($1 * 10 / 1024))
  if [ $((tenths % 10)) = 0 ]; then echo $((tenths / 10)); else echo "$((tenths / 10)).$((tenths % 10))"; fi
}

# own_directory PATH: a directory that nobody else can have prepared or can change, made where it is not there. Below a directory
# that anybody may write to (/tmp), every step of the path must be a directory, no link, ours, and writable by us alone: a name
# that can be guessed can be taken beforehand, and what lies there is run by root.
own_directory() {
  local at="" step rest=${1#/} shared=no facts type owner group mode
  while [ -n "$rest" ]; do
    step=${rest%%/*}
    if [ "$rest" = "$step" ]; then rest=""; else rest=${rest#*/}; fi
    [ -n "$step" ] || continue
    at=$at/$step
    # Somebody else's may come into being just now, and is looked at all the same.
    if [ ! -e "$at" ] && [ ! -L "$at" ]; then
      (umask 022 && mkdir "$at" 2>/dev/null) || [ -e "$at" ] || [ -L "$at" ] ||
        fail "The directory $at cannot be made. Look at who may write there."
    fi
    facts=$(stat -c '%F|%u|%G|%a' "$at")
    IFS='|' read -r type owner group mode <<<"$facts"
    if [ "$shared" = yes ]; then
      [ "$type" != "symbolic link" ] || refuse_directory "$at" "is a link"
      [ "$type" = directory ] || refuse_directory "$at" "is no directory"
      [ "$owner" = "$EUID" ] || refuse_directory "$at" "belongs to another user"
      # In a sticky one, like /tmp itself, nobody else can take away what is ours.
      [ $((8#$mode & 8#1002)) != 2 ] || refuse_directory "$at" "can be written to by anybody"
      # A user's own group (Ubuntu's default) is nobody else.
      [ $((8#$mode & 8#1020)) != $((8#020)) ] || [ "$group" = "$(id -un)" ] || refuse_directory "$at" "can be written to by the group $group"
    else
      [ "$type" != "symbolic link" ] || facts=$(stat -L -c '%F|%u|%G|%a' "$at")
      mode=${facts##*|}
      [ $((8#$mode & 8#002)) = 0 ] || shared=yes
      [ $((8#$mode & 8#1002)) != 2 ] || refuse_directory "$at" "can be written to by anybody"
    fi
  done
}

refuse_directory() { # PATH WHY
  fail "$1 $2, and it stands where everybody may put things: nothing is built or installed from there. Look at it, remove it, then start again."
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
