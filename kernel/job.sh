#!/usr/bin/env bash
# One kernel build a machine, that outlives whoever asked for it. Called over SSH by the cockpit and by Make.
#
#   job.sh start guest|host   starts the build (host: and its installation for a trial boot), prints its status line, exit 0.
#                             A build that already runs: its status line, exit 75. Nothing is waited for but the start, and
#                             the end of a build that has nothing to do.
#   job.sh status             the newest five jobs, newest first, one line of JSON each; nothing where there never was one.
#   job.sh cancel             stops the running build and waits for its end, prints its status line; exit 0 also where none runs.
#   job.sh run ID             what the transient unit snowglobe-kernel-ID.service runs (setsid where there is no systemd).
#
# Refusals and failures of these four are one sentence on stderr, and an exit status of 1 (2: wrong use).
#
# A job's directory, ~/.local/state/snowglobe-kernel/jobs/ID (ID sorts by time: 20261122T193012123-guest):
#   meta.json   {"id","kind","version","hash","host","unit","started"}, there before the build begins; hash is "" until known
#   unit        the unit's name, or "pid N" (leader of its own session) where there is no systemd
#   started     seconds since the epoch
#   log         what build.sh and install-host.sh print, only ever appended to: follow it with tail -c +OFFSET
#   phase       the latest `==> phase NAME`: starting, check, fetch, verify, patch, configure, compile, link, prove, install, done
#   total       the latest `==> total N`
#   kind, version, host, hash, artefact, unchanged   one fact each, as they come to be known; meta.json and status gather them
#   reason      one sentence, where it failed or was refused: the text of `==> failed SENTENCE` in the log
#   upgrades-held   exists once apt's daily lock is held for this job
#   cancelled, interrupted   exist where somebody cancelled it; where AWS or a shutdown took the machine
#   exit        the exit status, moved into place last: its existence is the end of the job
#
# A status line: meta.json's fields and "phase", "state", "ended" (seconds or null), "exit" (number or null), "total" (number
# or null), "bytes" (of the log), "log" (its path), "artefact" (path or ""), "unchanged" (boolean), "reason".
# state: running, succeeded, failed, cancelled, interrupted, or lost (no exit status and nobody at work: the machine went down).
# A host's job ends with the trial boot armed (install-host.sh), unless that kernel runs as the default already: the reboot,
# `install-host.sh health` and `promote` are the caller's.
#
# Lines of the log that are not the kernel's own (build.sh, install-host.sh):
#   ==> phase NAME      ==> inputs HASH version VERSION      ==> total N (expected CC lines)      ==> unchanged
#   ==> artefact PATH   ==> note SENTENCE                    ==> failed SENTENCE
# `==> note` is for people; `==> failed` is the last of a build that failed.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
source "$here/lib/common.sh"

