#!/usr/bin/env bash
# One kernel build a machine, that outlives whoever asked for it. Called over SSH by the cockpit and by Make.
#
#   job.sh start guest|host   starts the build (host: and its installation for a trial boot), prints its status line, exit 0.
#                             A build that already runs: its status line, exit 75. Nothing is waited for but the start.
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
#   reason      one sentence, where it failed or was refused: the text of `==> failed SENTENCE` in the log
#   cancelled, interrupted   exist where somebody cancelled it; where AWS or a shutdown took the machine
#   exit        the exit status, moved into place last: its existence is the end of the job
#
# A status line: meta.json's fields and "phase", "state", "ended" (seconds or null), "exit" (number or null), "total" (number
# or null), "bytes" (of the log), "log" (its path), "artefact" (path or ""), "unchanged" (boolean), "reason".
# state: running, succeeded, failed, cancelled, interrupted, or lost (no exit status and nobody at work: the machine went down).
#
# Lines of the log that are not the kernel's own (build.sh, install-host.sh):
#   ==> phase NAME      ==> inputs HASH version VERSION      ==> total N (expected CC lines)      ==> unchanged
#   ==> artefact PATH   ==> note SENTENCE                    ==> failed SENTENCE
# `==> note` is for people; `==> failed` is the last of a build that failed.