jobs=$state/jobs
metadata=${SNOWGLOBE_METADATA:-http://169.254.169.254}/latest
refuse() {
  echo "$*" >&2
  exit 1
}

# What a status asks for comes in REPLY and from the shell alone: dozens of facts, and each program or subshell costs more than they.

# by_age: the jobs' directories, the oldest first, into the array `all`.
by_age() {
  shopt -s nullglob
  all=("$jobs"/*/)
  all=("${all[@]%/}")
  shopt -u nullglob
}

# The status lines of the newest N.
statuses() { # N
  local all index
  by_age
  for ((index = ${#all[@]} - 1; index >= 0 && index >= ${#all[@]} - $1; index--)); do status_line "${all[index]##*/}"; done
}

# Whether a runner holds the machine's lock. A build by hand holds it too, without a job.
# Shared, so that two who look do not see each other.
is_locked() { [ -e "$state/lock" ] && ! flock -n -s 8 8<"$state/lock"; }

# first_line FILE: its first line into REPLY, or nothing.
first_line() {
  REPLY=""
  { IFS= read -r REPLY <"$1"; } 2>/dev/null || true
}

# in_job ID FILE: what a one-line file of the job says into REPLY, or nothing.
in_job() { first_line "$jobs/$1/$2"; }

# holds ID: whether the job's runner was the last to take the lock.
holds() {
  first_line "$state/holder"
  [ "$REPLY" = "$1" ]
}

# number_in ID FILE: as JSON into REPLY.
number_in() {
  in_job "$1" "$2"
  [[ $REPLY =~ ^[0-9]+$ ]] || REPLY=null
}

# meta ID: what meta.json has into REPLY.
meta() {
  local field json="{\"id\":\"$1\""
  for field in kind version hash host unit; do
    in_job "$1" "$field"
    as_json "$REPLY"
    json+=",\"$field\":$REPLY"
  done
  number_in "$1" started
  REPLY="$json,\"started\":$REPLY}"
}

write_meta() { # ID
  meta "$1"
  put "$jobs/$1/meta.json" <<<"$REPLY"
}

status_line() { # ID
  local job=$jobs/$1 code=null ended=null bytes=0 unchanged=false state_word phase_word total artefact reason path
  in_job "$1" phase
  phase_word=$REPLY
  if [ -e "$job/exit" ]; then
    in_job "$1" exit
    code=$REPLY
    ended=$(stat -c %Y "$job/exit")
    if [ "$code" = 0 ]; then state_word=succeeded
    elif [ -e "$job/cancelled" ]; then state_word=cancelled
    elif [ -e "$job/interrupted" ]; then state_word=interrupted
    else state_word=failed; fi
  elif holds "$1" && is_locked; then state_word=running
  elif number_in "$1" started && [ "$phase_word" = starting ] && [ "$((EPOCHSECONDS - REPLY))" -lt 30 ]; then state_word=running
  else
    state_word=lost
    [ ! -e "$job/interrupted" ] || state_word=interrupted
    ended=$(stat -c %Y "$job/log" "$job/phase" 2>/dev/null | sort -n | tail -n 1)
  fi
  bytes=$(stat -c %s "$job/log" 2>/dev/null || echo 0)
  [ ! -e "$job/unchanged" ] || unchanged=true
  number_in "$1" total
  total=$REPLY
  as_json "$job/log"
  path=$REPLY
  in_job "$1" artefact
  as_json "$REPLY"
  artefact=$REPLY
  in_job "$1" reason
  as_json "$REPLY"
  reason=$REPLY
  meta "$1"
  printf '%s,"phase":"%s","state":"%s","ended":%s,"exit":%s,"total":%s,"bytes":%s,"log":%s,"artefact":%s,"unchanged":%s,"reason":%s}\n' \
    "${REPLY%\}}" "${phase_word:-starting}" "$state_word" "${ended:-null}" "$code" "$total" "$bytes" "$path" "$artefact" \
    "$unchanged" "$reason"
}

refuse_unwritable() { refuse "No job can be written down in $jobs: its disk is full or read-only. Make room, then build again."; }

# begin JOB KIND: what is known of it before it runs, and room for how it ends, also where the build fills the disk.
begin() {
  reserve "$1/exit" && reserve "$1/reason" && echo "$2" >"$1/kind" && echo "${KERNEL_VERSION:-6.18.3}" >"$1/version" &&
    hostname >"$1/host" && echo "$EPOCHSECONDS" >"$1/started" && echo starting >"$1/phase" && : >"$1/log"
}

start() { # KIND
  local id job try all
  mkdir -p "$jobs" 2>/dev/null || refuse_unwritable
  # Two who start at once: the second waits here until the first one's runner holds the lock, and is then told of it.
  exec 7>>"$state/start"
  flock -w 30 7 || refuse "Another start hangs. Try again."
  # A job that has just written its exit status lets go of the lock in a moment.
  for ((try = 0; try < 100; try++)); do
    first_line "$state/holder"
    if [ ! -e "$jobs/${REPLY:-none}/exit" ] || ! is_locked; then break; fi
    sleep 0.05
  done
  if is_locked; then
    first_line "$state/holder"
    id=$REPLY
    [ -d "$jobs/${id:-none}" ] || refuse "A kernel is being built on this machine by hand. Wait for its end."
    status_line "$id"
    exit 75
  fi
  while id=$(date -u +%Y%m%dT%H%M%S%3N)-$1 && ! mkdir "$jobs/$id" 2>/dev/null; do
    [ -e "$jobs/$id" ] || refuse_unwritable
    sleep 0.002
  done
  job=$jobs/$id
  begin "$job" "$1" 2>/dev/null || {
    rm -rf "$job"
    refuse_unwritable
  }
  if has_systemd; then
    echo "snowglobe-kernel-$id.service" >"$job/unit"
    write_meta "$id"
    # The heartbeat that keeps the auto-stop Lambda away counts units of this name (terraform/dev-instance-common.tf).
    # A process killed for memory must not take the runner along, which has to write down how it ended.
    as_root systemd-run --quiet --collect --unit="snowglobe-kernel-$id" --description="A $1 kernel" \
      --uid="$(id -un)" --gid="$(id -gn)" --property=OOMPolicy=continue --property=TimeoutStopSec=20 --property=Nice=5 \
      --setenv=HOME="$HOME" --setenv=PATH="$PATH" --working-directory="$HOME" "$here/job.sh" run "$id" 7>&- ||
      refuse "systemd would not start the build. See: journalctl -u snowglobe-kernel-$id."
  else
    setsid --fork "$here/job.sh" run "$id" </dev/null >/dev/null 2>&1 7>&-
  fi
  for ((try = 0; try < 600; try++)); do
    if [ -e "$job/exit" ] || holds "$id"; then break; fi
    sleep 0.05
  done
  # Whoever else wants to start may be told of it now.
  exec 7>&-
  # One with nothing to do is over in a moment, and then nobody need follow it.
  for ((try = 0; try < 60; try++)); do
    in_job "$id" phase
    if [ -e "$job/exit" ] || [[ $REPLY != @(starting|check|done) ]]; then break; fi
    sleep 0.05
  done
  # Old jobs go: twenty are kept.
  by_age
  if [ ${#all[@]} -gt 20 ]; then rm -rf -- "${all[@]:0:${#all[@]}-20}"; fi
  status_line "$id"
}

# The runner. Its own death must not lose the exit status, so the build is a child and signals are answered at once.
run() { # ID
  local job=$jobs/$1 code=0 child helpers=()
  [ -d "$job" ] || refuse "There is no job $1."
  has_systemd || echo "pid $$" >"$job/unit"
  exec >>"$job/log" 2>&1 </dev/null
  export SNOWGLOBE_JOB=$job
  # However it ends before it can say so itself: a job without an exit status is one whose machine went down.
  trap '[ -e "$SNOWGLOBE_JOB/exit" ] || { say_end; put "$SNOWGLOBE_JOB/exit" <<<1; }' EXIT
  if ! take_lock; then
    put "$job/reason" <<<"A kernel is being built on this machine already."
    put "$job/exit" <<<75
    exit 75
  fi
  put "$state/holder" <<<"$1"
  trap 'on_signal "$job" "${child:-}" "${helpers[@]}"' TERM INT HUP
  write_meta "$1"
  if interruption_notice | put "$job/interrupted"; then
    (fail "AWS takes this machine back within two minutes, so nothing was begun. Build when it runs again.") || end "$job" 1
  fi
  rm -f "$job/interrupted"
  in_job "$1" version
  export KERNEL_VERSION=$REPLY
  # A process group for each, so that a signal reaches the whole of make.
  set -m
  hold_upgrades "$job" &
  helpers+=($!)
  watch_for_interruption "$job" &
  helpers+=($!)
  in_job "$1" kind
  build_and_install "$REPLY" &
  child=$!
  # Or bash tells the log that it was terminated.
  set +m
  wait "$child" || code=$?
  # A signal ends the wait before the child has ended.
  while kill -0 "$child" 2>/dev/null; do wait "$child" || code=$?; done
  end "$job" "$code" "${helpers[@]}"
}

build_and_install() { # KIND
  if [ "$1" = guest ]; then exec "$here/build.sh"; fi
  export BUILD_DIR=${BUILD_DIR:-$root/tmp/kernel-build-host}
  "$here/build.sh"
  phase install
  "$here/install-host.sh"
  phase "done"
}

on_signal() { # JOB CHILD HELPER…
  # A stop that nobody asked for by `cancel` is the machine going down.
  [ -e "$1/cancelled" ] || : >"$1/interrupted"
  [ -n "$2" ] || end "$1" 143 "${@:3}"
  kill -TERM -- "-$2" 2>/dev/null || true
}

end() { # JOB CODE HELPER…
  local helper
  for helper in "${@:3}"; do
    kill -TERM -- "-$helper" 2>/dev/null || true
  done
  put "$1/exit" <<<"$2"
  # Only what it says once more: on a full disk it stays as it was.
  (write_meta "${1##*/}") 2>/dev/null || true
  exit "$2"
}

# Upgrades take apt's daily lock, so holding that holds them off, and so does the inhibitor a shutdown by hand; both end with
# this process, whatever becomes of it. One that was at work before us may have planned a reboot meanwhile.
hold_upgrades() { # JOB
  exec 9>&-
  has_systemd || return 0
  call_off_reboot "a kernel is being built"
  # shellcheck disable=SC2016 # for the inner shell
  as_root systemd-inhibit --what=shutdown:sleep --who=snowglobe --why="A kernel is being built" --mode=block \
    flock -w 3600 "$root/var/lib/apt/daily_lock" \
    sh -c ': >"$1"; [ ! -e "$2" ] || shutdown -c; exec tail --pid="$0" -f /dev/null' \
    "$$" "$1/upgrades-held" "$root/run/systemd/shutdown/scheduled" || note "Upgrades could not be held off."
}

# AWS gives two minutes' notice in the instance's metadata (spot/instance-action, 404 where there is none).
interruption_notice() {
  local token
  token=$(curl -sf --connect-timeout 1 -m 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token") || return
  curl -sf --connect-timeout 1 -m 2 -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/spot/instance-action"
}

watch_for_interruption() { # JOB
  local notice
  exec 9>&-
  # It was asked for just now.
  while sleep 5; do if notice=$(interruption_notice); then break; fi; done
  put "$1/interrupted" <<<"$notice"
  note "AWS takes this machine back within two minutes."
}

cancel() {
  local id unit try
  first_line "$state/holder"
  id=$REPLY
  if ! is_locked || [ ! -d "$jobs/${id:-none}" ]; then
    statuses 1
    return
  fi
  : >"$jobs/$id/cancelled"
  in_job "$id" unit
  unit=$REPLY
  if [[ $unit == pid\ * ]]; then kill -TERM -- "-${unit#pid }" 2>/dev/null || true; else as_root systemctl stop "$unit"; fi
  for ((try = 0; try < 400; try++)); do
    if ! holds "$id" || ! is_locked; then break; fi
    # What does not end by itself within ten seconds is ended.
    if [ "$try" = 200 ] && [[ $unit == pid\ * ]]; then pkill -KILL -s "${unit#pid }" || true; fi
    sleep 0.05
  done
  [ -e "$jobs/$id/exit" ] || put "$jobs/$id/exit" <<<143
  status_line "$id"
}

case "${1:-} ${2:-}" in
  "start guest" | "start host") start "$2" ;;
  "status ") statuses 5 ;;
  "cancel ") cancel ;;
  "run "?*) run "$2" ;;
  *)
    echo "Say start guest, start host, status or cancel." >&2
    exit 2
    ;;
esac
